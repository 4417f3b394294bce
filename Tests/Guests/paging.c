// Page walks: permissions, error codes, accessed and dirty bits, page sizes, invalidation, canonical addresses.
// Intel SDM volume 3, chapter 4; AMD APM volume 2, chapter 5.
#include "test.h"

const char test_name[] = "paging";

#define PAGE(n) (TEST_AREA + (n) * 4096ull)
static uint8_t data[16][4096] __attribute__((aligned(4096)));
static uint8_t user_stack[4096] __attribute__((aligned(4096)));
static uint64_t other_pml4[512] __attribute__((aligned(4096)));
static uint64_t other_pdpt[512] __attribute__((aligned(4096)));
static uint64_t other_pd[512] __attribute__((aligned(4096)));
static uint64_t other_pt[512] __attribute__((aligned(4096)));
// 2 MiB of its own, for large pages.
static uint8_t large[0x200000] __attribute__((aligned(0x200000)));

#define READ(address) TRAP("movb (%0), %%al", : : "r"(address) : "rax", "memory")
#define WRITE(address) TRAP("movb $0x5a, (%0)", : : "r"(address) : "memory")
#define RMW(address) TRAP("addb $1, (%0)", : : "r"(address) : "memory", "cc")
// A call there. The instruction pointer of a fetch fault is the target; the stack is put right after the trap.
static void fetch(uint64_t address) {
    trap_clear();
    uint64_t stack;
    __asm__ volatile("movq %%rsp, %0\n\t"
                     "movq $552f, trap_resume\n\t"
                     "callq *%1\n552:\t"
                     "movq %0, %%rsp\n\t"
                     "movq $0, trap_resume"
                     : "=&b"(stack)
                     : "r"(address)
                     : "memory", "cc");
}

static void expect_fetch_fault(const char *name, uint64_t error, uint64_t address) {
    trap_start = address;
    expect_page_fault(name, error, address);
}

// Reserved bits are looked at in present entries only, so P is set too (SDM volume 3, 4.7). TCG leaves it clear.
static void expect_reserved(const char *name, uint64_t error, uint64_t address) {
    if (on_tcg) trap.frame.error |= P;
    expect_page_fault(name, error, address);
}

static void reset_flags(void) {
    boot_pml4[1] &= ~(uint64_t)(A | D);
    test_pdpt[0] &= ~(uint64_t)(A | D);
    test_pd[0] &= ~(uint64_t)(A | D);
    write_cr3(read_cr3());
}

