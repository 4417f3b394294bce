// What a machine that is moved from one accelerator to another, again and again, must do all the same: arithmetic, string
// instructions, interrupts and timers that are counted one by one, and registers that nobody touches. Its output does not
// depend on time. Integer instructions alone, so that it runs where KVM emulates ring 0; one processor or two.
#include "smp.h"

const char test_name[] = "move";

enum {
    V_PIT = 0x20, V_SELF = 0x50, V_TIMER = 0x51, V_STEP = 0x52,
    STEPS = 40, ROUNDS = 700, BYTES = 1024,
};

static volatile uint64_t counts[2][256], backwards, last_time[2], answered, other_sum;
static uint8_t from[2 * BYTES], to[2 * BYTES], text[64], read[16];

static void on_interrupt(struct frame *frame) {
    unsigned vector = (unsigned)frame->vector, cpu = cpu_id() & 1;
    if (vector < 32) end_on_exception(frame);
    counts[cpu][vector]++;
    uint64_t now = rdtsc();
    if (now < last_time[cpu]) backwards++;
    last_time[cpu] = now;
    if (vector == V_PIT)
        out8(0x20, 0x20);
    else
        apic_end();
}

// Halts until a vector's count is `count`.
static void await_count(unsigned cpu, unsigned vector, uint64_t count) {
    for (;;) {
        cli();
        if (counts[cpu][vector] >= count) break;
        halt();
    }
    sti();
}

static uint64_t arithmetic(uint64_t sum) {
    for (unsigned round = 0; round < ROUNDS; round++) {
        sum = (sum << 5 | sum >> 59) * 0x9e3779b97f4a7c15ull + round;
        uint64_t carry = 0, low = sum;
        __asm__("addq %1, %0\n\tadcq $0, %1\n\tsbbq %1, %0\n\trclq $3, %1" : "+r"(low), "+r"(carry)::"cc");
        sum += low >> 9 ^ carry << 40;
    }
    return sum;
}

static void copy(void *target, const void *source, uint64_t count) {
    __asm__ volatile("rep; movsb" : "+D"(target), "+S"(source), "+c"(count)::"memory");
}

static void fill(void *target, uint64_t value, uint64_t words) {
    __asm__ volatile("rep; stosq" : "+D"(target), "+c"(words) : "a"(value) : "memory");
}

static void input(void *target, uint16_t port, uint64_t count) {
    __asm__ volatile("rep; insb" : "+D"(target), "+c"(count) : "d"(port) : "memory");
}

static void output(const void *source, uint16_t port, uint64_t count) {
    __asm__ volatile("rep; outsb" : "+S"(source), "+c"(count) : "d"(port) : "memory");
}

static uint64_t strings(uint64_t sum) {
    fill(from, sum, BYTES / 8);
    for (unsigned index = 0; index < BYTES; index += 61) from[index] ^= (uint8_t)(sum >> (index & 31));
    copy(to, from, BYTES);
    copy(to + 3, to, BYTES); // overlapping: a pattern of three bytes
    copy(from + 7, to + 5, BYTES - 9);
    // The signature of fw_cfg, byte by byte from where the last read has left off.
    __asm__ volatile("outw %w0, %w1" ::"a"(0), "d"(0x510));
    input(read, 0x511, 4);
    for (unsigned index = 0; index < 4; index++) sum = sum * 31 + read[index];
    for (unsigned index = 0; index < BYTES; index += 3) sum = (sum << 7 | sum >> 57) + from[index] + to[index];
    return sum;
}

static void say(uint64_t step, uint64_t sum) {
    static const char digits[] = "0123456789abcdef";
    for (unsigned index = 0; index < 16; index++) text[index] = (uint8_t)digits[sum >> (60 - 4 * index) & 15];
    text[16] = ' ', text[17] = (uint8_t)digits[step >> 4], text[18] = (uint8_t)digits[step & 15], text[19] = '\n';
    output(text, 0x3f8, 20);
}

// ---- Registers that nobody touches ----------------------------------------------------------------------------------

static const uint32_t kept[] = {0x174, 0x175, 0x176, 0x200, 0x201, 0x277, MSR_STAR, MSR_LSTAR, 0xc0000083, MSR_FMASK,
                                MSR_FS_BASE, MSR_KERNEL_GS_BASE};
static const uint64_t values[] = {0x18, 0x123456789000, 0x2345678a000, 0x40000006, 0xff8000800, 0x0007040600070406,
                                  0x0023001000000000, 0x3456789b000, 0x456789c000, 0x47700,
                                  0x56789d000, 0x6789e000};
static uint8_t vectors[16][16], found[16][16];

