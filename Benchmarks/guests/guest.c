// The harness of every benchmark guest: runs it, prints `name: PASS checksum=...` or `name: FAIL ...` on the first
// UART, and ends through the debug-exit port with 0 for pass and 1 for fail.
#include "guest.h"

#ifdef GUEST_EXPECT
#include <stdio.h>
int main(void) { printf("0x%016llx\n", (unsigned long long)guest_run()); }
#else

#define UART 0x3f8
#define DEBUG_EXIT 0xf4

static inline void out8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port)); }
static inline void out32(uint16_t port, uint32_t value) { __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port)); }
static inline uint8_t in8(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void put(char character) {
    while (!(in8(UART + 5) & 0x20)) {}
    out8(UART, (uint8_t)character);
}

static void print(const char *text) {
    for (; *text; text++) put(*text);
}

static void print_hex(uint64_t value) {
    print("0x");
    for (int shift = 60; shift >= 0; shift -= 4) put("0123456789abcdef"[value >> shift & 15]);
}

int main(void) {
    uint64_t checksum = guest_run();
    int passed = checksum == guest_expected;
    print(guest_name);
    print(passed ? ": PASS checksum=" : ": FAIL checksum=");
    print_hex(checksum);
    if (!passed) {
        print(" expected=");
        print_hex(guest_expected);
    }
    print("\r\n");
    out32(DEBUG_EXIT, passed ? 0 : 1);
    for (;;) __asm__ volatile("cli; hlt");
}

// The compiler may call these even in freestanding code.
void *memset(void *to, int value, size_t count) {
    void *result = to;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(value) : "memory");
    return result;
}

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
    void *result = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count)::"memory");
    return result;
}
#endif
