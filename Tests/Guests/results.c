// The results of the bare test guests, 64-bit and 32-bit; see results.h.
#include "results.h"

#define UART 0x3f8
#define DEBUG_EXIT 0xf4

bool on_tcg;
static unsigned cases, failures, skipped;
static const char *command_line = "";
static bool verbose;

static inline void out8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port)); }
static inline void out32(uint16_t port, uint32_t value) { __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port)); }
static inline uint8_t in8(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

// ---- Console -------------------------------------------------------------------------------------------------------

static void put(char character) {
    while (!(in8(UART + 5) & 0x20)) {}
    out8(UART, (uint8_t)character);
}

void print(const char *text) {
    for (; *text; text++) {
        if (*text == '\n') put('\r');
        put(*text);
    }
}

void print_hex(uint64_t value) {
    print("0x");
    int shift = 60;
    while (shift > 0 && !(value >> shift & 15)) shift -= 4;
    for (; shift >= 0; shift -= 4) put("0123456789abcdef"[value >> shift & 15]);
}

static void print_count(unsigned value) {
    char text[11], *end = text + 10;
    *end = 0;
    do *--end = (char)('0' + value % 10);
    while (value /= 10);
    print(end);
}

// ---- Results -------------------------------------------------------------------------------------------------------

void print_failed(const char *name) {
    failures++;
    print("  failed: ");
    print(name);
}

// Every case begins here. With `verbose` on the command line its name is printed: the last one is where it hung.
void count_case(const char *name) {
    cases++;
    if (!verbose) return;
    print("  ");
    print(name);
    print("\n");
}

void check(const char *name, bool ok) {
    count_case(name);
    if (ok) return;
    print_failed(name);
    print("\n");
}

void check_equal(const char *name, uint64_t got, uint64_t expected) {
    count_case(name);
    if (got == expected) return;
    print_failed(name);
    print(": got ");
    print_hex(got);
    print(", expected ");
    print_hex(expected);
    print("\n");
}

void skip(const char *name) {
    skipped++;
    if (!option("skips")) return;
    print("  skipped: ");
    print(name);
    print("\n");
}

_Noreturn void finish(void) {
    print(test_name);
    print(failures ? ": FAIL" : ": PASS");
    print(" cases=");
    print_count(cases);
    print(" failed=");
    print_count(failures);
    print(" skipped=");
    print_count(skipped);
    print("\n");
    out32(DEBUG_EXIT, failures ? 1 : 0);
    for (;;) __asm__ volatile("cli; hlt");
}

// ---- Start ---------------------------------------------------------------------------------------------------------

const char *option(const char *key) {
    for (const char *at = command_line; *at; at++) {
        const char *a = at, *b = key;
        while (*b && *a == *b) a++, b++;
        if (!*b && (at == command_line || at[-1] == ' ')) return *a == '=' ? a + 1 : a;
    }
    return NULL;
}

// Xen's struct hvm_start_info: its magic number is first, the command line's address at offset 24.
void begin_results(const uint32_t *start_info) {
    if (start_info && *start_info == 0x336ec578 && start_info[6]) command_line = (const char *)(uintptr_t)start_info[6];
    verbose = option("verbose") != NULL;
    uint32_t a = 0x40000000, b, c = 0, d;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    uint32_t a1 = 1, b1, c1 = 0, d1;
    __asm__ volatile("cpuid" : "+a"(a1), "=b"(b1), "+c"(c1), "=d"(d1));
    on_tcg = (c1 >> 31) && b == 0x54474354; // "TCGT"
}

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

int memcmp(const void *a, const void *b, size_t count) {
    const uint8_t *x = a, *y = b;
    for (; count; count--, x++, y++) {
        if (*x != *y) return *x - *y;
    }
    return 0;
}