static void permissions(void) {
    uint64_t page = (uint64_t)data[0];
    uint64_t cr0 = read_cr0();
    write_cr0(cr0 | CR0_WP);

    map_test(0, 0);
    READ(PAGE(0) + 5);
    expect_page_fault("not present: read", 0, PAGE(0) + 5);
    WRITE(PAGE(0) + 6);
    expect_page_fault("not present: write", 2, PAGE(0) + 6);
    RMW(PAGE(0) + 7);
    if (!(trap.frame.error & 2)) skip("not present: read-modify-write faults as a write"); // processors do; TCG not
    trap.frame.error |= 2;
    expect_page_fault("not present: read-modify-write", 2, PAGE(0) + 7);
    fetch(PAGE(0));
    expect_fetch_fault("not present: fetch, NXE on", 0x10, PAGE(0));
    map_test(0, W | U | A | D);
    READ(PAGE(0));
    expect_page_fault("not present, other bits set", 0, PAGE(0));

    map_test(0, page | P);
    READ(PAGE(0));
    expect_no_trap("read-only: read");
    WRITE(PAGE(0) + 0xfff);
    expect_page_fault("read-only: write with WP", 3, PAGE(0) + 0xfff);
    RMW(PAGE(0));
    expect_page_fault("read-only: read-modify-write with WP", 3, PAGE(0));
    TRAP("lock; cmpxchgb %%al, (%0)", : : "r"(PAGE(0)) : "rax", "memory", "cc");
    expect_page_fault("read-only: a cmpxchg that would not store still faults as a write", 3, PAGE(0));
    TRAP("xchgq %%rax, (%0)", : : "r"(PAGE(0)) : "rax", "memory");
    expect_page_fault("read-only: xchg", 3, PAGE(0));
    TRAP("btsl $3, (%0)", : : "r"(PAGE(0)) : "memory", "cc");
    expect_page_fault("read-only: bts", 3, PAGE(0));
    TRAP("btl $3, (%0)", : : "r"(PAGE(0)) : "memory", "cc");
    expect_no_trap("read-only: bt only reads");
    TRAP("cmpb $3, (%0)", : : "r"(PAGE(0)) : "memory", "cc");
    expect_no_trap("read-only: cmp only reads");
    TRAP("testb $3, (%0)", : : "r"(PAGE(0)) : "memory", "cc");
    expect_no_trap("read-only: test only reads");
    write_cr0(cr0 & ~CR0_WP);
    WRITE(PAGE(0));
    expect_no_trap("read-only: supervisor write without WP");
    check_equal("read-only: the write without WP happened", data[0][0], 0x5a);
    write_cr0(cr0 | CR0_WP);
    WRITE(PAGE(0));
    expect_page_fault("read-only: WP on again needs no flush", 3, PAGE(0));

    // Write permission is the AND of all levels.
    map_test(0, page | P | W);
    WRITE(PAGE(0));
    expect_no_trap("writable: write");
    uint64_t *levels[] = {&boot_pml4[1], &test_pdpt[0], &test_pd[0]};
    const char *write_names[] = {"read-only PML4E", "read-only PDPTE", "read-only PDE"};
    const char *nx_names[] = {"NX in the PML4E", "NX in the PDPTE", "NX in the PDE"};
    const char *absent_names[] = {"absent PML4E", "absent PDPTE", "absent PDE"};
    *(volatile uint8_t *)PAGE(0) = 0xc3; // ret
    for (int i = 0; i < 3; i++) {
        uint64_t entry = *levels[i];
        *levels[i] = entry & ~(uint64_t)W;
        invlpg(PAGE(0));
        WRITE(PAGE(0));
        expect_page_fault(write_names[i], 3, PAGE(0));
        READ(PAGE(0));
        expect_no_trap(write_names[i]);
        *levels[i] = entry | NX;
        invlpg(PAGE(0));
        fetch(PAGE(0));
        expect_fetch_fault(nx_names[i], 0x11, PAGE(0));
        READ(PAGE(0));
        expect_no_trap(nx_names[i]);
        *levels[i] = entry & ~(uint64_t)P;
        invlpg(PAGE(0));
        WRITE(PAGE(0));
        expect_page_fault(absent_names[i], 2, PAGE(0));
        *levels[i] = entry;
        invlpg(PAGE(0));
    }

    // No execute.
    fetch(PAGE(0));
    expect_no_trap("executable: fetch");
    map_test(0, page | P | W | NX);
    fetch(PAGE(0));
    expect_fetch_fault("NX: fetch", 0x11, PAGE(0));
    WRITE(PAGE(0));
    expect_no_trap("NX: write");
    // Across a page border: the first byte of a two-byte instruction is on an executable page, the second is not.
    map_test(1, (uint64_t)data[1] | P | W | NX);
    map_test(0, page | P | W);
    ((volatile uint8_t *)PAGE(0))[0xfff] = 0x90;
    ((volatile uint8_t *)PAGE(1))[0] = 0xc3;
    fetch(PAGE(0) + 0xfff);
    trap_start = PAGE(1);
    expect_page_fault("NX: running on into the next page", 0x11, PAGE(1));
    ((volatile uint8_t *)PAGE(0))[0xfff] = 0xeb; // jmp rel8, the displacement on the next page
    fetch(PAGE(0) + 0xfff);
    trap_start = PAGE(0) + 0xfff;
    expect_page_fault("NX: an instruction that reaches into the next page", 0x11, PAGE(1));
    map_test(1, 0);
    fetch(PAGE(0) + 0xfff);
    trap_start = PAGE(0) + 0xfff;
    expect_page_fault("an instruction that reaches into an absent page", 0x10, PAGE(1));

    // Without EFER.NXE the bit is reserved, and fetch faults do not say that they are.
    uint64_t efer = rdmsr(MSR_EFER);
    map_test(0, page | P | W | NX);
    wrmsr(MSR_EFER, efer & ~EFER_NXE);
    write_cr3(read_cr3());
    READ(PAGE(0));
    expect_reserved("NX bit with NXE off is reserved", 9, PAGE(0));
    map_test(0, 0);
    fetch(PAGE(0));
    expect_fetch_fault("not present: fetch, NXE off", 0, PAGE(0));
    wrmsr(MSR_EFER, efer);
    write_cr3(read_cr3());
    write_cr0(cr0);
}

