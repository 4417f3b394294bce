// Interrupts: PIC and PIT, local APIC (timer, IPIs, priorities), I/O APIC, the shadow of STI, HLT.
// Intel SDM volume 3, chapters 6 and 10; the data sheets of the 8259A, 8254, 82093AA, 16550 and MC146818.
#include "test.h"

const char test_name[] = "interrupts";

enum { V_PIC = 0x20, V_TIMER = 0x40, V_PIT = 0x60, V_UART = 0x64, V_SPURIOUS = 0xff };

// ---- Bookkeeping ---------------------------------------------------------------------------------------------------

static volatile unsigned counts[256];
static volatile uint8_t order[64];
static volatile unsigned ordered;
static volatile uint64_t last_rip;
static volatile bool hold_eoi;
static void (*volatile action)(unsigned vector);

static volatile uint32_t *apic(unsigned offset) { return (volatile uint32_t *)(0xfee00000ull + offset); }

static void on_interrupt(struct frame *frame) {
    unsigned vector = (unsigned)frame->vector;
    if (vector < 32 && vector != NMI) { // a real exception
        trap_hook = NULL;
        print("  exception in an interrupt test: vector ");
        print_hex(vector);
        print(" error ");
        print_hex(frame->error);
        print(" rip ");
        print_hex(frame->rip);
        print("\n");
        check("no exceptions", false);
        finish();
    }
    counts[vector]++;
    if (ordered < 64) order[ordered] = (uint8_t)vector;
    ordered++;
    last_rip = frame->rip;
    if (action) action(vector);
    if (hold_eoi || vector == NMI || vector == V_SPURIOUS) return;
    if (vector >= V_PIC && vector < V_PIC + 16) {
        if (vector >= V_PIC + 8) out8(0xa0, 0x20);
        out8(0x20, 0x20);
    } else {
        *apic(0xb0) = 0;
    }
}

static void clear(void) {
    for (unsigned i = 0; i < 256; i++) counts[i] = 0;
    ordered = 0;
    action = NULL;
}

static inline void sti(void) { __asm__ volatile("sti; nop" ::: "memory"); }
static inline void cli(void) { __asm__ volatile("cli" ::: "memory"); }

static uint64_t tsc_per_tick = 20000000; // of a 10 ms tick; measured in `pit`

// Waits with interrupts on until `vector` came `n` times; gives up after some seconds.
static void wait(unsigned vector, unsigned n) {
    uint64_t start = rdtsc();
    sti();
    while (counts[vector] < n && rdtsc() - start < tsc_per_tick * 300) __asm__ volatile("pause");
    cli();
}

static void spin(uint64_t ticks) { // of 10 ms
    uint64_t start = rdtsc();
    while (rdtsc() - start < tsc_per_tick * ticks) __asm__ volatile("pause");
}

// Lets whatever is pending come.
static void settle(void) {
    sti();
    for (unsigned i = 0; i < 100; i++) __asm__ volatile("pause");
    cli();
}

// ---- PIC and PIT ---------------------------------------------------------------------------------------------------

static void pic_start(uint8_t mask0, uint8_t mask1) {
    out8(0x20, 0x11), out8(0xa0, 0x11);
    out8(0x21, V_PIC), out8(0xa1, V_PIC + 8);
    out8(0x21, 4), out8(0xa1, 2);
    out8(0x21, 1), out8(0xa1, 1);
    out8(0x21, mask0), out8(0xa1, mask1);
}

static void pit_start(unsigned mode, unsigned count) {
    out8(0x43, (uint8_t)(0x30 | mode << 1));
    out8(0x40, (uint8_t)count), out8(0x40, (uint8_t)(count >> 8));
}

static unsigned pit_count(void) {
    out8(0x43, 0);
    unsigned low = in8(0x40);
    return low | in8(0x40) << 8;
}

static uint8_t pic_irr(void) {
    out8(0x20, 0x0a);
    return in8(0x20);
}

static uint8_t pic_isr(void) {
    out8(0x20, 0x0b);
    return in8(0x20);
}

// Waits until the PIT's request is there, with interrupts off. A busy host may be late with it.
static void await_request(void) {
    uint64_t start = rdtsc();
    while (!(pic_irr() & 1) && rdtsc() - start < tsc_per_tick * 300) __asm__ volatile("pause");
}

