// The common part of the 32-bit bare test guests; see legacy.h.
#include "legacy.h"

#define UART 0x3f8
#define DEBUG_EXIT 0xf4

bool on_tcg;
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

static unsigned cases, failures, skipped;
static const char *command_line = "";
static bool verbose, shows_skips;

// ---- Console and results -------------------------------------------------------------------------------------------

static void put(char character) {
    while (!(in8(UART + 5) & 0x20)) {}
    out8(UART, (uint8_t)character);
}

void print(const char *text) {
    for (; *text; text++) {
        if (*text == '\n') put('\r');
        put(*text);
    }
}

void print_hex(uint32_t value) {
    print("0x");
    int shift = 28;
    while (shift > 0 && !(value >> shift & 15)) shift -= 4;
    for (; shift >= 0; shift -= 4) put("0123456789abcdef"[value >> shift & 15]);
}

static void print_count(unsigned value) {
    char text[11], *end = text + 10;
    *end = 0;
    do *--end = (char)('0' + value % 10);
    while (value /= 10);
    print(end);
}

static void failed(const char *name) {
    failures++;
    print("  failed: ");
    print(name);
}

static void count(const char *name) {
    cases++;
    if (!verbose) return;
    print("  ");
    print(name);
    print("\n");
}

void check(const char *name, bool ok) {
    count(name);
    if (ok) return;
    failed(name);
    print("\n");
}

void check_equal(const char *name, uint32_t got, uint32_t expected) {
    count(name);
    if (got == expected) return;
    failed(name);
    print(": got ");
    print_hex(got);
    print(", expected ");
    print_hex(expected);
    print("\n");
}

void skip(const char *name) {
    skipped++;
    if (!shows_skips) return;
    print("  skipped: ");
    print(name);
    print("\n");
}

_Noreturn void finish(void) {
    print(test_name);
    print(failures ? ": FAIL" : ": PASS");
    print(" cases=");
    print_count(cases);
    print(" failed=");
    print_count(failures);
    print(" skipped=");
    print_count(skipped);
    print("\n");
    out32(DEBUG_EXIT, failures ? 1 : 0);
    for (;;) __asm__ volatile("cli; hlt");
}

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
    count(name);
    if (!trap.count) return;
    failed(name);
    show_trap();
    print(", expected none\n");
}

void expect_trap_at(const char *name, uint32_t vector, uint32_t error, uint32_t eip) {
    count(name);
    if (trap.count == 1 && trap.frame.vector == vector && trap.frame.error == error && trap.frame.eip == eip) return;
    failed(name);
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
    failed(name);
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
        print("  unexpected trap");
        show_trap();
        print("\n");
        failures++;
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

static const char *option(const char *key) {
    for (const char *at = command_line; *at; at++) {
        const char *a = at, *b = key;
        while (*b && *a == *b) a++, b++;
        if (!*b && (at == command_line || at[-1] == ' ')) return a;
    }
    return NULL;
}

// Xen's struct hvm_start_info: its magic number is first, the command line's address at offset 24.
void main(const uint32_t *start_info) {
    if (start_info && *start_info == 0x336ec578 && start_info[6]) command_line = (const char *)start_info[6];
    verbose = option("verbose") != NULL;
    shows_skips = option("skips") != NULL;
    struct cpuid signature = cpuid(0x40000000, 0);
    on_tcg = (cpuid(1, 0).c >> 31) && signature.b == 0x54474354; // "TCGT"
    set_tables();
    out8(0x21, 0xff);
    out8(0xa1, 0xff);
    trap_clear();
    test_main();
    finish();
}

void *memset(void *to, int value, size_t count) {
    void *result = to;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(value) : "memory");
    return result;
}

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
    void *result = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count)::"memory");
    return result;
}