static void reserved_bits(void) {
    unsigned bits = cpuid(0x80000008, 0).a & 0xff;
    check("physical address width is sane", bits >= 32 && bits <= 52);
    if (bits < 52) {
        map_test(0, (uint64_t)data[0] | P | W | 1ull << 51);
        READ(PAGE(0));
        expect_reserved("reserved: address bit 51 in a PTE", 9, PAGE(0));
        WRITE(PAGE(0));
        expect_reserved("reserved: address bit 51 in a PTE, write", 0xb, PAGE(0));
        map_test(0, (uint64_t)data[0] | P | W);
        test_pd[0] |= 1ull << 51;
        invlpg(PAGE(0));
        READ(PAGE(0));
        expect_reserved("reserved: address bit 51 in a PDE", 9, PAGE(0));
    } else {
        skip("reserved address bits");
    }
    map_test(0, (uint64_t)data[0] | P | W);
    test_pd[1] = (uint64_t)large | P | W | PS | 1 << 14;
    READ(TEST_AREA + 0x200000);
    expect_reserved("reserved: bit 14 in a 2 MiB PDE", 9, TEST_AREA + 0x200000);
    test_pd[1] = 0;
    boot_pml4[1] |= PS;
    invlpg(PAGE(0));
    READ(PAGE(0));
    expect_reserved("reserved: PS in a PML4E", 9, PAGE(0));
    boot_pml4[1] &= ~(uint64_t)PS;
    invlpg(PAGE(0));
    if (!has_ext_d(26)) {
        test_pdpt[1] = P | W | PS;
        READ(TEST_AREA + 0x40000000);
        expect_reserved("reserved: PS in a PDPTE without 1 GiB pages", 9, TEST_AREA + 0x40000000);
        test_pdpt[1] = 0;
    }
    map_test(0, (uint64_t)data[0] | P | W | 0xe00 | 0x7full << 52);
    READ(PAGE(0));
    expect_no_trap("ignored bits 9 to 11 and 52 to 58");
}

static void accessed_dirty(void) {
    uint64_t entry = (uint64_t)data[2] | P | W;
    volatile uint8_t *at = (volatile uint8_t *)PAGE(2);
    map_test(2, entry);
    reset_flags();
    (void)at[8];
    check_equal("A/D: a read sets A in the PTE only", test_pt[2], entry | A);
    check_equal("A/D: a read sets A in the PDE", test_pd[0] & (A | D), A);
    check_equal("A/D: a read sets A in the PDPTE", test_pdpt[0] & (A | D), A);
    check_equal("A/D: a read sets A in the PML4E", boot_pml4[1] & (A | D), A);
    at[9] = 1; // the translation is cached with D clear: it must be set now
    check_equal("A/D: a write after a read sets D", test_pt[2], entry | A | D);
    check_equal("A/D: no D in the PDE", test_pd[0] & (A | D), A);
    map_test(2, entry);
    at[10] = 2;
    check_equal("A/D: a write sets both", test_pt[2], entry | A | D);
    map_test(2, entry | A);
    (void)at[1];
    check_equal("A/D: a read leaves D alone", test_pt[2], entry | A);
    map_test(2, entry);
    __asm__ volatile("lock; cmpxchgb %%bl, (%0)" ::"r"(PAGE(2)), "a"(at[0] + 1) : "memory", "cc");
    check_equal("A/D: a failed cmpxchg sets D", test_pt[2] & (A | D), A | D);
    map_test(2, entry);
    at[0] = 0xc3;
    map_test(2, entry);
    fetch(PAGE(2));
    check_equal("A/D: a fetch sets A", test_pt[2], entry | A);
    map_test(2, entry & ~(uint64_t)W);
    write_cr0(read_cr0() | CR0_WP);
    WRITE(PAGE(2));
    expect_page_fault("A/D: a refused write", 3, PAGE(2));
    check_equal("A/D: a refused write sets no D", test_pt[2] & D, 0);
    write_cr0(read_cr0() & ~CR0_WP);

    // Both pages of an access across a border.
    map_test(2, entry);
    map_test(3, (uint64_t)data[3] | P | W);
    *(volatile uint64_t *)(PAGE(3) - 4) = 0x1122334455667788;
    check_equal("A/D: border, first page", test_pt[2] & (A | D), A | D);
    check_equal("A/D: border, second page", test_pt[3] & (A | D), A | D);
    check_equal("border: first half", *(uint32_t *)(data[2] + 4092), 0x55667788);
    check_equal("border: second half", *(uint32_t *)data[3], 0x11223344);

    // Writing again after the bits were cleared, and the translation dropped.
    test_pt[2] = entry;
    invlpg(PAGE(2));
    at[0] = 3;
    check_equal("A/D: set again after invlpg", test_pt[2] & (A | D), A | D);
    test_pt[2] = entry;
    write_cr3(read_cr3());
    at[0] = 4;
    check_equal("A/D: set again after a CR3 load", test_pt[2] & (A | D), A | D);
}