static volatile unsigned seen;
static void see_pic_isr(unsigned vector) {
    (void)vector;
    seen = pic_isr();
}

#define TICK 11932 // 10 ms of the PIT's 1.193182 MHz

static void pit(void) {
    clear();
    pic_start(0xfe, 0xff);
    check_equal("PIC: the mask reads back", in8(0x21), 0xfe);
    check_equal("PIC: the second mask reads back", in8(0xa1), 0xff);
    pit_start(2, TICK);
    tsc_per_tick = 1ull << 30;
    wait(V_PIC, 1);
    uint64_t start = rdtsc();
    wait(V_PIC, 11);
    check("PIT: periodic interrupts arrive", counts[V_PIC] >= 11);
    tsc_per_tick = (rdtsc() - start) / 10;
    if (!tsc_per_tick) tsc_per_tick = 1;

    out8(0x21, 0xff);
    settle();
    clear();
    sti();
    spin(3);
    cli();
    await_request();
    check_equal("PIC: a masked line is quiet", counts[V_PIC], 0);
    check_equal("PIC: the masked request is in IRR", pic_irr() & 1, 1);
    out8(0x21, 0xfe);
    wait(V_PIC, 1);
    check("PIC: unmasking delivers it", counts[V_PIC] >= 1);

    // In service until the EOI; nothing of the same or a lower level comes before it.
    clear();
    action = see_pic_isr;
    hold_eoi = true;
    wait(V_PIC, 1);
    check_equal("PIC: ISR in the handler", seen & 1, 1);
    sti();
    spin(4);
    cli();
    check_equal("PIC: no second interrupt before the EOI", counts[V_PIC], 1);
    hold_eoi = false;
    out8(0x20, 0x60); // specific EOI
    check_equal("PIC: the specific EOI ends service", pic_isr() & 1, 0);
    wait(V_PIC, 2);
    check("PIC: after the EOI", counts[V_PIC] >= 2);

    // The shadow of STI, with a request that is already waiting.
    extern const uint8_t shadow_sti[], shadow_popf[], shadow_hlt[];
    await_request();
    clear();
    __asm__ volatile("sti\n\tnop\nshadow_sti: nop\n\tnop\n\tcli" ::: "memory");
    check_equal("STI: the request came", counts[V_PIC], 1);
    check_equal("STI: one instruction runs first", last_rip, (uint64_t)shadow_sti);
    await_request();
    clear();
    __asm__ volatile("sti\n\tcli\n\tnop" ::: "memory");
    check_equal("STI, CLI: nothing gets through", counts[V_PIC], 0);
    __asm__ volatile("pushfq; orq $0x200, (%%rsp); popfq\nshadow_popf: nop\n\tcli" ::: "memory", "cc");
    check_equal("POPF: the request came", counts[V_PIC], 1);
    check_equal("POPF: at once", last_rip, (uint64_t)shadow_popf);
    // STI with IF set already has no shadow to speak of; HLT waits and goes on behind itself.
    settle();
    clear();
    __asm__ volatile("sti\n\thlt\nshadow_hlt: cli" ::: "memory");
    check_equal("HLT: woken", counts[V_PIC], 1);
    check_equal("HLT: returns behind it", last_rip, (uint64_t)shadow_hlt);
    await_request();
    clear();
    __asm__ volatile("sti\n\thlt\n\tcli" ::: "memory");
    check_equal("STI, HLT: a waiting request wakes it", counts[V_PIC], 1);

    // Counts down between interrupts.
    unsigned a = pit_count(), b = pit_count();
    unsigned different = a != b;
    for (unsigned i = 0; i < 1000; i++) different += pit_count() != a;
    check("PIT: the counter moves", different > 0);
    check("PIT: the counter stays below its reload value", a <= TICK && b <= TICK);

    // Mode 0: one interrupt.
    out8(0x21, 0xff);
    settle();
    pit_start(0, TICK);
    spin(3); // whatever the change of modes did to the line is past
    out8(0x43, 0xe2); // read back the status of channel 0
    check_equal("PIT: status says mode 0, both bytes, binary", in8(0x40) & 0x3f, 0x30);
    pic_start(0xfe, 0xff);
    settle();
    clear();
    pit_start(0, TICK);
    wait(V_PIC, 1);
    sti();
    spin(4);
    cli();
    check_equal("PIT: mode 0 interrupts once", counts[V_PIC], 1);
    out8(0x43, 0xe2);
    check_equal("PIT: the output is high after the count", in8(0x40) & 0x80, 0x80);

    // Channel 2 behind port 0x61.
    out8(0x61, (in8(0x61) & ~3) | 1);
    out8(0x43, 0xb0);
    out8(0x42, (uint8_t)TICK), out8(0x42, TICK >> 8);
    check_equal("PIT: channel 2's output is low at first", in8(0x61) & 0x20, 0);
    start = rdtsc();
    while (!(in8(0x61) & 0x20) && rdtsc() - start < tsc_per_tick * 1000) {}
    uint64_t took = rdtsc() - start;
    check_equal("PIT: channel 2's output rises", in8(0x61) & 0x20, 0x20);
    // No upper bound: a busy host may not have run us for a while.
    check("PIT: channel 2 took about 10 ms", took > tsc_per_tick / 2);
    out8(0x21, 0xff);
}

