// 32-bit paging: two levels, pages of 4 MiB, PSE-36; PAE with pages of 2 MiB, no-execute, reserved bits and the
// page-directory-pointer table; accessed and dirty bits, write protection, SMEP and SMAP under both.
#include "legacy.h"

const char test_name[] = "paging32";

enum { P = 1, W = 2, U = 4, ACC = 32, DIRTY = 64, PS = 128, G = 256 };

static uint32_t directory[1024] __attribute__((aligned(4096)));
static uint32_t table[1024] __attribute__((aligned(4096)));
static uint64_t pointers[4] __attribute__((aligned(32)));
static uint64_t pae_directory[512] __attribute__((aligned(4096)));
static uint64_t pae_other[512] __attribute__((aligned(4096)));
static uint64_t pae_table[512] __attribute__((aligned(4096)));
static uint8_t page[4096] __attribute__((aligned(4096)));
static uint8_t page2[4096] __attribute__((aligned(4096)));

#define AREA 0x40000000u
#define READ(at) TRAP("movl (%0), %%eax", ::"r"(at) : "eax", "memory")
#define WRITE(at) TRAP("movl %%eax, (%0)", ::"r"(at), "a"(0x12345678) : "memory")

// TCG 7.2 leaves out the error code's bit 0.
static void expect_reserved(const char *name, uint32_t address) { expect_page_fault(name, on_tcg ? 8 : 9, address); }

static bool has_smep, has_smap, has_nx;

// A user program that reads, writes or runs at AREA.
extern const char user_read[], user_write[], user_jump[];
__asm__(".text\nuser_read:\n\tmovl 0x40000000, %eax\n\tud2\n"
        "user_write:\n\tmovl %eax, 0x40000000\n\tud2\n"
        "user_jump:\n\tmovl $0x40000000, %eax\n\tjmp *%eax\n");

static void user(const char *name, const char *code, uint32_t vector, uint32_t error, uint32_t eip) {
    trap_clear();
    run_user((uint32_t)code, USER_STACK_TOP, 2);
    expect_trap_at(name, vector, error, eip ? eip : (uint32_t)code);
}

// Calls a RET at AREA in ring 0.
static void execute(void) {
    trap_clear();
    uint32_t target = AREA;
    __asm__ volatile("movl %0, trap_start\n\tmovl $1f, trap_resume\n\tmovl %%esp, %%esi\n\tcall *%0\n1:\tmovl %%esi, %%esp\n\t"
                     "movl $0, trap_resume" ::"r"(target) : "esi", "memory");
}

// Sets the one page at AREA, whatever the kind of paging.
static bool pae;
static void map(uint64_t entry) {
    if (pae) pae_table[0] = entry; else table[0] = (uint32_t)entry;
    invlpg(AREA);
}