static void borders(void) {
    map_test(4, (uint64_t)data[4] | P | W);
    map_test(5, 0);
    *(uint32_t *)(data[4] + 4092) = 0xabcdef01;
    TRAP("movq (%0), %%rax", : : "r"(PAGE(5) - 4) : "rax", "memory");
    expect_page_fault("border: a read whose second page is absent", 0, PAGE(5));
    TRAP("movq %1, (%0)", : : "r"(PAGE(5) - 4), "r"(0ull) : "memory");
    expect_page_fault("border: a write whose second page is absent", 2, PAGE(5));
    check_equal("border: the refused write wrote nothing", *(uint32_t *)(data[4] + 4092), 0xabcdef01);
    TRAP("addq %1, (%0)", : : "r"(PAGE(5) - 1), "r"(1ull) : "memory", "cc");
    trap.frame.error |= 2;
    expect_page_fault("border: read-modify-write", 2, PAGE(5));
    map_test(4, 0);
    map_test(5, (uint64_t)data[5] | P | W);
    TRAP("movq (%0), %%rax", : : "r"(PAGE(5) - 4) : "rax", "memory");
    expect_page_fault("border: a read whose first page is absent", 0, PAGE(5) - 4);
    map_test(4, (uint64_t)data[4] | P | W);
    map_test(5, (uint64_t)data[5] | P);
    write_cr0(read_cr0() | CR0_WP);
    TRAP("movq %1, (%0)", : : "r"(PAGE(5) - 2), "r"(0ull) : "memory");
    expect_page_fault("border: a write whose second page is read-only", 3, PAGE(5));
    check_equal("border: that write wrote nothing either", *(uint16_t *)(data[4] + 4094), 0xabcd);
    write_cr0(read_cr0() & ~CR0_WP);

    // Two virtual neighbours that are no physical neighbours.
    map_test(4, (uint64_t)data[9] | P | W);
    map_test(5, (uint64_t)data[7] | P | W);
    *(volatile uint64_t *)(PAGE(5) - 3) = 0x8877665544332211;
    check_equal("border: scattered pages, first part", *(uint32_t *)(data[9] + 4092) >> 8, 0x332211);
    check_equal("border: scattered pages, second part", *(uint64_t *)data[7] & 0xffffffffff, 0x8877665544);
    check_equal("border: scattered pages, read back", *(volatile uint64_t *)(PAGE(5) - 3), 0x8877665544332211);
}

static void sizes(void) {
    large[0x1234] = 0x42;
    test_pd[1] = (uint64_t)large | P | W | PS;
    invlpg(TEST_AREA + 0x200000);
    volatile uint8_t *at = (volatile uint8_t *)(TEST_AREA + 0x200000);
    check_equal("2 MiB: read", at[0x1234], 0x42);
    check_equal("2 MiB: a read sets A", test_pd[1] & (A | D), A);
    at[0x1fffff] = 0x43;
    check_equal("2 MiB: a write sets D", test_pd[1] & (A | D), A | D);
    check_equal("2 MiB: last byte", large[0x1fffff], 0x43);
    test_pd[1] = (uint64_t)large | P | PS;
    invlpg(TEST_AREA + 0x200000 + 0x5000); // any address of the page drops it
    write_cr0(read_cr0() | CR0_WP);
    WRITE(TEST_AREA + 0x2ff000);
    expect_page_fault("2 MiB: read-only", 3, TEST_AREA + 0x2ff000);
    write_cr0(read_cr0() & ~CR0_WP);
    test_pd[1] = (uint64_t)large | P | PS | NX;
    invlpg(TEST_AREA + 0x200000);
    fetch(TEST_AREA + 0x200000);
    expect_fetch_fault("2 MiB: NX", 0x11, TEST_AREA + 0x200000);

    // The PAT bit of a large page is bit 12, not part of the address.
    test_pd[1] = (uint64_t)large | P | W | PS | 1 << 12;
    invlpg(TEST_AREA + 0x200000);
    check_equal("2 MiB: bit 12 is no address bit", at[0x1234], 0x42);

    // From 2 MiB to 4 KiB pages and back.
    test_pd[1] = (uint64_t)other_pt | P | W;
    for (int i = 0; i < 512; i++) other_pt[i] = ((uint64_t)large + ((511 - i) << 12)) | P | W;
    invlpg(TEST_AREA + 0x201000);
    check_equal("2 MiB split into 4 KiB, reversed", at[0x1fe234], 0x42);
    test_pd[1] = (uint64_t)large | P | W | PS;
    write_cr3(read_cr3());
    check_equal("4 KiB joined to 2 MiB", at[0x1234], 0x42);

    if (has_ext_d(26)) {
        test_pdpt[1] = P | W | PS;
        volatile uint8_t *giant = (volatile uint8_t *)(TEST_AREA + 0x40000000);
        check_equal("1 GiB: read", giant[(uint64_t)large + 0x1234], 0x42);
        check_equal("1 GiB: a read sets A", test_pdpt[1] & (A | D), A);
        giant[(uint64_t)large + 0x1235] = 0x77;
        check_equal("1 GiB: a write sets D", test_pdpt[1] & (A | D), A | D);
        check_equal("1 GiB: the write arrived", large[0x1235], 0x77);
        test_pdpt[1] = P | W | PS | 1 << 13;
        invlpg(TEST_AREA + 0x40000000);
        READ(TEST_AREA + 0x40000000);
        expect_reserved("1 GiB: reserved bit 13", 9, TEST_AREA + 0x40000000);
        test_pdpt[1] = 0;
    } else {
        skip("1 GiB pages");
    }
}

