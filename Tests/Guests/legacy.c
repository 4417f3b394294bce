// The common part of the 32-bit bare test guests; see legacy.h.
#include "legacy.h"

volatile struct trap trap;
volatile uint32_t trap_resume, trap_start;
void (*volatile trap_hook)(struct frame *frame);

uint64_t idt[256] __attribute__((aligned(16)));
uint32_t tss[26] __attribute__((aligned(128)));
uint64_t gdt[64] __attribute__((aligned(16))) = {
    0,
    0x00cf9b000000ffff, // 0x08 kernel code
    0x00cf93000000ffff, // 0x10 kernel data
    0x00cffb000000ffff, // 0x18 user code
    0x00cff3000000ffff, // 0x20 user data
};
uint8_t user_stack[16384] __attribute__((aligned(16)));
static uint8_t interrupt_stack[16384] __attribute__((aligned(16)));

// ---- Results of traps ----------------------------------------------------------------------------------------------

static void show_trap(void) {
    print(": traps ");
    print_hex(trap.count);
    if (!trap.count) return;
    print(", vector ");
    print_hex(trap.frame.vector);
    print(" error ");
    print_hex(trap.frame.error);
    print(" eip ");
    print_hex(trap.frame.eip);
    print(" cr2 ");
    print_hex(trap.cr2);
}

void expect_no_trap(const char *name) {
    count_case(name);
    if (!trap.count) return;
    print_failed(name);
    show_trap();
    print(", expected none\n");
}

void expect_trap_at(const char *name, uint32_t vector, uint32_t error, uint32_t eip) {
    count_case(name);
    if (trap.count == 1 && trap.frame.vector == vector && trap.frame.error == error && trap.frame.eip == eip) return;
    print_failed(name);
    show_trap();
    print(", expected vector ");
    print_hex(vector);
    print(" error ");
    print_hex(error);
    print(" eip ");
    print_hex(eip);
    print("\n");
}

void expect_fault(const char *name, uint32_t vector, uint32_t error) {
    expect_trap_at(name, vector, error, trap_start);
}

void expect_page_fault(const char *name, uint32_t error, uint32_t address) {
    expect_fault(name, PF, error);
    if (trap.cr2 == address) return;
    print_failed(name);
    show_trap();
    print(", expected cr2 ");
    print_hex(address);
    print("\n");
}

// ---- Traps ---------------------------------------------------------------------------------------------------------

void test_trap(struct frame *frame) {
    if (trap_hook) {
        trap_hook(frame);
        return;
    }
    trap.count++;
    trap.cr2 = read_cr2();
    trap.dr6 = read_dr6();
    trap.address = (uint32_t)frame;
    const uint32_t *from = (const uint32_t *)frame;
    volatile uint32_t *to = (volatile uint32_t *)&trap.frame;
    unsigned words = sizeof *frame / 4 - (frame->cs & 3 ? 0 : 2);
    for (unsigned i = 0; i < words; i++) to[i] = from[i];
    if (!trap_resume) {
        print_failed("unexpected trap");
        show_trap();
        print("\n");
        finish();
    }
    // What a return to ring 0 does not load, run_user_back does.
    if (frame->cs & 3) frame->ds = frame->es = KERNEL_SS;
    if (frame->cs != KERNEL_CS) frame->cs = KERNEL_CS;
    frame->eflags &= ~0x54100u; // AC, RF, NT, TF
    frame->eip = trap_resume;
}

void set_gate(unsigned vector, uint64_t value) { idt[vector] = value; }

void load_idt(uint16_t limit) {
    struct pointer pointer = {limit, (uint32_t)idt};
    __asm__ volatile("lidt %0" ::"m"(pointer));
}

void load_gdt(void) {
    struct pointer pointer = {sizeof gdt - 1, (uint32_t)gdt};
    __asm__ volatile("lgdt %0" ::"m"(pointer));
}

static void set_tables(void) {
    for (unsigned vector = 0; vector < 256; vector++) {
        // Ring 3 may use int3, into and int 0x80.
        unsigned type = vector == BP || vector == OF || vector == 0x80 ? 0xee : 0x8e;
        set_gate(vector, gate(KERNEL_CS, (uint32_t)vector_entries[vector], type, 0));
    }
    load_idt(sizeof idt - 1);
    tss[1] = (uint32_t)(interrupt_stack + sizeof interrupt_stack);
    tss[2] = KERNEL_SS;
    tss[25] = sizeof tss << 16;
    gdt[TSS_SELECTOR / 8] = segment((uint32_t)tss, sizeof tss - 1, 0x89, 0);
    load_gdt();
    __asm__ volatile("ltr %w0" ::"r"(TSS_SELECTOR));
}

void main(const uint32_t *start_info) {
    begin_results(start_info);
    set_tables();
    out8(0x21, 0xff);
    out8(0xa1, 0xff);
    trap_clear();
    test_main();
    finish();
}