static void common(void) {
    uint32_t physical = (uint32_t)page;
    *(uint32_t *)page = 0xcafef00d;
    map(physical | P | W | U);
    READ(AREA);
    expect_no_trap("read");
    check_equal("accessed", (pae ? (uint32_t)pae_table[0] : table[0]) & (ACC | DIRTY), ACC);
    WRITE(AREA);
    expect_no_trap("write");
    check_equal("dirty", (pae ? (uint32_t)pae_table[0] : table[0]) & (ACC | DIRTY), ACC | DIRTY);
    check_equal("written", *(uint32_t *)page, 0x12345678);
    map(0);
    READ(AREA + 4);
    expect_page_fault("not present: read", 0, AREA + 4);
    WRITE(AREA + 8);
    expect_page_fault("not present: write", 2, AREA + 8);
    user("not present: user read", user_read, PF, 4, 0);
    user("not present: user write", user_write, PF, 6, 0);
    execute();
    expect_page_fault("not present: fetch", (pae && has_nx) || (read_cr4() & CR4_SMEP) ? 16 : 0, AREA);
    map(physical | P | U);
    TRAP("movl %%eax, (%0)", ::"r"(AREA), "a"(1) : "memory");
    expect_no_trap("read-only, WP clear: supervisor write");
    write_cr0(read_cr0() | CR0_WP);
    WRITE(AREA);
    expect_page_fault("read-only, WP set: supervisor write", 3, AREA);
    write_cr0(read_cr0() & ~CR0_WP);
    user("read-only: user write", user_write, PF, 7, 0);
    user("read-only: user read", user_read, UD, 0, (uint32_t)user_read + 5);
    map(physical | P | W);
    user("supervisor page: user read", user_read, PF, 5, 0);
    user("supervisor page: user write", user_write, PF, 7, 0);
    user("supervisor page: user fetch", user_jump, PF, (pae && has_nx) || (read_cr4() & CR4_SMEP) ? 0x15 : 5, AREA);

    // An access over the border of two pages: the second one's address, and nothing written to the first.
    map(physical | P | W | U);
    if (pae) pae_table[1] = 0; else table[1] = 0;
    invlpg(AREA + 4096);
    *(uint32_t *)(page + 4092) = 0;
    WRITE(AREA + 4094);
    expect_page_fault("over the border: write", 2, AREA + 4096);
    check_equal("over the border: nothing is written", *(uint32_t *)(page + 4092), 0);
    if (pae) pae_table[1] = (uint32_t)page2 | P | W | U; else table[1] = (uint32_t)page2 | P | W | U;
    WRITE(AREA + 4094);
    expect_no_trap("over the border: both there");
    check_equal("over the border: the second page", *(uint16_t *)page2, 0x1234);

    // The TLB may keep what was there; a global one outlives CR3.
    write_cr4(read_cr4() | CR4_PGE);
    *(uint32_t *)page = 1, *(uint32_t *)page2 = 2;
    map(physical | P | W | U);
    READ(AREA);
    if (pae) pae_table[0] = (uint32_t)page2 | P | W | U; else table[0] = (uint32_t)page2 | P | W | U;
    write_cr3(read_cr3());
    check_equal("after a load of CR3 the table counts", *(volatile uint32_t *)AREA, 2);
    write_cr4(read_cr4() & ~CR4_PGE);

    page[0] = 0xc3;
    map(physical | P | W | U);
    execute();
    expect_no_trap("fetch");
    // With these the program itself must be in supervisor pages.
    for (unsigned i = 0; i < 256; i++) directory[i] &= ~(uint32_t)U, pae_directory[i] &= ~(uint64_t)U;
    directory[AREA >> 22] |= U;
    write_cr3(read_cr3());
    if (has_smep) {
        write_cr4(read_cr4() | CR4_SMEP);
        execute();
        expect_page_fault("SMEP: fetch", 0x11, AREA);
        map(physical | P | W);
        execute();
        expect_no_trap("SMEP: fetch from a supervisor page");
        write_cr4(read_cr4() & ~CR4_SMEP);
    } else {
        skip("SMEP");
    }
    if (has_smap) {
        map(physical | P | W | U);
        write_cr4(read_cr4() | CR4_SMAP);
        READ(AREA);
        expect_page_fault("SMAP: read", 1, AREA);
        TRAP("stac\n\tmovl (%0), %%eax\n\tclac", ::"r"(AREA) : "eax", "memory");
        expect_no_trap("SMAP: read with AC");
        write_cr4(read_cr4() & ~CR4_SMAP);
    } else {
        skip("SMAP");
    }
    for (unsigned i = 0; i < 256; i++) directory[i] |= U, pae_directory[i] |= U;
    write_cr3(read_cr3());
}