static void invalidation(void) {
    volatile uint8_t *at = (volatile uint8_t *)PAGE(6);
    data[6][0] = 6, data[7][0] = 7;
    map_test(6, (uint64_t)data[6] | P | W);
    check_equal("invlpg: before", at[0], 6);
    test_pt[6] = (uint64_t)data[7] | P | W;
    invlpg(PAGE(6) + 123);
    check_equal("invlpg: after", at[0], 7);
    test_pt[6] = (uint64_t)data[6] | P | W;
    write_cr3(read_cr3());
    check_equal("CR3 load drops translations", at[0], 6);
    // From absent to present needs no invalidation.
    test_pt[6] = 0;
    invlpg(PAGE(6));
    READ(PAGE(6));
    expect_page_fault("absent", 0, PAGE(6));
    test_pt[6] = (uint64_t)data[7] | P | W;
    check_equal("absent entries are not cached", at[0], 7);
    // A fault drops the translation of its address: a spurious fault does not happen twice.
    write_cr0(read_cr0() | CR0_WP);
    test_pt[6] = (uint64_t)data[7] | P;
    invlpg(PAGE(6));
    (void)at[0];
    WRITE(PAGE(6));
    expect_page_fault("read-only", 3, PAGE(6));
    test_pt[6] |= W;
    WRITE(PAGE(6));
    WRITE(PAGE(6));
    expect_no_trap("a fault drops the translation");
    write_cr0(read_cr0() & ~CR0_WP);
    data[7][0] = 7;

    // Changing a table at a higher level.
    for (int i = 0; i < 512; i++) other_pt[i] = (uint64_t)data[6] | P | W;
    map_test(6, (uint64_t)data[7] | P | W);
    check_equal("PDE change: before", at[0], 7);
    uint64_t pde = test_pd[0];
    test_pd[0] = (uint64_t)other_pt | P | W;
    invlpg(PAGE(6));
    check_equal("PDE change: invlpg drops the upper levels too", at[0], 6);
    test_pd[0] = pde;
    write_cr3(read_cr3());
    check_equal("PDE change: back", at[0], 7);

    // Global pages: CR4.PGE off and on drops them; so does invlpg.
    write_cr4(read_cr4() | CR4_PGE);
    map_test(6, (uint64_t)data[6] | P | W | G);
    check_equal("global: before", at[0], 6);
    test_pt[6] = (uint64_t)data[7] | P | W | G;
    invlpg(PAGE(6));
    check_equal("global: invlpg", at[0], 7);
    test_pt[6] = (uint64_t)data[6] | P | W | G;
    write_cr4(read_cr4() & ~CR4_PGE);
    check_equal("global: CR4.PGE off", at[0], 6);
    test_pt[6] = (uint64_t)data[7] | P | W | G;
    write_cr4(read_cr4() | CR4_PGE);
    check_equal("global: CR4.PGE on", at[0], 7);
    write_cr4(read_cr4() & ~CR4_PGE);
    map_test(6, (uint64_t)data[7] | P | W);

    // Another root: the same address, another page.
    memcpy(other_pml4, boot_pml4, sizeof other_pml4);
    other_pml4[1] = (uint64_t)other_pdpt | P | W;
    other_pdpt[0] = (uint64_t)other_pd | P | W;
    other_pd[0] = (uint64_t)other_pt | P | W;
    uint64_t cr3 = read_cr3();
    check_equal("root: ours", at[0], 7);
    write_cr3((uint64_t)other_pml4);
    check_equal("root: other", at[0], 6);
    write_cr3(cr3);
    check_equal("root: ours again", at[0], 7);

    // 2000 pages in a row, to overflow any cache of translations.
    for (int i = 0; i < 512; i++) test_pt[i] = (uint64_t)data[i & 15] | P | W;
    for (int i = 0; i < 16; i++) data[i][100] = (uint8_t)(i * 3);
    write_cr3(cr3);
    unsigned wrong = 0;
    for (unsigned i = 0; i < 2000; i++) {
        unsigned page = i * 37 & 511;
        if (*(volatile uint8_t *)(PAGE(page) + 100) != (page & 15) * 3) wrong++;
    }
    check_equal("many pages", wrong, 0);
}

// Runs ring-3 code: `code` is copied to page 8 and entered with rdi = argument. It ends with int $0x80, or a fault.
static void user(const void *code, size_t size, uint64_t argument) {
    memcpy(data[8], code, size);
    map_test(8, (uint64_t)data[8] | P | U);
    map_test(9, (uint64_t)user_stack | P | W | U | NX);
    trap_clear();
    run_user(PAGE(8), PAGE(9) + 4096, argument, 2);
}
static const uint8_t user_read[] = {0x8a, 0x07, 0xcd, 0x80};        // mov (%rdi), %al; int $0x80
static const uint8_t user_write[] = {0xc6, 0x07, 0x5a, 0xcd, 0x80}; // movb $0x5a, (%rdi); int $0x80
static const uint8_t user_call[] = {0xff, 0xd7, 0xcd, 0x80};        // call *%rdi; int $0x80

