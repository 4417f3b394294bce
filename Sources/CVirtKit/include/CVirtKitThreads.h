// Threads: names, signal masks and futexes.
#ifndef CVIRTKIT_THREADS_H
#define CVIRTKIT_THREADS_H

#include <stddef.h>
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

/// Sets the host CPUs of a thread of this process from a bit mask of whole 8 bytes (sched_setaffinity). Returns 0 or -errno.
int vk_thread_set_cpus(int32_t thread, const uint64_t *mask, size_t words);

/// Reads them. Returns the number of words that the kernel has filled, or -errno.
int vk_thread_get_cpus(int32_t thread, uint64_t *mask, size_t words);

/// Sets the scheduling policy and static priority of a thread (sched_setscheduler). Returns 0 or -errno.
int vk_thread_set_scheduler(int32_t thread, int policy, int priority);

/// The policies that <sched.h> has for GNU sources only.
static const int32_t vk_SCHED_BATCH = 3, vk_SCHED_IDLE = 5;

/// Reads them. Returns the policy or -errno.
int vk_thread_get_scheduler(int32_t thread, int *priority);

/// Sets the nice value of a thread (setpriority). Returns 0 or -errno.
int vk_thread_set_nice(int32_t thread, int nice);

/// Reads it. Returns 0 or -errno.
int vk_thread_get_nice(int32_t thread, int *nice);

/// CLOCK_MONOTONIC in nanoseconds.
uint64_t vk_monotonic_nanoseconds(void);

/// CLOCK_REALTIME in nanoseconds since 1970.
int64_t vk_realtime_nanoseconds(void);

#endif