static void two_levels(void) {
    pae = false;
    // 0 to 1 GiB one to one by large pages, for everybody.
    write_cr4(read_cr4() | CR4_PSE);
    for (uint32_t i = 0; i < 256; i++) directory[i] = i << 22 | P | W | U | PS;
    directory[AREA >> 22] = (uint32_t)table | P | W | U;
    write_cr3((uint32_t)directory);
    write_cr0(read_cr0() | CR0_PG);
    common();
    check("the directory's accessed bit", directory[AREA >> 22] & ACC);
    check("the directory's dirty bit is left alone", !(directory[AREA >> 22] & DIRTY));

    directory[AREA >> 22] = (uint32_t)table | P | U;
    map((uint32_t)page | P | W | U);
    write_cr3(read_cr3());
    user("the directory forbids writes", user_write, PF, 7, 0);
    directory[AREA >> 22] = (uint32_t)table | P | W;
    write_cr3(read_cr3());
    user("the directory forbids user accesses", user_read, PF, 5, 0);
    directory[AREA >> 22] = 0;
    write_cr3(read_cr3());
    READ(AREA + 0x123);
    expect_page_fault("no table", 0, AREA + 0x123);

    // A page of 4 MiB.
    directory[AREA >> 22] = 0x400000 | P | W | U | PS;
    write_cr3(read_cr3());
    *(volatile uint32_t *)0x712344 = 0x5a5a5a5a;
    check_equal("4 MiB: read", *(volatile uint32_t *)(AREA + 0x312344), 0x5a5a5a5a);
    check_equal("4 MiB: accessed", directory[AREA >> 22] & (ACC | DIRTY), ACC);
    *(volatile uint32_t *)(AREA + 0x312344) = 1;
    check_equal("4 MiB: dirty", directory[AREA >> 22] & (ACC | DIRTY), ACC | DIRTY);
    directory[AREA >> 22] = 0x400000 | P | W | U | PS | 1 << 21;
    write_cr3(read_cr3());
    READ(AREA);
    expect_reserved("4 MiB: reserved bit 21", AREA);
    // PSE-36: bits 13 to 20 are bits 32 to 39 of the address. There is nothing at 4 GiB with 256 MiB of memory.
    directory[AREA >> 22] = 0x400000 | P | W | U | PS | 1 << 13;
    write_cr3(read_cr3());
    *(volatile uint32_t *)0x400100 = 0x11223344;
    check("PSE-36: an address above 4 GiB", *(volatile uint32_t *)(AREA + 0x100) != 0x11223344);
    write_cr0(read_cr0() & ~CR0_PG);

    // Without PSE bit 7 of a directory entry says nothing.
    write_cr4(read_cr4() & ~CR4_PSE);
    static uint32_t low[1024] __attribute__((aligned(4096)));
    for (uint32_t i = 0; i < 1024; i++) low[i] = i << 12 | P | W | U;
    memset(directory, 0, sizeof directory);
    directory[0] = (uint32_t)low | P | W | U | PS;
    directory[AREA >> 22] = (uint32_t)table | P | W | U | PS;
    map((uint32_t)page | P | W | U);
    write_cr0(read_cr0() | CR0_PG);
    *(uint32_t *)page = 77;
    check_equal("without PSE: bit 7 is ignored", *(volatile uint32_t *)AREA, 77);
    write_cr0(read_cr0() & ~CR0_PG);
    READ(AREA);
    expect_no_trap("paging is off again");
}

