// A multiboot kernel of 32 bits that checks how it was entered and what it was told, then the board's fw_cfg and, where
// the command line says `testdev`, the PC test device.
//
// With -DADDRESS_FIELDS its header has the address fields, for an image that is not ELF. It runs on QEMU too:
// -kernel F -append "cpus=1 memory=65536 testdev" -initrd "M first,M second" -device isa-debug-exit,iobase=0xf4,iosize=4
// -device pc-testdev. The command line tells what to expect: `cpus`, `memory` (KiB), `upper` (KiB of mem_upper).
#include <stdbool.h>
#include <stdint.h>

#ifdef ADDRESS_FIELDS
#define FLAGS 0x10003
#else
#define FLAGS 0x00003
#endif

#define STRING_(x) #x
#define STRING(x) STRING_(x)

extern uint8_t image_start[], load_end[], bss_end[];

__asm__(".section .text.start, \"ax\"\n"
        ".balign 4\n"
        "header:\n"
        "    .long 0x1badb002, " STRING(FLAGS) ", -(0x1badb002 + " STRING(FLAGS) ")\n"
#ifdef ADDRESS_FIELDS
        "    .long header, image_start, load_end, bss_end, start\n"
#endif
        ".globl start\n"
        "start:\n"
        "    movl %esp, entry_esp\n"
        "    movl $stack_top, %esp\n"
        "    pushfl\n"
        "    popl entry_flags\n"
        "    pushl %ebx\n"
        "    pushl %eax\n"
        "    call main\n"
        "1:  hlt\n"
        "    jmp 1b\n"
        ".bss\n"
        ".balign 16\n"
        "    .skip 16384\n"
        "stack_top:\n"
        ".text\n");

uint32_t entry_esp, entry_flags;
static uint32_t zeroed[1000];
static uint32_t preset[1000] = {1, 2, 3};

struct information {
    uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4], mmap_length, mmap_addr,
        drives_length, drives_addr, config_table, boot_loader_name, apm_table;
};
struct module { uint32_t start, end, string, reserved; };
struct region { uint32_t size; uint64_t address, length; uint32_t type; } __attribute__((packed));

// ---- Ports and console ---------------------------------------------------------------------------------------------