static void expect_user_ok(const char *name) {
    check_equal(name, trap.frame.vector, 0x80);
    check_equal(name, trap.frame.cs, USER_CS);
}

static void users(void) {
    map_test(10, (uint64_t)data[10] | P | W);
    user(user_read, sizeof user_read, PAGE(10));
    expect_page_fault("user: read of a supervisor page", 5, PAGE(10));
    user(user_write, sizeof user_write, PAGE(10));
    expect_page_fault("user: write to a supervisor page", 7, PAGE(10));
    user(user_call, sizeof user_call, PAGE(10));
    trap_start = PAGE(10);
    expect_page_fault("user: fetch from a supervisor page", 0x15, PAGE(10));
    map_test(10, 0);
    user(user_read, sizeof user_read, PAGE(10));
    expect_page_fault("user: read, not present", 4, PAGE(10));
    user(user_write, sizeof user_write, PAGE(10));
    expect_page_fault("user: write, not present", 6, PAGE(10));
    user(user_call, sizeof user_call, PAGE(10));
    trap_start = PAGE(10);
    expect_page_fault("user: fetch, not present", 0x14, PAGE(10));

    map_test(10, (uint64_t)data[10] | P | U);
    user(user_read, sizeof user_read, PAGE(10));
    expect_user_ok("user: read of a user page");
    user(user_write, sizeof user_write, PAGE(10));
    expect_page_fault("user: write to a read-only page, WP off", 7, PAGE(10));
    map_test(10, (uint64_t)data[10] | P | U | W);
    user(user_write, sizeof user_write, PAGE(10));
    expect_user_ok("user: write to a user page");
    data[10][0] = 0xc3;
    user(user_call, sizeof user_call, PAGE(10));
    expect_user_ok("user: fetch from a user page");
    map_test(10, (uint64_t)data[10] | P | U | W | NX);
    user(user_call, sizeof user_call, PAGE(10));
    trap_start = PAGE(10);
    expect_page_fault("user: fetch from an NX page", 0x15, PAGE(10));

    // The same translation, first used by ring 0, then by ring 3.
    map_test(10, (uint64_t)data[10] | P | W);
    READ(PAGE(10));
    user(user_read, sizeof user_read, PAGE(10));
    expect_page_fault("user: a translation that ring 0 has cached", 5, PAGE(10));

    // U is the AND of all levels. Page 10 is in a table of its own here, the code stays reachable.
    uint64_t address = TEST_AREA + 0x400000;
    other_pt[0] = (uint64_t)data[10] | P | W | U;
    test_pd[2] = (uint64_t)other_pt | P | W;
    invlpg(address);
    user(user_read, sizeof user_read, address);
    expect_page_fault("user: supervisor PDE", 5, address);
    test_pd[2] |= U;
    invlpg(address);
    user(user_read, sizeof user_read, address);
    expect_user_ok("user: user PDE");
    test_pd[2] &= ~(uint64_t)W;
    invlpg(address);
    user(user_write, sizeof user_write, address);
    expect_page_fault("user: read-only PDE", 7, address);
    test_pd[2] = 0;
}