static uint8_t cmos(uint8_t index) {
    out8(0x70, index);
    return in8(0x71);
}

static void cmos_write(uint8_t index, uint8_t value) {
    out8(0x70, index);
    out8(0x71, value);
}

static void read_rtc(unsigned vector) {
    if (vector == V_PIC + 8) seen = cmos(0x0c);
}

static void rtc(void) {
    clear();
    pic_start(0xfb, 0xfe);
    action = read_rtc;
    cmos(0x0c);
    cmos_write(0x0a, 0x26); // 1024 Hz
    cmos_write(0x0b, (cmos(0x0b) & ~0x30) | 0x40);
    wait(V_PIC + 8, 5);
    check("RTC: periodic interrupts through both PICs", counts[V_PIC + 8] >= 5);
    check_equal("RTC: register C says periodic", seen & 0xc0, 0xc0);
    cmos_write(0x0b, cmos(0x0b) & ~0x40);
    cmos(0x0c);
    settle();
    clear();
    sti();
    spin(2);
    cli();
    check_equal("RTC: quiet when off", counts[V_PIC + 8], 0);
    pic_start(0xff, 0xff);
}

// ---- Local APIC ----------------------------------------------------------------------------------------------------

static uint32_t apic_id;

static void apic_start(void) {
    wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0x800);
    *apic(0xf0) = 0x100 | V_SPURIOUS;
    *apic(0x350) = 0x700;     // LINT0: the PICs
    *apic(0x360) = 0x400;     // LINT1: NMI
    *apic(0x320) = 0x10000;   // timer: masked
    *apic(0x80) = 0;
    apic_id = *apic(0x20) >> 24;
}

static void ipi(unsigned vector) { *apic(0x300) = 0x40000 | vector; } // to itself

static unsigned bit_of(unsigned base, unsigned vector) { return *apic(base + (vector >> 5) * 16) >> (vector & 31) & 1; }

static volatile unsigned isr_bit, irr_bit;
static void see_bits(unsigned vector) {
    isr_bit = bit_of(0x100, vector);
    irr_bit = bit_of(0x200, vector);
}

static volatile unsigned depth_seen;
static void nest(unsigned vector) {
    if (vector != 0x71) return;
    ipi(0x52);
    ipi(0x78);
    ipi(0x95);
    seen = *apic(0xa0); // PPR
    sti();
    for (unsigned i = 0; i < 100; i++) __asm__ volatile("pause");
    cli();
    depth_seen = ordered;
}

