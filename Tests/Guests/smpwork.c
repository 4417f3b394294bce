// Work that several processors share, over and over, until a byte of input comes. The result of each round is known in
// advance: what a machine that is paused, saved and restored in the midst of it must get right all the same.
#include "smp.h"

const char test_name[] = "smpwork";

enum { V_TIMER = 0x44, V_FLUSH = 0x43, V_GO = 0x42, ITEMS = 512, WORK = 60 };

static unsigned total;
static volatile uint64_t round_number, next_item, arrived, flushed, results[ITEMS], taken[MAX_CPUS], ticks[MAX_CPUS];
static volatile uint32_t lock;
static volatile uint64_t under_lock, last_time, backwards;
static uint8_t code[4096] __attribute__((aligned(4096)));
static uint64_t pages[2][512] __attribute__((aligned(4096)));

static void on_interrupt(struct frame *frame) {
    unsigned vector = (unsigned)frame->vector;
    if (vector < 32) end_on_exception(frame);
    unsigned cpu = cpu_id();
    if (vector == V_TIMER) ticks[cpu]++;
    if (vector == V_FLUSH && cpu != 0) {
        invlpg(TEST_AREA);
        atomic_add(&flushed, 1);
    }
    apic_end();
}

static uint64_t work(uint64_t item) {
    uint64_t sum = item + 1;
    for (uint64_t i = 0; i < WORK; i++) sum = (sum << 5 | sum >> 59) * 0x9e3779b97f4a7c15ull + i;
    uint64_t bits;
    // In a vector register, which nothing else here uses: a save has to bring it along.
    __asm__ volatile("cvtsi2sd %1, %%xmm5; sqrtsd %%xmm5, %%xmm5; addsd %%xmm5, %%xmm5; sqrtsd %%xmm5, %%xmm5"
                     "; movq %%xmm5, %0"
                     : "=r"(bits)
                     : "r"(item + 1));
    return sum ^ bits;
}

static uint64_t call_code(void) {
    uint64_t result;
    __asm__ volatile("call *%1" : "=a"(result) : "r"(code) : "memory", "cc");
    return result;
}

static void take_part(unsigned cpu, uint64_t round) {
    for (;;) {
        uint64_t item = __atomic_fetch_add(&next_item, 1, __ATOMIC_SEQ_CST);
        if (item >= ITEMS) break;
        taken[cpu]++;
        results[item] = work(item) + call_code() + *(volatile uint64_t *)TEST_AREA - 2 * round;
        while (exchange(&lock, 1)) {
            if (item & 1) relax();
        }
        under_lock++;
        uint64_t now = rdtsc();
        if (now < last_time) backwards++;
        last_time = now;
        lock = 0;
    }
    atomic_add(&arrived, 1);
}

static void timer_start(void) {
    apic_write(0x3e0, 0xb);
    apic_write(0x320, 0x20000 | V_TIMER);
    apic_write(0x380, 2000000);
}

static void floats_on(void) {
    write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT);
    write_cr0((read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP);
    uint32_t control = 0x1f80;
    __asm__ volatile("ldmxcsr %0" ::"m"(control));
}

void cpu_main(unsigned cpu) {
    floats_on();
    timer_start();
    uint64_t seen = 0;
    for (;;) {
        // Half of them halt until they are told, the others spin.
        while (round_number == seen) {
            if (cpu & 1) {
                cli();
                if (round_number == seen) halt();
            } else {
                sti();
                relax();
            }
        }
        sti();
        seen = round_number;
        take_part(cpu, seen);
    }
}

static uint64_t digest(void) {
    uint64_t sum = 0;
    for (unsigned i = 0; i < ITEMS; i++) sum = (sum << 7 | sum >> 57) * 0x9e3779b97f4a7c15ull + results[i];
    return sum;
}

void test_main(void) {
    floats_on();
    map_devices();
    trap_hook = on_interrupt;
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
    apic_enable();
    total = cpu_total();
    code[0] = 0x48, code[1] = 0xb8, code[10] = 0xc3; // movabs $0, %rax; ret
    map_test(0, (uint64_t)pages[0] | P | W);
    for (unsigned i = 0; i < ITEMS; i++) results[i] = work(i);
    uint64_t expected = digest();
    check_equal("all start", cpus_start(8, false, total), total);
    timer_start();
    print("go\n");
    uint64_t rounds = 0, wrong = 0;
    while (!(in8(0x3fd) & 1)) {
        uint64_t round = rounds + 1;
        // The others see a new page and new code in each round.
        pages[round & 1][0] = round;
        flushed = 0;
        test_pt[0] = (uint64_t)pages[round & 1] | P | W;
        invlpg(TEST_AREA);
        sti();
        ipi(0, ICR_OTHERS | V_FLUSH);
        while (flushed != total - 1) relax();
        *(volatile uint64_t *)(code + 2) = round;
        for (unsigned i = 0; i < ITEMS; i++) results[i] = 0;
        next_item = 0;
        arrived = 0;
        round_number = round;
        ipi(0, ICR_OTHERS | V_GO);
        take_part(0, round);
        while (arrived != total) relax();
        if (digest() != expected) wrong++;
        rounds = round;
    }
    cli();
    print("rounds ");
    print_hex(rounds);
    print("\n");
    check_equal("wrong rounds", wrong, 0);
    check_equal("under the lock", under_lock, rounds * ITEMS);
    check_equal("time never goes back", backwards, 0);
    uint64_t items = 0, idle = 0, timeless = 0;
    for (unsigned cpu = 0; cpu < total; cpu++) {
        items += taken[cpu];
        idle += taken[cpu] == 0;
        timeless += ticks[cpu] == 0;
    }
    check_equal("items", items, rounds * ITEMS);
    // A round is too short for many: those who come first have done it all before the others have their turn.
    if (total <= 4) check_equal("processors that took no part", idle, 0);
    check_equal("processors without ticks", timeless, 0);
    check("rounds", rounds > 0);
}