static void smep_smap(void) {
    data[10][0] = 0xc3;
    map_test(10, (uint64_t)data[10] | P | U | W);
    write_cr4(read_cr4() & ~(CR4_SMEP | CR4_SMAP));
    fetch(PAGE(10));
    expect_no_trap("no SMEP: supervisor fetch from a user page");
    if (has_leaf7_b(7)) {
        write_cr4(read_cr4() | CR4_SMEP);
        fetch(PAGE(10));
        expect_fetch_fault("SMEP: supervisor fetch from a user page", 0x11, PAGE(10));
        READ(PAGE(10));
        expect_no_trap("SMEP: reads are not concerned");
        user(user_call, sizeof user_call, PAGE(10));
        expect_user_ok("SMEP: user fetch");
        // A supervisor entry at one level makes it a supervisor page.
        test_pd[0] &= ~(uint64_t)U;
        invlpg(PAGE(10));
        fetch(PAGE(10));
        expect_no_trap("SMEP: a page that is supervisor by its PDE");
        test_pd[0] |= U;
        write_cr4(read_cr4() & ~CR4_SMEP);
        invlpg(PAGE(10));
        fetch(PAGE(10));
        expect_no_trap("SMEP off again");
    } else {
        skip("SMEP");
    }
    if (has_leaf7_b(20)) {
        write_cr4(read_cr4() | CR4_SMAP);
        __asm__ volatile("clac");
        READ(PAGE(10));
        expect_page_fault("SMAP: supervisor read of a user page", 1, PAGE(10));
        WRITE(PAGE(10));
        expect_page_fault("SMAP: supervisor write to a user page", 3, PAGE(10));
        __asm__ volatile("stac");
        READ(PAGE(10));
        expect_no_trap("SMAP: read with AC");
        WRITE(PAGE(10));
        expect_no_trap("SMAP: write with AC");
        __asm__ volatile("clac");
        READ(PAGE(10));
        expect_page_fault("SMAP: after clac", 1, PAGE(10));
        data[10][0] = 0xc3;
        fetch(PAGE(10));
        expect_no_trap("SMAP: fetches are not concerned");
        uint64_t flags;
        __asm__ volatile("stac; pushfq; popq %0; clac" : "=r"(flags));
        check_equal("stac sets AC", flags >> 18 & 1, 1);
        __asm__ volatile("stac; clac; pushfq; popq %0" : "=r"(flags));
        check_equal("clac clears AC", flags >> 18 & 1, 0);
        // popf can set it too.
        __asm__ volatile("pushfq; orq $0x40000, (%%rsp); popfq" ::: "memory", "cc");
        READ(PAGE(10));
        expect_no_trap("SMAP: AC by popf");
        __asm__ volatile("clac");
        // Ring 3 itself, and the trap frames it causes, are not concerned.
        user(user_read, sizeof user_read, PAGE(10));
        expect_user_ok("SMAP: user read");
        write_cr4(read_cr4() & ~CR4_SMAP);
        READ(PAGE(10));
        expect_no_trap("SMAP off again");
        TRAP("stac", : : : "cc");
        expect_no_trap("stac without CR4.SMAP");
        __asm__ volatile("clac");
    } else {
        skip("SMAP");
        TRAP("stac", : : : "cc");
        expect_fault("stac is undefined without SMAP", UD, 0);
    }
}

static void invpcid(uint64_t type, uint64_t pcid, uint64_t address) {
    uint64_t descriptor[2] = {pcid, address};
    __asm__ volatile("invpcid %0, %1" ::"m"(descriptor), "r"(type) : "memory");
}

static void pcid(void) {
    uint64_t cr3 = read_cr3();
    if (on_tcg) {
        skip("CR3 bit 63 without PCIDE"); // TCG takes it for a part of the address
    } else {
        TRAP("movq %0, %%cr3", : : "r"(cr3 | 1ull << 63) : "memory");
        expect_fault("CR3 bit 63 without PCIDE", GP, 0);
    }
    if (!has_leaf1_c(17)) {
        skip("PCID");
        if (on_tcg) return; // it lets the bit be set
        TRAP("movq %0, %%cr4", : : "r"(read_cr4() | CR4_PCIDE) : "memory");
        expect_fault("CR4.PCIDE is reserved without PCID", GP, 0);
        return;
    }
    volatile uint8_t *at = (volatile uint8_t *)PAGE(6);
    data[6][0] = 6, data[7][0] = 7;
    write_cr3(cr3 | PWT);
    TRAP("movq %0, %%cr4", : : "r"(read_cr4() | CR4_PCIDE) : "memory");
    expect_fault("setting PCIDE with a PCID in CR3", GP, 0);
    write_cr3(cr3);
    write_cr4(read_cr4() | CR4_PCIDE);
    TRAP("movq %0, %%cr0", : : "r"(read_cr0() & ~0x80000000ull) : "memory");
    expect_fault("clearing PG with PCIDE", GP, 0);

    for (int i = 0; i < 512; i++) other_pt[i] = (uint64_t)data[6] | P | W;
    memcpy(other_pml4, boot_pml4, sizeof other_pml4);
    other_pml4[1] = (uint64_t)other_pdpt | P | W;
    other_pdpt[0] = (uint64_t)other_pd | P | W;
    other_pd[0] = (uint64_t)other_pt | P | W;
    map_test(6, (uint64_t)data[7] | P | W);
    uint64_t one = cr3 | 1, two = (uint64_t)other_pml4 | 2, keep = 1ull << 63;
    write_cr3(one);
    write_cr3(two);
    for (int i = 0; i < 3; i++) {
        write_cr3(one | keep);
        check_equal("PCID 1 sees its page", at[0], 7);
        check_equal("CR3 reads back with the PCID", read_cr3(), one);
        write_cr3(two | keep);
        check_equal("PCID 2 sees its page", at[0], 6);
    }
    // A change in one's table, flushed in each of the ways, seen when it runs again.
    data[5][0] = 5;
    write_cr3(one | keep);
    test_pt[6] = (uint64_t)data[5] | P | W;
    write_cr3(one);
    check_equal("PCID: CR3 load without bit 63 flushes it", at[0], 5);
    test_pt[6] = (uint64_t)data[7] | P | W;
    invlpg(PAGE(6));
    check_equal("PCID: invlpg", at[0], 7);
    if (has_leaf7_b(10)) {
        write_cr3(two | keep);
        test_pt[6] = (uint64_t)data[5] | P | W;
        invpcid(0, 1, PAGE(6));
        write_cr3(one | keep);
        check_equal("INVPCID: one address of another PCID", at[0], 5);
        write_cr3(two | keep);
        test_pt[6] = (uint64_t)data[7] | P | W;
        invpcid(1, 1, 0);
        write_cr3(one | keep);
        check_equal("INVPCID: all of another PCID", at[0], 7);
        test_pt[6] = (uint64_t)data[5] | P | W;
        invpcid(3, 0, 0);
        check_equal("INVPCID: all but global", at[0], 5);
        write_cr4(read_cr4() | CR4_PGE);
        test_pt[6] = (uint64_t)data[7] | P | W | G;
        invpcid(2, 0, 0);
        check_equal("INVPCID: all, before", at[0], 7);
        test_pt[6] = (uint64_t)data[5] | P | W | G;
        invpcid(2, 0, 0);
        check_equal("INVPCID: all with global", at[0], 5);
        write_cr4(read_cr4() & ~CR4_PGE);
        uint64_t descriptor[2] = {0, 0};
        TRAP("invpcid %0, %1", : : "m"(descriptor), "r"(4ull) : "memory");
        expect_fault("INVPCID: unknown type", GP, 0);
        descriptor[0] = 0x1000;
        TRAP("invpcid %0, %1", : : "m"(descriptor), "r"(1ull) : "memory");
        expect_fault("INVPCID: reserved descriptor bits", GP, 0);
        descriptor[0] = 0, descriptor[1] = 1ull << 63;
        TRAP("invpcid %0, %1", : : "m"(descriptor), "r"(0ull) : "memory");
        expect_fault("INVPCID: non-canonical address", GP, 0);
    } else {
        skip("INVPCID");
    }
    // Global pages are shared by all PCIDs, and CR4.PGE drops them in all.
    write_cr3(cr3);
    write_cr4(read_cr4() & ~CR4_PCIDE);
    check_equal("PCIDE off", at[0], test_pt[6] & P ? 5 : 0);
}

