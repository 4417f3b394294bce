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

/// Sets the NUMA policy of a mapping that nobody has touched yet (mbind), with a bit mask of nodes. `mode` is one of
/// `vk_MPOL_`. Returns 0 or -errno.
int vk_memory_set_nodes(void *address, uint64_t size, int mode, const uint64_t *nodes, size_t words);

/// Reads the NUMA policy at an address (get_mempolicy). Returns 0 or -errno.
int vk_memory_get_nodes(void *address, int *mode, uint64_t *nodes, size_t words);

static const int vk_MPOL_PREFERRED = 1, vk_MPOL_BIND = 2, vk_MPOL_INTERLEAVE = 3;

/// mmap's flags for pages of 1 << `shift` bytes from the host's pool (MAP_HUGETLB).
int vk_map_huge_flags(int shift);

/// Has the kernel fill a mapping now (madvise MADV_POPULATE_WRITE). Returns 0 or -errno: -EINVAL before Linux 5.14.
int vk_memory_populate(void *address, uint64_t size);

/// Counts the pages of a mapping that are resident. Returns a count of pages, or -errno. (mincore)
int64_t vk_resident_pages(void *address, uint64_t size);

#endif
