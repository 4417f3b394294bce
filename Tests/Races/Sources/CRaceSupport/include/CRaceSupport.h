// Tells the thread sanitizer of the slow path of Swift's Mutex.
#ifndef CRACESUPPORT_H
#define CRACESUPPORT_H

/// Whether the slow path is this module's: that the linker has put it before the library's.
int vk_race_support(void);

#endif
