// What the 32-bit bare test guests share: named checks, traps that can be looked at, ring 3, ports. The counterpart of
// test.h for code without long mode.
//
// They are compiled for i386, and assembled as 32-bit code of an ELF64 file, which is what the loaders take.
#pragma once
#include "results.h"

// ---- Traps ---------------------------------------------------------------------------------------------------------

enum {
    DE = 0, DB = 1, NMI = 2, BP = 3, OF = 4, BR = 5, UD = 6, NM = 7, DF = 8, TS = 10, NP = 11, SS = 12, GP = 13,
    PF = 14, MF = 16, AC = 17, XM = 19,
};

struct frame {
    uint32_t gs, fs, es, ds, edi, esi, ebp, esp0, ebx, edx, ecx, eax;
    uint32_t vector, error, eip, cs, eflags;
    uint32_t esp, ss; // from another ring only
};

struct trap {
    uint32_t count, cr2, dr6;
    uint32_t address; // of the frame: the stack the trap used
    struct frame frame;
};
extern volatile struct trap trap;
// Where a trap goes on.
extern volatile uint32_t trap_resume;
extern volatile uint32_t trap_start;
// If set, it is called for each trap instead.
extern void (*volatile trap_hook)(struct frame *frame);
extern uint32_t stack_base;

static inline void trap_clear(void) { trap.count = 0, trap.frame.vector = 999, trap_resume = 0; }

// Runs one instruction that may trap, and goes on after it. After `code` come the operands as for asm.
#define TRAP(code, ...)                                                                                                \
    do {                                                                                                               \
        trap_clear();                                                                                                  \
        __asm__ volatile("movl $551f, trap_start\n\tmovl $552f, trap_resume\n551:\t" code                              \
                         "\n552:\tmovl $0, trap_resume" __VA_ARGS__);                                                  \
    } while (0)

void expect_no_trap(const char *name);
void expect_fault(const char *name, uint32_t vector, uint32_t error);
void expect_page_fault(const char *name, uint32_t error, uint32_t address);
// A trap at another address than trap_start.
void expect_trap_at(const char *name, uint32_t vector, uint32_t error, uint32_t eip);

void run_user(uint32_t eip, uint32_t esp, uint32_t eflags);
// Runs code of ring 3 on a stack of its own, and checks that it ends with the trap `vector`.
#define USER_STACK_TOP ((uint32_t)(user_stack + sizeof user_stack - 64))
extern uint8_t user_stack[16384];
extern uint8_t vector_entries[256][16];

// ---- Descriptor tables ---------------------------------------------------------------------------------------------

enum { KERNEL_CS = 0x08, KERNEL_SS = 0x10, USER_CS = 0x1b, USER_SS = 0x23, TSS_SELECTOR = 0x28, FREE = 0x40 };
extern uint64_t gdt[64]; // from FREE on free for cases
extern uint64_t idt[256];
extern uint32_t tss[26];

// A descriptor: access byte (type, S, DPL, P), flags nibble (G 8, D/B 4, L 2, AVL 1).
static inline uint64_t segment(uint32_t base, uint32_t limit, unsigned access, unsigned flags) {
    return (limit & 0xffff) | (uint64_t)(base & 0xffffff) << 16 | (uint64_t)access << 40 |
           (uint64_t)(limit >> 16 & 15) << 48 | (uint64_t)flags << 52 | (uint64_t)(base >> 24) << 56;
}
static inline uint64_t gate(unsigned selector, uint32_t offset, unsigned access, unsigned parameters) {
    return (offset & 0xffff) | (uint64_t)selector << 16 | (uint64_t)parameters << 32 | (uint64_t)access << 40 |
           (uint64_t)(offset >> 16) << 48;
}
struct __attribute__((packed)) pointer {
    uint16_t limit;
    uint32_t base;
};
struct __attribute__((packed)) far_pointer {
    uint32_t offset;
    uint16_t selector;
};
void load_idt(uint16_t limit);
void load_gdt(void);
void set_gate(unsigned vector, uint64_t gate);

static inline void load_fs(unsigned selector) { __asm__ volatile("movw %w0, %%fs" ::"r"(selector)); }

// ---- Processor -----------------------------------------------------------------------------------------------------

#define REGISTER(name)                                                                                                 \
    static inline uint32_t read_##name(void) {                                                                         \
        uint32_t value;                                                                                                \
        __asm__ volatile("movl %%" #name ", %0" : "=r"(value));                                                        \
        return value;                                                                                                  \
    }                                                                                                                  \
    static inline void write_##name(uint32_t value) {                                                                  \
        __asm__ volatile("movl %0, %%" #name ::"r"(value) : "memory");                                                 \
    }
REGISTER(cr0)
REGISTER(cr2)
REGISTER(cr3)
REGISTER(cr4)
REGISTER(dr0)
REGISTER(dr1)
REGISTER(dr2)
REGISTER(dr3)
REGISTER(dr6)
REGISTER(dr7)
#define CR0_PE 0x1u
#define CR0_WP 0x10000u
#define CR0_AM 0x40000u
#define CR0_PG 0x80000000u
#define CR4_DE 0x8u
#define CR4_PSE 0x10u
#define CR4_PAE 0x20u
#define CR4_PGE 0x80u
#define CR4_SMEP 0x100000u
#define CR4_SMAP 0x200000u

struct cpuid {
    uint32_t a, b, c, d;
};
static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf) {
    struct cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "a"(leaf), "c"(subleaf));
    return r;
}
static inline uint64_t rdmsr(uint32_t index) {
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
    return (uint64_t)high << 32 | low;
}
static inline void wrmsr(uint32_t index, uint64_t value) {
    __asm__ volatile("wrmsr" ::"c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100ull
#define EFER_NXE 0x800ull
static inline void out8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port)); }
static inline void out32(uint16_t port, uint32_t value) { __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port)); }
static inline uint8_t in8(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
static inline void invlpg(uint32_t address) { __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory"); }