static void ipis(void) {
    check("LAPIC: version", (*apic(0x30) & 0xff) >= 0x10 && (*apic(0x30) >> 16 & 0xff) >= 3);
    check_equal("LAPIC: CPUID tells the same id", cpuid(1, 0).b >> 24, apic_id);
    clear();
    ipi(0x51);
    check_equal("IPI: in IRR while IF is clear", bit_of(0x200, 0x51), 1);
    check_equal("IPI: not delivered while IF is clear", counts[0x51], 0);
    action = see_bits;
    settle();
    check_equal("IPI: delivered", counts[0x51], 1);
    check_equal("IPI: in ISR in the handler", isr_bit, 1);
    check_equal("IPI: not in IRR in the handler", irr_bit, 0);
    check_equal("IPI: ISR is clear after the EOI", bit_of(0x100, 0x51), 0);
    clear();
    ipi(0x51);
    ipi(0x51);
    settle();
    check_equal("IPI: two requests of one vector merge", counts[0x51], 1);

    clear();
    *apic(0x310) = apic_id << 24;
    *apic(0x300) = 0x53;
    settle();
    check_equal("IPI: physical destination", counts[0x53], 1);
    *apic(0xe0) = 0xffffffff;
    *apic(0xd0) = 1 << 24;
    *apic(0x310) = 1 << 24;
    *apic(0x300) = 0x800 | 0x54;
    settle();
    check_equal("IPI: logical destination", counts[0x54], 1);
    *apic(0x310) = 2 << 24;
    *apic(0x300) = 0x800 | 0x54;
    settle();
    check_equal("IPI: another logical destination", counts[0x54], 1);
    *apic(0x300) = 0x80000 | 0x55;
    settle();
    check_equal("IPI: all including self", counts[0x55], 1);
    *apic(0x300) = 0xc0000 | 0x56;
    settle();
    check_equal("IPI: all but self", counts[0x56], 0);
    check_equal("IPI: delivery status is idle", *apic(0x300) & 0x1000, 0);

    clear();
    ipi(0x51), ipi(0x91), ipi(0x71), ipi(0x92);
    settle();
    check_equal("priority: all came", ordered, 4);
    check_equal("priority: highest first", (uint32_t)order[0] << 24 | order[1] << 16 | order[2] << 8 | order[3], 0x92917151);

    clear();
    action = nest;
    ipi(0x71);
    settle();
    check_equal("nesting: all came", ordered, 4);
    check_equal("nesting: PPR in the handler", seen, 0x70);
    check_equal("nesting: only the higher class interrupts", depth_seen, 2);
    check_equal("nesting: order", (uint32_t)order[0] << 24 | order[1] << 16 | order[2] << 8 | order[3], 0x71957852);

    clear();
    *apic(0x80) = 0x80;
    ipi(0x75);
    settle();
    check_equal("TPR: a lower class waits", counts[0x75], 0);
    check_equal("TPR: PPR follows it", *apic(0xa0), 0x80);
    ipi(0x91);
    settle();
    check_equal("TPR: a higher class comes", counts[0x91], 1);
    *apic(0x80) = 0x70;
    settle();
    check_equal("TPR: the same class waits", counts[0x75], 0);
    *apic(0x80) = 0x60;
    settle();
    check_equal("TPR: lowered", counts[0x75], 1);
    uint64_t cr8;
    *apic(0x80) = 0xa5;
    __asm__ volatile("movq %%cr8, %0" : "=r"(cr8));
    check_equal("CR8 is the TPR's class", cr8, 0xa);
    __asm__ volatile("movq %0, %%cr8" ::"r"(7ull));
    check_equal("TPR is CR8's class", *apic(0x80), 0x70);
    ipi(0x76);
    settle();
    check_equal("CR8: the same class waits", counts[0x76], 0);
    __asm__ volatile("sti\n\tmovq %0, %%cr8\n\tnop\n\tcli" ::"r"(0ull));
    check_equal("CR8: lowered, with IF set", counts[0x76], 1);

    clear();
    sti();
    ipi(0x57);
    for (unsigned i = 0; i < 100; i++) __asm__ volatile("pause");
    cli();
    check_equal("IPI: with IF set", counts[0x57], 1);

    // NMI: IF does not matter, and there is no second one before IRET.
    clear();
    *apic(0x310) = apic_id << 24;
    *apic(0x300) = 0x400;
    for (unsigned i = 0; i < 100; i++) __asm__ volatile("pause");
    check_equal("NMI: with IF clear", counts[NMI], 1);
}

static volatile unsigned nmi_depth, nmi_most;
static void nest_nmi(unsigned vector) {
    if (vector != NMI) return;
    nmi_depth++;
    if (nmi_depth > nmi_most) nmi_most = nmi_depth;
    if (counts[NMI] == 1) {
        *apic(0x300) = 0x400;
        for (unsigned i = 0; i < 100; i++) __asm__ volatile("pause");
    }
    nmi_depth--;
}