static void three_levels(void) {
    pae = true;
    for (uint64_t i = 0; i < 512; i++) pae_directory[i] = i << 21 | P | W | U | PS;
    pae_other[0] = (uint32_t)pae_table | P | W | U;
    pointers[0] = (uint32_t)pae_directory | P;
    pointers[1] = (uint32_t)pae_other | P;
    pointers[2] = 0;
    if (has_nx) wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
    write_cr4(read_cr4() | CR4_PAE);
    write_cr3((uint32_t)pointers);
    write_cr0(read_cr0() | CR0_PG);
    common();

    READ(0x80000000u);
    expect_page_fault("no page directory", 0, 0x80000000u);
    // The four pointers are read when CR3 is loaded.
    pointers[2] = (uint32_t)pae_other | P;
    if (on_tcg) {
        // TCG reads them at each walk.
        skip("PAE: pointers are cached");
    } else {
        READ(0x80000000u);
        expect_page_fault("a pointer counts from the next load of CR3 on", 0, 0x80000000u);
    }
    map((uint32_t)page | P | W | U);
    write_cr3(read_cr3());
    *(uint32_t *)page = 99;
    check_equal("... and then it does", *(volatile uint32_t *)0x80000000u, 99);
    for (unsigned i = 0; i < 2; i++) {
        static const uint64_t reserved[] = {1 << 1, 1ull << 52};
        pointers[3] = (uint32_t)pae_other | P | reserved[i];
        if (on_tcg) {
            skip("PAE: reserved bits of pointers");
            continue;
        }
        TRAP("movl %0, %%cr3", ::"r"(read_cr3()) : "memory");
        expect_fault("a reserved bit of a pointer: #GP at the load", GP, 0);
    }
    pointers[3] = 2; // not present: nothing is reserved
    TRAP("movl %0, %%cr3", ::"r"(read_cr3()) : "memory");
    expect_no_trap("an absent pointer with reserved bits");
    pointers[3] = 0;

    map((uint32_t)page | P | W | U | 1ull << 52);
    READ(AREA);
    expect_reserved("reserved bit 52", AREA);
    map((uint32_t)page | P | W | U | 1ull << 62);
    READ(AREA);
    expect_reserved("reserved bit 62", AREA);
    if (has_nx) {
        page[0] = 0xc3;
        map((uint32_t)page | P | W | U | 1ull << 63);
        READ(AREA);
        expect_no_trap("no-execute: read");
        execute();
        expect_page_fault("no-execute: fetch", 0x11, AREA);
        map((uint32_t)page | P | W | U);
        pae_other[0] |= 1ull << 63;
        write_cr3(read_cr3());
        execute();
        expect_page_fault("no-execute in the directory: fetch", 0x11, AREA);
        pae_other[0] &= ~(1ull << 63);
        write_cr3(read_cr3());
        wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~EFER_NXE);
        map((uint32_t)page | P | W | U | 1ull << 63);
        READ(AREA);
        expect_reserved("no-execute without NXE: reserved", AREA);
        wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
    } else {
        skip("no-execute");
    }
    // A page of 2 MiB.
    pae_other[1] = 0x400000 | P | W | U | PS;
    *(volatile uint32_t *)0x512344 = 0x5a5a5a5a;
    check_equal("2 MiB: read", *(volatile uint32_t *)(AREA + 0x312344), 0x5a5a5a5a);
    check_equal("2 MiB: accessed", (uint32_t)pae_other[1] & (ACC | DIRTY), ACC);
    pae_other[1] = 0x400000 | P | W | U | PS | 1 << 13;
    invlpg(AREA + 0x200000);
    READ(AREA + 0x200000);
    expect_reserved("2 MiB: reserved bit 13", AREA + 0x200000);
    if (!on_tcg) {
        TRAP("wrmsr", ::"a"((uint32_t)rdmsr(MSR_EFER) | (uint32_t)EFER_LME), "d"(0), "c"(MSR_EFER));
        expect_fault("LME while paging is on", GP, 0);
    }
    write_cr0(read_cr0() & ~CR0_PG);
    write_cr4(read_cr4() & ~CR4_PAE);
}

static void control(void) {
    if (on_tcg) {
        // TCG takes them as they are.
        skip("invalid CR0 and CR4");
    } else {
        TRAP("movl %0, %%cr0", ::"r"((read_cr0() | CR0_PG) & ~CR0_PE));
        expect_fault("PG without PE", GP, 0);
        TRAP("movl %0, %%cr0", ::"r"((read_cr0() | 1 << 29) & ~(1u << 30)));
        expect_fault("NW without CD", GP, 0);
        TRAP("movl %0, %%cr4", ::"r"(read_cr4() | 1u << 31));
        expect_fault("a reserved bit of CR4", GP, 0);
        TRAP("movl %0, %%cr4", ::"r"(read_cr4() | 1u << 17));
        expect_fault("PCIDE outside IA-32e mode", GP, 0);
    }
    TRAP("movl %%cr1, %%eax", ::: "eax");
    expect_fault("CR1", UD, 0);
    if (!on_tcg) {
        TRAP("wrmsr", ::"a"(0), "d"(1), "c"(MSR_EFER));
        expect_fault("a reserved bit of EFER", GP, 0);
    }
    // LMSW sets PE but can't clear it.
    TRAP("lmsw %w0", ::"r"(0x2));
    check("LMSW keeps PE", read_cr0() & CR0_PE);
}

void test_main(void) {
    has_smep = cpuid(7, 0).b >> 7 & 1;
    has_smap = cpuid(7, 0).b >> 20 & 1;
    has_nx = cpuid(0x80000001, 0).d >> 20 & 1;
    control();
    two_levels();
    three_levels();
    two_levels();
    three_levels();
}
