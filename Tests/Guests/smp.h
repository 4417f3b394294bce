// Several processors for the bare test guests: starting them, interrupts between them, barriers and locks.
#pragma once
#include "test.h"

enum { MAX_CPUS = 64 };

// How many processors the machine has (fw_cfg).
unsigned cpu_total(void);
// Starts the others with INIT, start-up IPI, start-up IPI at `page` (a number below 0x9f), each by itself or all at once,
// and waits until `expected` have come to `cpu_main`. Returns how many are there (the bootstrap processor counts).
unsigned cpus_start(unsigned page, bool broadcast, unsigned expected);
// What an application processor does; `cpu` is its APIC ID. Interrupts are off, the kernel's tables are loaded.
extern void cpu_main(unsigned cpu);

// Sends what an ICR says. xAPIC or x2APIC, as the mode is.
void ipi(unsigned destination, uint32_t command);
// The running processor's APIC ID.
unsigned cpu_id(void);
bool x2apic(void);
void x2apic_enable(void);
// Enables the local APIC by its spurious register.
void apic_enable(void);
uint32_t apic_read(unsigned offset);
void apic_write(unsigned offset, uint32_t value);
void apic_end(void);
// Ends the guest: an exception that nobody expects.
void end_on_exception(struct frame *frame);

enum {
    ICR_ASSERT = 0x4000, ICR_LOGICAL = 0x800, ICR_LOWEST = 0x100, ICR_NMI = 0x400, ICR_INIT = 0x500, ICR_STARTUP = 0x600,
    ICR_SELF = 0x40000, ICR_ALL = 0x80000, ICR_OTHERS = 0xc0000,
};

static inline void relax(void) { __asm__ volatile("pause" ::: "memory"); }
static inline void cli(void) { __asm__ volatile("cli" ::: "memory"); }
static inline void sti(void) { __asm__ volatile("sti; nop" ::: "memory"); }
static inline void halt(void) { __asm__ volatile("sti; hlt" ::: "memory"); }

// Waits for at least `microseconds`, whatever runs meanwhile. The time-stamp counter runs at 1 GHz.
void delay(uint64_t microseconds);
// Waits until a condition holds, for a minute at most. With PAUSE.
#define AWAIT(condition)                                                                                               \
    ({                                                                                                                 \
        uint64_t start_ = rdtsc();                                                                                     \
        bool held_;                                                                                                    \
        while (!(held_ = (condition)) && rdtsc() - start_ < 60000000000ull) relax();                                   \
        held_;                                                                                                         \
    })

static inline void atomic_add(volatile uint64_t *word, uint64_t value) {
    __asm__ volatile("lock; addq %1, %0" : "+m"(*word) : "r"(value) : "memory", "cc");
}
static inline uint32_t exchange(volatile uint32_t *word, uint32_t value) {
    __asm__ volatile("xchgl %0, %1" : "+r"(value), "+m"(*word)::"memory");
    return value;
}
