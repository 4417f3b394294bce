// See smp.h.
#include "smp.h"

extern uint8_t trampoline[], trampoline_end[], trampoline_table[], trampoline_jump[];
extern volatile uint32_t cpus_entered;

static volatile uint64_t arrived;

bool x2apic(void) { return rdmsr(MSR_APIC_BASE) >> 10 & 1; }

void x2apic_enable(void) { wrmsr(MSR_APIC_BASE, rdmsr(MSR_APIC_BASE) | 0xc00); }

uint32_t apic_read(unsigned offset) {
    if (x2apic()) return (uint32_t)rdmsr(0x800 + offset / 16);
    return *(volatile uint32_t *)(0xfee00000ull + offset);
}

void apic_write(unsigned offset, uint32_t value) {
    if (x2apic())
        wrmsr(0x800 + offset / 16, value);
    else
        *(volatile uint32_t *)(0xfee00000ull + offset) = value;
}

void apic_enable(void) { apic_write(0xf0, 0x1ff); }
void apic_end(void) { apic_write(0xb0, 0); }
unsigned cpu_id(void) { return x2apic() ? apic_read(0x20) : apic_read(0x20) >> 24; }

void ipi(unsigned destination, uint32_t command) {
    if (x2apic()) {
        wrmsr(0x830, (uint64_t)destination << 32 | command);
        return;
    }
    apic_write(0x310, destination << 24);
    apic_write(0x300, command);
    while (apic_read(0x300) & 0x1000) relax();
}

void delay(uint64_t microseconds) {
    uint64_t start = rdtsc();
    while (rdtsc() - start < microseconds * 1000) relax();
}

unsigned cpu_total(void) {
    __asm__ volatile("outw %0, %1" ::"a"((uint16_t)5), "Nd"((uint16_t)0x510));
    unsigned low = in8(0x511);
    return low | in8(0x511) << 8;
}

void cpu_entered(unsigned number) {
    (void)number;
    load_idt(sizeof idt - 1);
    apic_enable();
    unsigned cpu = cpu_id();
    atomic_add(&arrived, 1);
    cpu_main(cpu);
}

static void place_trampoline(unsigned page) {
    uint8_t *at = (uint8_t *)(uint64_t)(page << 12);
    memcpy(at, trampoline, (size_t)(trampoline_end - trampoline));
    *(uint32_t *)(at + (trampoline_table - trampoline) + 2) += page << 12;
    *(uint32_t *)(at + (trampoline_jump - trampoline)) += page << 12;
}

unsigned cpus_start(unsigned page, bool broadcast, unsigned expected) {
    place_trampoline(page);
    arrived = 0;
    cpus_entered = 0;
    unsigned others = expected - 1;
    if (broadcast) {
        ipi(0, ICR_OTHERS | ICR_INIT | ICR_ASSERT);
        delay(100);
        for (unsigned i = 0; i < 2; i++) {
            ipi(0, ICR_OTHERS | ICR_STARTUP | ICR_ASSERT | page);
            delay(20);
        }
    } else {
        for (unsigned cpu = 1; cpu <= others; cpu++) {
            ipi(cpu, ICR_INIT | ICR_ASSERT);
            ipi(cpu, ICR_INIT | 0x8000); // level de-assert, as the MultiProcessor specification wants it
            for (unsigned i = 0; i < 2; i++) ipi(cpu, ICR_STARTUP | page);
        }
    }
    AWAIT(arrived == others);
    return (unsigned)arrived + 1;
}

void end_on_exception(struct frame *frame) {
    trap_hook = NULL;
    print("  exception: vector ");
    print_hex(frame->vector);
    print(" rip ");
    print_hex(frame->rip);
    print("\n");
    check("no exceptions", false);
    finish();
}
