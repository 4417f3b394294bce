// Atomic operations for the emulator: its signal word, its page flags, and the guest's atomic accesses to its memory.
#ifndef CVIRTKIT_ATOMICS_H
#define CVIRTKIT_ATOMICS_H

#include <stdbool.h>
#include <stdint.h>

/// A relaxed load.
static inline uint32_t vk_load32_relaxed(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_RELAXED); }

/// A load that sees what was written before the word.
static inline uint32_t vk_load32_acquire(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }

/// Sets bits, in sequential order.
static inline void vk_or32(uint32_t *word, uint32_t bits) { __atomic_fetch_or(word, bits, __ATOMIC_SEQ_CST); }

/// Replaces the word, in sequential order; returns what it was.
static inline uint32_t vk_exchange32(uint32_t *word, uint32_t value) {
    return __atomic_exchange_n(word, value, __ATOMIC_SEQ_CST);
}

/// A load in sequential order.
static inline uint64_t vk_load64(const uint64_t *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }

/// Sets bits in sequential order; returns what was.
static inline uint64_t vk_or64(uint64_t *word, uint64_t bits) {
    return __atomic_fetch_or(word, bits, __ATOMIC_SEQ_CST);
}

/// Keeps only `bits`, in sequential order; returns what was.
static inline uint64_t vk_and64(uint64_t *word, uint64_t bits) {
    return __atomic_fetch_and(word, bits, __ATOMIC_SEQ_CST);
}

/// A full fence.
static inline void vk_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

// The guest's atomic accesses. `kind` counts as Swift's AtomicOperation does: exchange, add, and, or, xor,
// operand - old. The address is naturally aligned. Returns the old value.
#define VK_ATOMIC_WIDTH(bits)                                                                                         \
    static inline uint##bits##_t vk_atomic_rmw##bits(void *address, int kind, uint##bits##_t operand) {               \
        uint##bits##_t *word = (uint##bits##_t *)address;                                                             \
        switch (kind) {                                                                                               \
            case 0: return __atomic_exchange_n(word, operand, __ATOMIC_SEQ_CST);                                      \
            case 1: return __atomic_fetch_add(word, operand, __ATOMIC_SEQ_CST);                                       \
            case 2: return __atomic_fetch_and(word, operand, __ATOMIC_SEQ_CST);                                       \
            case 3: return __atomic_fetch_or(word, operand, __ATOMIC_SEQ_CST);                                        \
            case 4: return __atomic_fetch_xor(word, operand, __ATOMIC_SEQ_CST);                                       \
            default: {                                                                                                \
                uint##bits##_t old = __atomic_load_n(word, __ATOMIC_RELAXED);                                         \
                while (!__atomic_compare_exchange_n(word, &old, (uint##bits##_t)(operand - old), false,               \
                                                    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {                            \
                }                                                                                                     \
                return old;                                                                                           \
            }                                                                                                         \
        }                                                                                                             \
    }                                                                                                                 \
    static inline uint##bits##_t vk_atomic_cas##bits(void *address, uint##bits##_t expected, uint##bits##_t desired) { \
        __atomic_compare_exchange_n((uint##bits##_t *)address, &expected, desired, false, __ATOMIC_SEQ_CST,           \
                                    __ATOMIC_SEQ_CST);                                                                \
        return expected;                                                                                              \
    }
VK_ATOMIC_WIDTH(8)
VK_ATOMIC_WIDTH(16)
VK_ATOMIC_WIDTH(32)
VK_ATOMIC_WIDTH(64)
#undef VK_ATOMIC_WIDTH

/// Compares the 16 bytes at `address` (aligned to 16) with `expected` and, if equal, replaces them by `desired`; one
/// atomic step. `expected` receives what was there. Returns whether they were equal.
static inline bool vk_atomic_cas128(void *address, uint64_t expected[2], const uint64_t desired[2]) {
#if defined(__x86_64__)
    bool equal;
    __asm__ volatile("lock cmpxchg16b %1"
                     : "=@ccz"(equal), "+m"(*(unsigned __int128 *)address), "+a"(expected[0]), "+d"(expected[1])
                     : "b"(desired[0]), "c"(desired[1])
                     : "memory");
    return equal;
#else
    unsigned __int128 old = (unsigned __int128)expected[1] << 64 | expected[0];
    unsigned __int128 new_value = (unsigned __int128)desired[1] << 64 | desired[0];
    bool equal = __atomic_compare_exchange_n((unsigned __int128 *)address, &old, new_value, false, __ATOMIC_SEQ_CST,
                                             __ATOMIC_SEQ_CST);
    expected[0] = (uint64_t)old;
    expected[1] = (uint64_t)(old >> 64);
    return equal;
#endif
}

// Not atomics, but as hot: the high halves of 64-bit products, which Swift's library computes out of line.

/// The high half of an unsigned product.
static inline uint64_t vk_multiply_high_unsigned(uint64_t a, uint64_t b) {
    return (uint64_t)((unsigned __int128)a * b >> 64);
}

/// The high half of a signed product.
static inline int64_t vk_multiply_high_signed(int64_t a, int64_t b) { return (int64_t)((__int128)a * b >> 64); }

#endif
