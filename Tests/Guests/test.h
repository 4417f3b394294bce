// What the bare test guests share: named checks, traps that can be looked at, page tables, ring 3, ports.
#pragma once
#include "results.h"

// ---- Traps ---------------------------------------------------------------------------------------------------------

enum {
    DE = 0, DB = 1, NMI = 2, BP = 3, OF = 4, BR = 5, UD = 6, NM = 7, DF = 8, TS = 10, NP = 11, SS = 12, GP = 13,
    PF = 14, MF = 16, AC = 17, XM = 19,
};

struct frame {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t vector, error, rip, cs, rflags, rsp, ss;
};

// The last trap taken since `trap_clear`, and how many there were.
struct trap {
    uint64_t count;
    uint64_t cr2, dr6;
    uint64_t address; // of the frame: the stack the trap used
    struct frame frame;
};
extern volatile struct trap trap;

// Where a trap goes on; 0: where it happened. Traps of TRAP and run_user set it.
extern volatile uint64_t trap_resume;
// The address of the instruction in TRAP.
extern volatile uint64_t trap_start;
// If set, it is called instead of all that for vectors in hook_vectors; the frame may be changed.
extern void (*volatile trap_hook)(struct frame *frame);

static inline void trap_clear(void) { trap.count = 0, trap.frame.vector = 999, trap_resume = 0; }

// Runs one instruction that may trap, and goes on after it. After `code` come the operands as for asm, from the first
// colon on; memory is clobbered if they say so.
#define TRAP(code, ...)                                                                                                \
    do {                                                                                                               \
        trap_clear();                                                                                                  \
        __asm__ volatile("movq $551f, trap_start\n\tmovq $552f, trap_resume\n551:\t" code                              \
                         "\n552:\tmovq $0, trap_resume" __VA_ARGS__);                                                  \
    } while (0)

void expect_no_trap(const char *name);
// A fault: one trap, with this vector and error code, the instruction pointer at the instruction itself.
void expect_fault(const char *name, uint64_t vector, uint64_t error);
void expect_page_fault(const char *name, uint64_t error, uint64_t address);

void run_user(uint64_t rip, uint64_t rsp, uint64_t rdi, uint64_t rflags);

// ---- Descriptor tables ---------------------------------------------------------------------------------------------

enum { KERNEL_CS = 0x08, KERNEL_SS = 0x10, USER_CS32 = 0x1b, USER_SS = 0x23, USER_CS = 0x2b, TSS_SELECTOR = 0x30 };

struct gate {
    uint16_t offset0, selector;
    uint8_t ist, type;
    uint16_t offset1;
    uint32_t offset2, zero;
};
extern struct gate idt[256];
extern uint64_t gdt[32]; // from 0x40 on free for cases
extern uint32_t tss[26];

struct __attribute__((packed)) pointer {
    uint16_t limit;
    uint64_t base;
};
void set_gate(unsigned vector, uint64_t address, unsigned ist, unsigned type);
void load_idt(uint16_t limit);

// ---- Paging --------------------------------------------------------------------------------------------------------

enum { P = 1, W = 2, U = 4, PWT = 8, PCD = 16, A = 32, D = 64, PS = 128, G = 256 };
#define NX (1ull << 63)

extern uint64_t boot_pml4[512];
// Cases map what they like at TEST_AREA: PML4 slot 1, by these tables. map_test maps one 4 KiB page there.
#define TEST_AREA 0x8000000000ull
extern uint64_t test_pdpt[512], test_pd[512], test_pt[512];
void map_test(unsigned page, uint64_t entry);
void map_devices(void); // 3 GiB to 4 GiB one to one, uncached: the APICs are there

static inline void invlpg(uint64_t address) { __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory"); }
static inline uint64_t read_cr3(void) {
    uint64_t value;
    __asm__ volatile("movq %%cr3, %0" : "=r"(value));
    return value;
}
static inline void write_cr3(uint64_t value) { __asm__ volatile("movq %0, %%cr3" ::"r"(value) : "memory"); }
static inline uint64_t read_cr0(void) {
    uint64_t value;
    __asm__ volatile("movq %%cr0, %0" : "=r"(value));
    return value;
}
static inline void write_cr0(uint64_t value) { __asm__ volatile("movq %0, %%cr0" ::"r"(value) : "memory"); }
static inline uint64_t read_cr4(void) {
    uint64_t value;
    __asm__ volatile("movq %%cr4, %0" : "=r"(value));
    return value;
}
static inline void write_cr4(uint64_t value) { __asm__ volatile("movq %0, %%cr4" ::"r"(value) : "memory"); }
#define CR0_MP 0x2ull
#define CR0_EM 0x4ull
#define CR0_TS 0x8ull
#define CR0_NE 0x20ull
#define CR0_WP 0x10000ull
#define CR0_AM 0x40000ull
#define CR4_TSD 0x4ull
#define CR4_DE 0x8ull
#define CR4_PGE 0x80ull
#define CR4_OSFXSR 0x200ull
#define CR4_OSXMMEXCPT 0x400ull
#define CR4_FSGSBASE 0x10000ull
#define CR4_PCIDE 0x20000ull
#define CR4_OSXSAVE 0x40000ull
#define CR4_SMEP 0x100000ull
#define CR4_SMAP 0x200000ull

// ---- Processor -----------------------------------------------------------------------------------------------------

struct cpuid {
    uint32_t a, b, c, d;
};
static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf) {
    struct cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(subleaf));
    return r;
}
static inline bool has_leaf7_b(unsigned bit) { return cpuid(0, 0).a >= 7 && (cpuid(7, 0).b >> bit & 1); }
static inline bool has_leaf1_c(unsigned bit) { return cpuid(1, 0).c >> bit & 1; }
static inline bool has_ext_d(unsigned bit) { return cpuid(0x80000001, 0).d >> bit & 1; }

static inline uint64_t rdmsr(uint32_t index) {
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
    return (uint64_t)high << 32 | low;
}
static inline void wrmsr(uint32_t index, uint64_t value) {
    __asm__ volatile("wrmsr" ::"c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}
#define MSR_APIC_BASE 0x1b
#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_FMASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define EFER_SCE 1ull
#define EFER_NXE 0x800ull

static inline uint64_t rdtsc(void) {
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

static inline void out8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port)); }
static inline void out32(uint16_t port, uint32_t value) { __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port)); }
static inline uint8_t in8(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
