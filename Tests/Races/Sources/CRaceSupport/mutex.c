// Swift's Mutex takes a lock that is free in its user's own code, which the sanitizer sees. One that is not free it takes
// in the library Synchronization, which is not built for the sanitizer: it would report every datum behind a contended
// mutex. So the two functions of the library that do it are preceded by these, which say what happens.
#define _GNU_SOURCE
#include "CRaceSupport.h"

#include <dlfcn.h>
#include <stdint.h>

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall, visibility("default")))
#define SELF __attribute__((swift_context)) void *self

void __tsan_acquire(void *address);
void __tsan_release(void *address);

typedef __attribute__((swiftcall)) void (*lock_function)(uint32_t, SELF);
typedef __attribute__((swiftcall)) void (*unlock_function)(SELF);

SWIFT void vk_race_lock(uint32_t thread, SELF) __asm__(LOCK);
SWIFT void vk_race_unlock(SELF) __asm__(UNLOCK);

static void *next(const char *name, void **cache) {
    void *found = __atomic_load_n(cache, __ATOMIC_ACQUIRE);
    if (!found) {
        found = dlsym(RTLD_NEXT, name);
        __atomic_store_n(cache, found, __ATOMIC_RELEASE);
    }
    return found;
}

static int calls;

SWIFT void vk_race_lock(uint32_t thread, SELF) {
    static void *cache;
    __atomic_store_n(&calls, 1, __ATOMIC_RELAXED);
    ((lock_function)next(LOCK, &cache))(thread, self);
    __tsan_acquire(self);
}

SWIFT void vk_race_unlock(SELF) {
    static void *cache;
    __tsan_release(self);
    ((unlock_function)next(UNLOCK, &cache))(self);
}

int vk_race_support(void) { return __atomic_load_n(&calls, __ATOMIC_RELAXED); }
