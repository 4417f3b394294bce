// Guest memory: its creation, and copies that tolerate a guest (or another thread) writing at the same time.
#ifndef CVIRTKIT_MEMORY_H
#define CVIRTKIT_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/// Creates a memfd of `size` bytes, sealed against shrinking and growing. Returns the descriptor or -errno.
int vk_memfd_create(const char *name, uint64_t size);

/// Copies `count` bytes between guest memory and private memory, in naturally aligned relaxed-atomic units of up to 8
/// bytes, so that an aligned integer is never seen torn.
void vk_copy_volatile(void *destination, const void *source, size_t count);

/// Fills `count` bytes of guest memory. Whoever reads meanwhile sees each byte before or after.
void vk_fill_volatile(void *destination, uint8_t value, size_t count);

/// Counts the pages of a mapping that are resident. Returns a count of pages, or -errno. (mincore)
int64_t vk_resident_pages(void *address, uint64_t size);

#endif