static void nmis(void) {
    clear();
    action = nest_nmi;
    *apic(0x310) = apic_id << 24;
    *apic(0x300) = 0x400;
    for (unsigned i = 0; i < 1000; i++) __asm__ volatile("pause");
    check_equal("NMI: the second one comes", counts[NMI], 2);
    check_equal("NMI: after the IRET of the first", nmi_most, 1);
}

static void timers(void) {
    clear();
    *apic(0x3e0) = 0xb; // divide by 1
    *apic(0x320) = V_TIMER;
    *apic(0x380) = 1000000;
    wait(V_TIMER, 1);
    sti();
    spin(3);
    cli();
    check_equal("timer: one shot", counts[V_TIMER], 1);
    check_equal("timer: the count stays 0", *apic(0x390), 0);
    check_equal("timer: the initial count reads back", *apic(0x380), 1000000);

    clear();
    *apic(0x320) = 0x10000 | V_TIMER;
    *apic(0x380) = 1000000;
    sti();
    spin(3);
    cli();
    check_equal("timer: masked", counts[V_TIMER], 0);

    *apic(0x320) = 0x20000 | V_TIMER;
    *apic(0x380) = 1000000;
    wait(V_TIMER, 5);
    check("timer: periodic", counts[V_TIMER] >= 5);
    *apic(0x380) = 0;
    settle();
    clear();
    sti();
    spin(3);
    cli();
    check_equal("timer: an initial count of 0 stops it", counts[V_TIMER], 0);

    *apic(0x320) = 0x10000 | V_TIMER;
    uint64_t speeds[2];
    for (unsigned i = 0; i < 2; i++) {
        *apic(0x3e0) = i ? 0x3 : 0xb; // 16, 1
        *apic(0x380) = 0xffffffff;
        uint64_t start = rdtsc();
        uint32_t first = *apic(0x390);
        spin(2);
        uint32_t second = *apic(0x390);
        speeds[i] = (uint64_t)(first - second) * 1000000 / (rdtsc() - start + 1);
        check("timer: counts down", second < first);
    }
    check("timer: divided by 16", speeds[1] > 0 && speeds[0] / speeds[1] >= 8 && speeds[0] / speeds[1] <= 32);
    *apic(0x380) = 0;

    // HLT until the timer.
    clear();
    *apic(0x3e0) = 0xb;
    *apic(0x320) = V_TIMER;
    *apic(0x380) = 2000000;
    __asm__ volatile("sti\n\thlt\n\tcli" ::: "memory");
    check_equal("timer: wakes HLT", counts[V_TIMER], 1);

    // A long string instruction is interrupted and goes on.
    static uint8_t area[1 << 20];
    clear();
    *apic(0x320) = 0x20000 | V_TIMER;
    *apic(0x380) = 200000;
    unsigned bad = 0;
    sti();
    for (unsigned round = 0; round < 60 || (counts[V_TIMER] < 3 && round < 5000); round++) {
        uint8_t value = (uint8_t)round;
        memset(area, value, sizeof area);
        if (area[0] != value || area[sizeof area - 1] != value || area[sizeof area / 2] != value) bad++;
    }
    cli();
    *apic(0x380) = 0;
    settle();
    check_equal("rep stos under interrupts", bad, 0);
    check("rep stos: interrupts came", counts[V_TIMER] > 0);
    *apic(0x320) = 0x10000;

    if (!has_leaf1_c(24)) {
        skip("TSC deadline");
        return;
    }
    clear();
    *apic(0x320) = 0x40000 | V_TIMER;
    __asm__ volatile("mfence");
    uint64_t deadline = rdtsc() + tsc_per_tick;
    wrmsr(0x6e0, deadline);
    check_equal("TSC deadline: reads back", rdmsr(0x6e0), deadline);
    uint64_t start = rdtsc();
    sti();
    while (!counts[V_TIMER] && rdtsc() - start < tsc_per_tick * 300) __asm__ volatile("pause");
    check("TSC deadline: not before it", rdtsc() >= deadline);
    spin(2);
    cli();
    check_equal("TSC deadline: fires once", counts[V_TIMER], 1);
    check_equal("TSC deadline: reads 0 afterwards", rdmsr(0x6e0), 0);
    wrmsr(0x6e0, 1);
    wait(V_TIMER, 2);
    check_equal("TSC deadline: one in the past fires at once", counts[V_TIMER], 2);
    wrmsr(0x6e0, rdtsc() + tsc_per_tick);
    wrmsr(0x6e0, 0);
    sti();
    spin(3);
    cli();
    check_equal("TSC deadline: 0 disarms it", counts[V_TIMER], 2);
    wrmsr(0x6e0, rdtsc() + tsc_per_tick);
    __asm__ volatile("sti\n\thlt\n\tcli" ::: "memory");
    check_equal("TSC deadline: wakes HLT", counts[V_TIMER], 3);
    *apic(0x320) = 0x10000;
}