static void canonical(void) {
    static const uint64_t bad[] = {0x0000800000000000, 0x8000000000000000, 0xffff7fffffffffff, 0x0001000000000000};
    for (unsigned i = 0; i < 4; i++) {
        TRAP("movb (%0), %%al", : : "r"(bad[i]) : "rax", "memory");
        expect_fault("non-canonical: read", GP, 0);
        TRAP("movb %%al, (%0)", : : "r"(bad[i]) : "memory");
        expect_fault("non-canonical: write", GP, 0);
        trap_clear();
        __asm__ volatile("movq $551f, trap_start\n\t"
                         "movq $552f, trap_resume\n\t"
                         "movq %%rbp, %%rbx\n\t"
                         "movq %0, %%rbp\n551:\t"
                         "movb (%%rbp), %%al\n552:\t"
                         "movq %%rbx, %%rbp\n\t"
                         "movq $0, trap_resume"
                         :
                         : "r"(bad[i])
                         : "rax", "rbx", "memory");
        if (on_tcg && trap.frame.vector == GP) skip("non-canonical: through rbp it is a stack fault");
        else expect_fault("non-canonical: through rbp it is a stack fault", SS, 0);
    }
    TRAP("movq (%0), %%rax", : : "r"(0x00007ffffffffffcull) : "rax", "memory");
    check("the last canonical bytes, and beyond", trap.count == 1 && (trap.frame.vector == GP || trap.frame.vector == PF));
    TRAP("movb (%0), %%al", : : "r"(0x00007fffffffffffull) : "rax", "memory");
    expect_page_fault("the last byte of the lower half", 0, 0x00007fffffffffff);
    TRAP("movb (%0), %%al", : : "r"(0xffff800000000000ull) : "rax", "memory");
    expect_page_fault("the first byte of the upper half", 0, 0xffff800000000000);
    TRAP("invlpg (%0)", : : "r"(0x8000000000000000ull) : "memory");
    expect_no_trap("invlpg of a non-canonical address does nothing");
    TRAP("leaq (%0), %%rax", : : "r"(0x8000000000000000ull) : "rax");
    expect_no_trap("lea of a non-canonical address");
}

void test_main(void) {
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
    write_cr0(read_cr0() & ~CR0_WP);
    permissions();
    reserved_bits();
    accessed_dirty();
    borders();
    sizes();
    invalidation();
    users();
    smep_smap();
    pcid();
    canonical();
}
