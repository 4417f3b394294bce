// Threads: names, signal masks and futexes.
#ifndef CVIRTKIT_THREADS_H
#define CVIRTKIT_THREADS_H

#include <stdint.h>

/// Names the calling thread (at most 15 bytes are kept).
void vk_thread_set_name(const char *name);

/// Blocks every signal in the calling thread that the embedding program may want to handle itself.
void vk_thread_block_signals(void);

/// The present count of an event.
uint32_t vk_event_count(const uint32_t *event);

/// Counts an event and wakes every waiter.
void vk_event_signal(uint32_t *event);

/// Waits until the count of an event is not `seen`, for at most `nanoseconds` (negative: no limit). May return early.
void vk_event_wait(uint32_t *event, uint32_t seen, int64_t nanoseconds);

/// The number of the calling thread (gettid).
int32_t vk_thread_id(void);

/// CLOCK_MONOTONIC in nanoseconds.
uint64_t vk_monotonic_nanoseconds(void);

/// CLOCK_REALTIME in nanoseconds since 1970.
int64_t vk_realtime_nanoseconds(void);

#endif