// ---- I/O APIC ------------------------------------------------------------------------------------------------------

static uint32_t ioapic(unsigned index) {
    *(volatile uint32_t *)0xfec00000 = index;
    return *(volatile uint32_t *)0xfec00010;
}

static void ioapic_write(unsigned index, uint32_t value) {
    *(volatile uint32_t *)0xfec00000 = index;
    *(volatile uint32_t *)0xfec00010 = value;
}

static void route(unsigned pin, uint32_t low) {
    ioapic_write(0x11 + pin * 2, apic_id << 24);
    ioapic_write(0x10 + pin * 2, low);
}

static volatile unsigned uart_iir;
static void serve_uart(unsigned vector) {
    if (vector == V_UART) uart_iir = in8(0x3fa);
}
static void serve_uart_late(unsigned vector) {
    if (vector == V_UART && counts[V_UART] == 3) uart_iir = in8(0x3fa);
}

static void ioapics(void) {
    pic_start(0xff, 0xff);
    *apic(0x350) = 0x10000;
    check("IOAPIC: version", (ioapic(1) & 0xff) >= 0x11);
    check_equal("IOAPIC: 24 pins", ioapic(1) >> 16 & 0xff, 23);
    for (unsigned pin = 0; pin < 24; pin++) route(pin, 0x10000);
    check_equal("IOAPIC: an entry reads back", ioapic(0x10) & 0x1ffff, 0x10000);
    check_equal("IOAPIC: a destination reads back", ioapic(0x11) >> 24, apic_id);

    clear();
    pit_start(2, TICK);
    route(2, V_PIT);
    wait(V_PIT, 3);
    check("IOAPIC: the PIT on pin 2", counts[V_PIT] >= 3);
    route(2, 0x10000 | V_PIT);
    settle();
    clear();
    sti();
    spin(3);
    cli();
    check_equal("IOAPIC: masked", counts[V_PIT], 0);
    route(2, V_PIT + 1);
    wait(V_PIT + 1, 1);
    check("IOAPIC: another vector", counts[V_PIT + 1] >= 1);
    route(2, 0x10000);
    settle();
    // Logical destination.
    clear();
    ioapic_write(0x11 + 4, 1 << 24);
    ioapic_write(0x10 + 4, 0x800 | V_PIT);
    wait(V_PIT, 1);
    check("IOAPIC: logical destination", counts[V_PIT] >= 1);
    route(2, 0x10000);
    settle();

    // The UART's transmitter interrupt on pin 4, edge; after all that was printed has gone.
    while (!(in8(0x3fd) & 0x40)) __asm__ volatile("pause");
    in8(0x3fa);
    clear();
    action = serve_uart;
    route(4, V_UART);
    out8(0x3fc, 0x0b); // DTR, RTS, OUT2
    out8(0x3f9, 0x02); // transmitter empty
    wait(V_UART, 1);
    check_equal("UART: transmitter interrupt", counts[V_UART], 1);
    check_equal("UART: IIR says transmitter empty", uart_iir & 0xf, 0x2);
    check_equal("UART: reading IIR withdraws it", in8(0x3fa) & 0xf, 0x1);
    // The same, level-triggered: it comes again until the cause is gone.
    out8(0x3f9, 0);
    route(4, 0x8000 | V_UART);
    settle();
    clear();
    action = serve_uart_late;
    out8(0x3f9, 0x02);
    wait(V_UART, 3);
    settle();
    check_equal("IOAPIC: a level interrupt repeats until served", counts[V_UART], 3);
    check_equal("IOAPIC: remote IRR is clear after the EOI", ioapic(0x10 + 8) & 0x4000, 0);
    out8(0x3f9, 0);
    route(4, 0x10000);
    settle();
    *apic(0x350) = 0x700;
}

