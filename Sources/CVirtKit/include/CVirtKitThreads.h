// Threads: names, signal masks and futexes.
#ifndef CVIRTKIT_THREADS_H
#define CVIRTKIT_THREADS_H

#include <stdint.h>

/// Names the calling thread (at most 15 bytes are kept).
void vk_thread_set_name(const char *name);

/// Blocks every signal in the calling thread that the embedding program may want to handle itself.
void vk_thread_block_signals(void);

/// Waits while `*word == expected`, for at most `nanoseconds` (negative: no limit). Returns 0 when woken, -errno otherwise.
int vk_futex_wait(uint32_t *word, uint32_t expected, int64_t nanoseconds);

/// Wakes up to `count` waiters of `word`.
void vk_futex_wake(uint32_t *word, int count);

/// CLOCK_MONOTONIC in nanoseconds.
uint64_t vk_monotonic_nanoseconds(void);

/// CLOCK_REALTIME in nanoseconds since 1970.
int64_t vk_realtime_nanoseconds(void);

#endif