static inline void out8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port)); }
static inline void out16(uint16_t port, uint16_t value) { __asm__ volatile("outw %0, %1" ::"a"(value), "Nd"(port)); }
static inline void out32(uint16_t port, uint32_t value) { __asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port)); }
static inline uint8_t in8(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}
static inline uint32_t in32(uint16_t port) {
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void print(const char *text) {
    for (; *text; text++) {
        while (!(in8(0x3fd) & 0x20)) {}
        out8(0x3f8, (uint8_t)*text);
    }
}
static void print_hex(uint32_t value) {
    for (int shift = 28; shift >= 0; shift -= 4) {
        char digit[2] = {"0123456789abcdef"[value >> shift & 15], 0};
        print(digit);
    }
}

static unsigned cases, failures;
static void check(const char *name, bool ok) {
    cases++;
    if (ok) return;
    failures++;
    print("  failed: "), print(name), print("\n");
}
static void check_equal(const char *name, uint32_t got, uint32_t expected) {
    check(name, got == expected);
    if (got != expected) print("    got "), print_hex(got), print(", expected "), print_hex(expected), print("\n");
}

// ---- Words -----------------------------------------------------------------------------------------------------------

// What follows `key` in a text of words; NULL where it is not there.
static const char *word(const char *text, const char *key) {
    for (; *text; text++) {
        const char *at = text, *from = key;
        while (*from && *at == *from) at++, from++;
        if (!*from) return at;
    }
    return 0;
}
static uint32_t number(const char *text) {
    uint32_t value = 0;
    while (text && *text >= '0' && *text <= '9') value = value * 10 + (uint32_t)(*text++ - '0');
    return value;
}

// ---- Cases -----------------------------------------------------------------------------------------------------------

static void entry(uint32_t magic) {
    uint32_t cr0, limit, rights;
    uint16_t selector;
    check_equal("EAX", magic, 0x2badb002);
    __asm__ volatile("movl %%cr0, %0" : "=r"(cr0));
    check_equal("CR0.PE set, CR0.PG clear", cr0 & 0x80000001, 1);
    check_equal("EFLAGS.VM and IF clear", entry_flags & 0x20200, 0);
    // Limits by the descriptors, where the table is still there (it need not be).
#define SEGMENT(name, type)                                                                                            \
    __asm__ volatile("movw %%" name ", %0" : "=r"(selector));                                                          \
    __asm__ volatile("lsll %1, %0" : "=r"(limit) : "r"((uint32_t)selector) : "cc");                                    \
    __asm__ volatile("larl %1, %0" : "=r"(rights) : "r"((uint32_t)selector) : "cc");                                   \
    check_equal(name " limit", limit, 0xffffffff);                                                                     \
    check_equal(name " type", rights & 0xc09e00, type)
    SEGMENT("cs", 0xc09a00);
    SEGMENT("ds", 0xc09200);
    SEGMENT("es", 0xc09200);
    SEGMENT("fs", 0xc09200);
    SEGMENT("gs", 0xc09200);
    SEGMENT("ss", 0xc09200);
    volatile uint32_t *low = (uint32_t *)0x600, *high = (uint32_t *)0x100600;
    uint32_t kept = *high;
    *low = 0x12345678, *high = 0x9abcdef0;
    check_equal("A20", *low, 0x12345678);
    *high = kept;
    bool zero = true;
    for (unsigned i = 0; i < 1000; i++) zero = zero && !zeroed[i];
    check("bss is zero", zero);
    check("data are loaded", preset[0] == 1 && preset[2] == 3 && preset[999] == 0);
}

static void information(const struct information *info, const char *line) {
    check_equal("flags: memory, command line, modules, map", info->flags & 0x4d, 0x4d);
    check("mem_lower", info->mem_lower >= 630 && info->mem_lower <= 640);
    if (word(line, "upper=")) check_equal("mem_upper", info->mem_upper, number(word(line, "upper=")));
    uint64_t total = 0;
    bool found_image = false;
    const uint8_t *at = (const uint8_t *)info->mmap_addr, *end = at + info->mmap_length;
    while (at < end) {
        const struct region *region = (const struct region *)at;
        check("size of an entry of the map", region->size >= 20);
        if (region->type == 1) {
            total += region->length;
            if (region->address <= (uint32_t)image_start && region->address + region->length >= (uint32_t)bss_end)
                found_image = true;
        }
        if (region->size < 20) break;
        at += region->size + 4;
    }
    check("the map ends where it says", at == end);
    check("the map has the image in RAM", found_image);
    uint32_t kib = number(word(line, "memory="));
    check("the map has the machine's RAM", total >> 10 <= kib && (total >> 10) + 1024 >= kib);
    if (info->flags & 1 << 9) check("the boot loader has a name", *(const char *)info->boot_loader_name);
}

// Each module holds the bytes 0, 7, 14 …; the first has 5 of them, the second 5000.
static void modules(const struct information *info, const char *line) {
    uint32_t count = number(word(line, "modules="));
    check_equal("number of modules", info->mods_count, count);
    const struct module *list = (const struct module *)info->mods_addr;
    for (uint32_t i = 0; i < info->mods_count && i < 2; i++) {
        const uint8_t *bytes = (const uint8_t *)list[i].start;
        check_equal("size of a module", list[i].end - list[i].start, i ? 5000 : 5);
        check_equal("a module at a page", list[i].start & 0xfff, 0);
        check("a module after the image", list[i].start >= (uint32_t)bss_end);
        bool same = true;
        for (uint32_t n = 0; n < list[i].end - list[i].start; n++) same = same && bytes[n] == (uint8_t)(n * 7);
        check("contents of a module", same);
        check("text of a module", word((const char *)list[i].string, i ? "second" : "first"));
    }
}

static uint32_t firmware(uint16_t key, unsigned bytes) {
    uint32_t value = 0;
    out16(0x510, key);
    for (unsigned i = 0; i < bytes; i++) value |= (uint32_t)in8(0x511) << (8 * i);
    return value;
}

static void firmware_configuration(const char *line) {
    check_equal("fw_cfg's signature", firmware(0, 4), 0x554d4551);
    check_equal("fw_cfg's number of CPUs", firmware(5, 2), number(word(line, "cpus=")));
    check_equal("fw_cfg's amount of memory", firmware(3, 4) >> 10, number(word(line, "memory=")));
}

static uint16_t requests(void) {
    out8(0x20, 0x0a), out8(0xa0, 0x0a); // OCW3: the interrupt request register next
    return (uint16_t)(in8(0x20) | in8(0xa0) << 8);
}

static void test_device(void) {
    out32(0xe0, 0x11223344);
    check_equal("test device: doubleword", in32(0xe0), 0x11223344);
    out8(0xe1, 0x55);
    check_equal("test device: byte", in32(0xe0), 0x11225544);
    check_equal("test device: bytes of E8H", in8(0xe8 + 3), 0x11);
    out32(0xe8, 0xa5a5a5a5);
    check_equal("test device: E8H is the same register", in32(0xe0), 0xa5a5a5a5);
    out32(0xe4, 0x100000); // flushes a page: nothing to see
    volatile uint32_t *memory = (uint32_t *)0xff000000;
    memory[0] = 1, memory[0x3fff] = 0xdeadbeef;
    check_equal("test device: memory", memory[0x3fff], 0xdeadbeef);
    check_equal("test device: memory's byte", ((volatile uint8_t *)memory)[0xfffd], 0xbe);
    // Initialise the 8259 pair with all inputs masked, and look for requests.
    out8(0x20, 0x11), out8(0x21, 0x20), out8(0x21, 4), out8(0x21, 1), out8(0x21, 0xff);
    out8(0xa0, 0x11), out8(0xa1, 0x28), out8(0xa1, 2), out8(0xa1, 1), out8(0xa1, 0xff);
    uint16_t before = requests();
    out8(0x2000 + 5, 1), out8(0x2000 + 14, 0x80);
    check_equal("test device: interrupt lines up", requests() & ~before & 0x4020, 0x4020);
    out8(0x2000 + 5, 0), out8(0x2000 + 14, 0);
}

void main(uint32_t magic, const struct information *info) {
    entry(magic);
    const char *line = info->flags & 4 ? (const char *)info->cmdline : "";
    print("command line: "), print(line), print("\n");
    information(info, line);
    modules(info, line);
    firmware_configuration(line);
    if (word(line, "testdev")) test_device();
    print(failures ? "multiboot: FAIL\n" : "multiboot: PASS\n");
    for (;;) out32(0xf4, failures ? 1 : 0);
}