static void registers_set(void) {
    write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
    write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP);
    for (unsigned index = 0; index < 12; index++) wrmsr(kept[index], values[index]);
    for (unsigned index = 0; index < 256; index++) vectors[index / 16][index % 16] = (uint8_t)(index * 7 + 1);
#define LOAD(n) __asm__ volatile("movups %0, %%xmm" #n ::"m"(vectors[n]))
    LOAD(0); LOAD(1); LOAD(2); LOAD(3); LOAD(4); LOAD(5); LOAD(6); LOAD(7);
    LOAD(8); LOAD(9); LOAD(10); LOAD(11); LOAD(12); LOAD(13); LOAD(14); LOAD(15);
    __asm__ volatile("movq %0, %%dr0; movq %1, %%dr3" ::"r"(0x1111ull), "r"(0x3333ull));
}

static void registers_check(void) {
    for (unsigned index = 0; index < 12; index++)
        check_equal("a model-specific register", rdmsr(kept[index]), values[index]);
#define STORE(n) __asm__ volatile("movups %%xmm" #n ", %0" : "=m"(found[n]))
    STORE(0); STORE(1); STORE(2); STORE(3); STORE(4); STORE(5); STORE(6); STORE(7);
    STORE(8); STORE(9); STORE(10); STORE(11); STORE(12); STORE(13); STORE(14); STORE(15);
    unsigned wrong = 0;
    for (unsigned index = 0; index < 256; index++) wrong += vectors[index / 16][index % 16] != found[index / 16][index % 16];
    check_equal("bytes of vector registers", wrong, 0);
    uint64_t low, high;
    __asm__ volatile("movq %%dr0, %0; movq %%dr3, %1" : "=r"(low), "=r"(high));
    check_equal("DR0", low, 0x1111);
    check_equal("DR3", high, 0x3333);
}

// ---- Timers ---------------------------------------------------------------------------------------------------------

static void timers_set(void) {
    apic_write(0x350, 0x700); // LINT0: from the 8259
    out8(0x20, 0x11), out8(0x21, V_PIT), out8(0x21, 4), out8(0x21, 1), out8(0x21, 0xfe);
    out8(0xa0, 0x11), out8(0xa1, V_PIT + 8), out8(0xa1, 2), out8(0xa1, 1), out8(0xa1, 0xff);
    apic_write(0x3e0, 0xb);
}

static void timer_once(void) {
    apic_write(0x320, V_TIMER);
    apic_write(0x380, 150000);
}

static void pit_once(void) {
    out8(0x43, 0x30); // channel 0, both bytes, mode 0
    out8(0x40, 200), out8(0x40, 0);
}

void cpu_main(unsigned cpu) {
    uint64_t sum = cpu;
    apic_write(0x3e0, 0xb);
    for (uint64_t step = 1; step <= STEPS; step++) {
        await_count(1, V_STEP, step);
        sum = arithmetic(sum + step);
        timer_once();
        await_count(1, V_TIMER, step);
        other_sum = sum;
        __atomic_store_n(&answered, step, __ATOMIC_SEQ_CST);
    }
    for (;;) {
        cli();
        __asm__ volatile("hlt");
    }
}

void test_main(void) {
    map_devices();
    trap_hook = on_interrupt;
    apic_enable();
    registers_set();
    timers_set();
    unsigned total = cpu_total();
    if (total > 1) check_equal("all start", cpus_start(8, false, total), total);
    sti();
    print("go\n");
    uint64_t sum = 1;
    for (uint64_t step = 1; step <= STEPS; step++) {
        if (total > 1) ipi(1, V_STEP);
        timer_once();
        sum = arithmetic(sum);
        ipi(0, ICR_SELF | V_SELF);
        sum = strings(sum);
        await_count(0, V_SELF, step);
        await_count(0, V_TIMER, step);
        pit_once();
        sum = strings(arithmetic(sum));
        await_count(0, V_PIT, step);
        if (total > 1) {
            while (answered != step) relax();
            sum += other_sum;
        }
        say(step, sum);
    }
    cli();
    registers_check();
    check_equal("interrupts of its own", counts[0][V_SELF], STEPS);
    check_equal("interrupts of the APIC's timer", counts[0][V_TIMER], STEPS);
    check_equal("interrupts of the PIT", counts[0][V_PIT], STEPS);
    check_equal("interrupts of the other's timer", counts[1][V_TIMER], total > 1 ? STEPS : 0);
    check_equal("interrupts of the other's steps", counts[1][V_STEP], total > 1 ? STEPS : 0);
    // Not everywhere can the counter be set.
    if (option("clock")) check_equal("time never goes back", backwards, 0);
}
