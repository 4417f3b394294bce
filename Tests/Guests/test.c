// The common part of the bare test guests; see test.h.
#include "test.h"

volatile struct trap trap;
volatile uint64_t trap_resume, trap_start;
void (*volatile trap_hook)(struct frame *frame);

struct gate idt[256] __attribute__((aligned(16)));
uint32_t tss[26] __attribute__((aligned(16)));
uint64_t gdt[32] __attribute__((aligned(16))) = {
    0,
    0x00af9b000000ffff, // 0x08 kernel code
    0x00cf93000000ffff, // 0x10 kernel data
    0x00cffb000000ffff, // 0x18 user code, 32 bits
    0x00cff3000000ffff, // 0x20 user data
    0x00affb000000ffff, // 0x28 user code
};

uint64_t test_pdpt[512] __attribute__((aligned(4096)));
uint64_t test_pd[512] __attribute__((aligned(4096)));
uint64_t test_pt[512] __attribute__((aligned(4096)));
static uint64_t device_pd[512] __attribute__((aligned(4096)));
static uint8_t interrupt_stack[16384] __attribute__((aligned(16)));
static uint8_t ist_stack[16384] __attribute__((aligned(16)));

extern uint8_t vector_entries[256][16];


// ---- Results of traps ----------------------------------------------------------------------------------------------

static void show_trap(void) {
    print(": traps ");
    print_hex(trap.count);
    if (trap.count) {
        print(", vector ");
        print_hex(trap.frame.vector);
        print(" error ");
        print_hex(trap.frame.error);
        print(" rip ");
        print_hex(trap.frame.rip);
        print(" cr2 ");
        print_hex(trap.cr2);
    }
}

void expect_no_trap(const char *name) {
    count_case(name);
    if (!trap.count) return;
    print_failed(name);
    show_trap();
    print(", expected none\n");
}

static bool fault_is(const char *name, uint64_t vector, uint64_t error) {
    count_case(name);
    if (trap.count == 1 && trap.frame.vector == vector && trap.frame.error == error && trap.frame.rip == trap_start)
        return true;
    print_failed(name);
    show_trap();
    print(", expected vector ");
    print_hex(vector);
    print(" error ");
    print_hex(error);
    print(" rip ");
    print_hex(trap_start);
    print("\n");
    return false;
}

void expect_fault(const char *name, uint64_t vector, uint64_t error) { fault_is(name, vector, error); }

void expect_page_fault(const char *name, uint64_t error, uint64_t address) {
    if (!fault_is(name, PF, error) || trap.cr2 == address) return;
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
    uint64_t value;
    trap.count++;
    __asm__ volatile("movq %%cr2, %0" : "=r"(value));
    trap.cr2 = value;
    __asm__ volatile("movq %%dr6, %0" : "=r"(value));
    trap.dr6 = value;
    trap.address = (uint64_t)frame;
    trap.frame = *frame;
    if (!trap_resume) {
        print_failed("unexpected trap");
        show_trap();
        print("\n");
        finish();
    }
    if ((frame->cs & 3) || frame->vector == DF) {
        frame->cs = KERNEL_CS;
        frame->ss = KERNEL_SS;
        frame->rflags = 2;
    }
    frame->rflags &= ~(uint64_t)0x54100; // AC, RF, NT, TF
    frame->rip = trap_resume;
}

void set_gate(unsigned vector, uint64_t address, unsigned ist, unsigned type) {
    idt[vector] = (struct gate){(uint16_t)address, KERNEL_CS, (uint8_t)ist, (uint8_t)type, (uint16_t)(address >> 16),
                                (uint32_t)(address >> 32), 0};
}

void load_idt(uint16_t limit) {
    struct pointer pointer = {limit, (uint64_t)idt};
    __asm__ volatile("lidt %0" ::"m"(pointer));
}

static void set_tables(void) {
    for (unsigned vector = 0; vector < 256; vector++) {
        // Ring 3 may use int3 and int 0x80.
        unsigned type = vector == 3 || vector == 0x80 ? 0xee : 0x8e;
        set_gate(vector, (uint64_t)vector_entries[vector], vector == DF ? 1 : 0, type);
    }
    load_idt(sizeof idt - 1);

    uint64_t base = (uint64_t)tss, top = (uint64_t)(interrupt_stack + sizeof interrupt_stack);
    tss[1] = (uint32_t)top, tss[2] = (uint32_t)(top >> 32);
    top = (uint64_t)(ist_stack + sizeof ist_stack);
    tss[9] = (uint32_t)top, tss[10] = (uint32_t)(top >> 32);
    tss[25] = sizeof tss << 16; // no I/O bitmap
    gdt[6] = (sizeof tss - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 | (base >> 24 & 0xff) << 56;
    gdt[7] = base >> 32;
    struct pointer pointer = {sizeof gdt - 1, (uint64_t)gdt};
    __asm__ volatile("lgdt %0\n\tltr %w1" ::"m"(pointer), "r"(TSS_SELECTOR));
}

// ---- Paging --------------------------------------------------------------------------------------------------------

void map_test(unsigned page, uint64_t entry) {
    boot_pml4[1] = (uint64_t)test_pdpt | P | W | U;
    test_pdpt[0] = (uint64_t)test_pd | P | W | U;
    test_pd[0] = (uint64_t)test_pt | P | W | U;
    test_pt[page] = entry;
    invlpg(TEST_AREA + page * 4096ull);
}

void map_devices(void) {
    uint64_t *pdpt = (uint64_t *)(boot_pml4[0] & ~0xfffull);
    for (uint64_t i = 0; i < 512; i++) device_pd[i] = (0xc0000000 + (i << 21)) | P | W | PCD | PS;
    pdpt[3] = (uint64_t)device_pd | P | W;
    write_cr3(read_cr3());
}

// ---- Start ---------------------------------------------------------------------------------------------------------

int main(const uint32_t *start_info) {
    begin_results(start_info);
    set_tables();
    out8(0x21, 0xff); // firmware may have left the PICs' interrupts on
    out8(0xa1, 0xff);
    trap_clear();
    test_main();
    finish();
}