// ---- Ring 3 --------------------------------------------------------------------------------------------------------

static uint8_t user_code[4096] __attribute__((aligned(4096)));
static uint8_t user_stack[4096] __attribute__((aligned(4096)));

static void ring3(void) {
    user_code[0] = 0xeb, user_code[1] = 0xfe; // jmp to itself
    map_test(0, (uint64_t)user_code | P | U);
    map_test(1, (uint64_t)user_stack | P | U | W);
    trap_hook = NULL;
    trap_clear();
    ipi(0x51);
    run_user(TEST_AREA, TEST_AREA + 0x2000, 0, 0x202);
    check_equal("ring 3: interrupted", trap.frame.vector, 0x51);
    check_equal("ring 3: at its instruction", trap.frame.rip, TEST_AREA);
    check_equal("ring 3: cs", trap.frame.cs, USER_CS);
    check_equal("ring 3: the stack is the TSS's", trap.address, (tss[1] | (uint64_t)tss[2] << 32) - 22 * 8);
    *apic(0xb0) = 0;
    trap_clear();
    *apic(0x3e0) = 0xb;
    *apic(0x320) = V_TIMER;
    *apic(0x380) = 1000000;
    run_user(TEST_AREA, TEST_AREA + 0x2000, 0, 0x202);
    check_equal("ring 3: a loop is interrupted by the timer", trap.frame.vector, V_TIMER);
    *apic(0xb0) = 0;
    *apic(0x320) = 0x10000;
    trap_hook = on_interrupt;
}

static void x2apic(void) {
    if (!has_leaf1_c(21)) {
        skip("x2APIC");
        return;
    }
    wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0xc00);
    check_equal("x2APIC: id", rdmsr(0x802), apic_id);
    check_equal("x2APIC: CPUID leaf 0xb agrees", cpuid(0, 0).a >= 0xb ? cpuid(0xb, 0).d : apic_id, apic_id);
    clear();
    action = NULL;
    hold_eoi = true;
    wrmsr(0x83f, 0x51);
    check_equal("x2APIC: IRR", rdmsr(0x820 + (0x51 >> 5)) >> (0x51 & 31) & 1, 1);
    settle();
    check_equal("x2APIC: self IPI", counts[0x51], 1);
    check_equal("x2APIC: ISR", rdmsr(0x810 + (0x51 >> 5)) >> (0x51 & 31) & 1, 1);
    wrmsr(0x80b, 0);
    check_equal("x2APIC: EOI", rdmsr(0x810 + (0x51 >> 5)) >> (0x51 & 31) & 1, 0);
    wrmsr(0x830, (uint64_t)apic_id << 32 | 0x52);
    settle();
    check_equal("x2APIC: 64-bit ICR", counts[0x52], 1);
    wrmsr(0x80b, 0);
    wrmsr(0x808, 0x60);
    uint64_t cr8;
    __asm__ volatile("movq %%cr8, %0" : "=r"(cr8));
    check_equal("x2APIC: TPR and CR8", cr8, 6);
    wrmsr(0x808, 0);
    trap_hook = NULL;
    TRAP("wrmsr", : : "c"(0x80b), "a"(1), "d"(0));
    expect_fault("x2APIC: EOI of anything but 0", GP, 0);
    TRAP("wrmsr", : : "c"(0x802), "a"(1), "d"(0));
    expect_fault("x2APIC: the id is read-only", GP, 0);
    TRAP("rdmsr", : : "c"(0x80e) : "rax", "rdx");
    expect_fault("x2APIC: no DFR", GP, 0);
    TRAP("wrmsr", : : "c"(MSR_APIC_BASE), "a"((uint32_t)(rdmsr(MSR_APIC_BASE) & ~0x400ull)), "d"(0));
    expect_fault("x2APIC: not back to xAPIC at once", GP, 0);
    trap_hook = on_interrupt;
    hold_eoi = false;
}

void test_main(void) {
    map_devices();
    trap_hook = on_interrupt;
    apic_start();
    pit();
    rtc();
    ipis();
    nmis();
    timers();
    ioapics();
    ring3();
    x2apic();
    trap_hook = NULL;
}
