// A long computation under timer interrupts, whose output does not depend on time: what a machine that is saved and
// restored again and again must print all the same. It waits for a byte of input before each of its ten parts.
#include "test.h"

const char test_name[] = "progress";

enum { V_TIMER = 0x40, STEPS = 60, PART = 6, ROUNDS = 600000 };

static volatile unsigned ticks;
static volatile bool backwards;
static volatile uint64_t last_time;

static volatile uint32_t *apic(unsigned offset) { return (volatile uint32_t *)(0xfee00000ull + offset); }

static void on_interrupt(struct frame *frame) {
    if (frame->vector != V_TIMER) {
        trap_hook = NULL;
        check("no exceptions", false);
        finish();
    }
    uint64_t now = rdtsc();
    if (now < last_time) backwards = true;
    last_time = now;
    ticks++;
    *apic(0xb0) = 0;
}

static uint64_t table[4096];

void test_main(void) {
    uint64_t control;
    __asm__ volatile("movq %%cr4, %0" : "=r"(control));
    __asm__ volatile("movq %0, %%cr4" ::"r"(control | 0x600)); // OSFXSR, OSXMMEXCPT
    write_cr0((read_cr0() & ~0xcull) | 2);
    map_devices();
    trap_hook = on_interrupt;
    wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0x800);
    *apic(0xf0) = 0x1ff;
    *apic(0x3e0) = 0xb;
    *apic(0x320) = 0x20000 | V_TIMER;
    *apic(0x380) = 400000;
    uint64_t sum = 1, vector = 0, one = 0x100000001ull;
    // The sum in a vector register and in the x87 unit: nothing else here uses those.
    __asm__ volatile("fninit; fldz; movq %0, %%xmm7; pxor %%xmm6, %%xmm6" ::"r"(one));
    __asm__ volatile("sti");
    for (unsigned step = 0; step < STEPS; step++) {
        if (step % PART == 0) {
            while (!(in8(0x3fd) & 1)) {}
            in8(0x3f8);
            print("go\n");
        }
        for (unsigned round = 0; round < ROUNDS; round++) {
            sum = (sum << 5 | sum >> 59) * 0x9e3779b97f4a7c15ull + round;
            table[sum >> 52] += sum;
        }
        __asm__ volatile("paddq %%xmm7, %%xmm6; movq %%xmm6, %0; fld1; faddp" : "=r"(vector));
        print("step ");
        print_hex(step);
        print(" sum ");
        print_hex(sum ^ vector ^ table[step]);
        print("\n");
    }
    __asm__ volatile("cli");
    uint64_t count = 0;
    __asm__ volatile("fistpll %0" : "=m"(count));
    check_equal("the x87 unit counted", count, STEPS);
    check_equal("the vector register counted", vector, STEPS * one);
    check("interrupts came", ticks > 10);
    check("time went on", !backwards);
}
