// String instructions: counts, directions, sizes, flags, overlaps, and faults in the middle, after which the registers
// say exactly how far they came. Intel SDM volume 2, REP; volume 1, 7.3.9.
#include "test.h"

const char test_name[] = "strings";

static uint8_t data[4][4096] __attribute__((aligned(4096)));
static uint8_t a[256], b[256];
#define VIEW(n) (TEST_AREA + (n) * 4096ull)

struct registers {
    uint64_t rax, rcx, rsi, rdi, flags;
};

// Runs one string instruction with these registers; a trap ends it.
#define RUN(r, code)                                                                                                   \
    do {                                                                                                               \
        trap_clear();                                                                                                  \
        __asm__ volatile("movq $551f, trap_start\n\tmovq $552f, trap_resume\n\t"                                       \
                         "pushq %4; popfq\n551:\t" code "\n552:\tpushfq; popq %4; cld\n\tmovq $0, trap_resume"         \
                         : "+a"((r).rax), "+c"((r).rcx), "+S"((r).rsi), "+D"((r).rdi), "+r"((r).flags)                 \
                         :                                                                                             \
                         : "memory", "cc");                                                                            \
    } while (0)
#define DOWN 0x402

static void expect(const char *name, const struct registers *r, uint64_t rcx, uint64_t rsi, uint64_t rdi) {
    check_equal(name, r->rcx, rcx);
    check_equal(name, r->rsi, rsi);
    check_equal(name, r->rdi, rdi);
}

static void fill(void) {
    for (unsigned i = 0; i < 256; i++) a[i] = (uint8_t)(i * 7 + 1), b[i] = 0xee;
}

static void moves(void) {
    struct registers r;
    uint64_t from = (uint64_t)a, to = (uint64_t)b;
    fill();
    r = (struct registers){0, 5, from, to, 2};
    RUN(r, "rep movsb");
    expect("rep movsb", &r, 0, from + 5, to + 5);
    check("rep movsb: bytes", !memcmp(b, a, 5) && b[5] == 0xee);
    fill();
    r = (struct registers){0, 5, from + 1, to + 3, 2};
    RUN(r, "rep movsw");
    expect("rep movsw", &r, 0, from + 11, to + 13);
    check("rep movsw: bytes", !memcmp(b + 3, a + 1, 10) && b[13] == 0xee && b[2] == 0xee);
    fill();
    r = (struct registers){0, 5, from, to, 2};
    RUN(r, "rep movsl");
    expect("rep movsl", &r, 0, from + 20, to + 20);
    check("rep movsl: bytes", !memcmp(b, a, 20) && b[20] == 0xee);
    fill();
    r = (struct registers){0, 5, from, to, 2};
    RUN(r, "rep movsq");
    expect("rep movsq", &r, 0, from + 40, to + 40);
    check("rep movsq: bytes", !memcmp(b, a, 40) && b[40] == 0xee);
    fill();
    r = (struct registers){0, 5, from + 100, to + 100, DOWN};
    RUN(r, "rep movsl");
    expect("rep movsl, down", &r, 0, from + 80, to + 80);
    check("rep movsl, down: bytes", !memcmp(b + 84, a + 84, 20) && b[83] == 0xee && b[104] == 0xee);
    check_equal("DF survives", r.flags & 0x400, 0x400);
    fill();
    r = (struct registers){0, 77, from, to, 2};
    RUN(r, "movsb");
    expect("movsb without rep", &r, 77, from + 1, to + 1);
    r = (struct registers){0, 77, from, to, DOWN};
    RUN(r, "movsq");
    expect("movsq without rep, down", &r, 77, from - 8, to - 8);
    r = (struct registers){0, 0, 0x8000000000000000, 0x8000000000000000, 2 | 0x8d5};
    RUN(r, "rep movsq");
    expect_no_trap("rep movsq with a count of 0 touches nothing");
    expect("rep movsq with a count of 0", &r, 0, 0x8000000000000000, 0x8000000000000000);
    check_equal("movs leaves the flags", r.flags & 0x8d5, 0x8d5);
    // Overlap: upwards by one repeats the first byte.
    fill();
    r = (struct registers){0, 20, from, from + 1, 2};
    RUN(r, "rep movsb");
    unsigned same = 0;
    for (unsigned i = 0; i <= 20; i++) same += a[i] == 1;
    check_equal("rep movsb, overlapping upwards by 1", same, 21);
    fill();
    r = (struct registers){0, 6, from, from + 4, 2};
    RUN(r, "rep movsq");
    check("rep movsq, overlapping by 4", a[4] == 1 && a[8] == 29 && a[11] == 50 && a[12] == 29 && a[16] == 85);
    fill();
    for (unsigned i = 0; i < 64; i++) b[i] = (uint8_t)i;
    r = (struct registers){0, 30, (uint64_t)b + 39, (uint64_t)b + 40, DOWN};
    RUN(r, "rep movsb");
    check("rep movsb down, overlapping as memmove wants it", b[40] == 39 && b[20] == 19 && b[11] == 10 && b[10] == 10);
    // Prefix F2 repeats MOVS and STOS as well.
    fill();
    r = (struct registers){0, 3, from, to, 2};
    RUN(r, ".byte 0xf2, 0xa4");
    expect("repne movsb", &r, 0, from + 3, to + 3);
    // Address size 32: the upper halves do not count, and are cleared.
    fill();
    r = (struct registers){0, 0x7700000004, from | 0x5500000000, to | 0x6600000000, 2};
    RUN(r, ".byte 0x67\n\trep movsb");
    expect("addr32 rep movsb", &r, 0, from + 4, to + 4);
    check("addr32 rep movsb: bytes", !memcmp(b, a, 4) && b[4] == 0xee);
    // A segment override changes the source only.
    wrmsr(MSR_GS_BASE, 16);
    fill();
    r = (struct registers){0, 4, from, to, 2};
    RUN(r, "rep movsb %%gs:(%%rsi), %%es:(%%rdi)");
    check("rep movsb with a gs source", !memcmp(b, a + 16, 4));
    wrmsr(MSR_GS_BASE, 0);
    // Long ones, across pages.
    static uint8_t long_a[20000], long_b[20000];
    for (unsigned i = 0; i < sizeof long_a; i++) long_a[i] = (uint8_t)(i * 13 + (i >> 8));
    r = (struct registers){0, 19990, (uint64_t)long_a + 3, (uint64_t)long_b + 5, 2};
    RUN(r, "rep movsb");
    check("rep movsb of 19990 bytes", !memcmp(long_a + 3, long_b + 5, 19990) && !long_b[4] && !long_b[19995]);
    r = (struct registers){0, 2400, (uint64_t)long_a + 1, (uint64_t)long_b + 4, 2};
    RUN(r, "rep movsq");
    check("rep movsq of 19200 bytes", !memcmp(long_a + 1, long_b + 4, 19200));
    r = (struct registers){0, 2400, (uint64_t)long_a + 19990, (uint64_t)long_b + 19980, DOWN};
    RUN(r, "rep movsq");
    check("rep movsq of 19200 bytes, down", !memcmp(long_a + 798, long_b + 788, 19200));
}

static void others(void) {
    struct registers r;
    uint64_t from = (uint64_t)a, to = (uint64_t)b;
    fill();
    r = (struct registers){0x1122334455667788, 3, from, to, 2};
    RUN(r, "rep stosq");
    expect("rep stosq", &r, 0, from, to + 24);
    check("rep stosq: bytes", b[0] == 0x88 && b[7] == 0x11 && b[23] == 0x11 && b[24] == 0xee);
    fill();
    r = (struct registers){0x1122334455667788, 3, from, to + 9, 2};
    RUN(r, "rep stosw");
    check("rep stosw: bytes", b[9] == 0x88 && b[10] == 0x77 && b[14] == 0x77 && b[15] == 0xee && b[8] == 0xee);
    fill();
    r = (struct registers){0x99, 4, from, to + 9, DOWN};
    RUN(r, "rep stosb");
    expect("rep stosb, down", &r, 0, from, to + 5);
    check("rep stosb, down: bytes", b[6] == 0x99 && b[9] == 0x99 && b[5] == 0xee && b[10] == 0xee);
    fill();
    r = (struct registers){~0ull, 3, from, to, 2};
    RUN(r, "rep lodsb");
    expect("rep lodsb", &r, 0, from + 3, to);
    check_equal("rep lodsb: al only", r.rax, 0xffffffffffffff00 | a[2]);
    r = (struct registers){~0ull, 3, from, to, 2};
    RUN(r, "lodsl");
    check_equal("lodsl clears the upper half", r.rax, *(uint32_t *)a);
    r = (struct registers){~0ull, 3, from, to, DOWN};
    RUN(r, "lodsw");
    check_equal("lodsw keeps the rest", r.rax, 0xffffffffffff0000 | *(uint16_t *)a);
    check_equal("lodsw, down", r.rsi, from - 2);

    // SCAS and CMPS.
    for (unsigned i = 0; i < 256; i++) a[i] = b[i] = (uint8_t)i;
    r = (struct registers){9, 100, from, to, 2};
    RUN(r, "repne scasb");
    expect("repne scasb", &r, 90, from, to + 10);
    check_equal("repne scasb: ZF", r.flags & 0x8d5, 0x44);
    r = (struct registers){0x1234, 5, from, to, 2};
    RUN(r, "repne scasb");
    expect("repne scasb, not found", &r, 0, from, to + 5);
    check_equal("repne scasb, not found: flags of the last comparison", r.flags & 0x8d5, 0x04);
    r = (struct registers){9, 0, from, 0x8000000000000000, 2 | 0x8d5};
    RUN(r, "repne scasb");
    expect("repne scasb with a count of 0", &r, 0, from, 0x8000000000000000);
    check_equal("repne scasb with a count of 0: flags", r.flags & 0x8d5, 0x8d5);
    b[3] = 0x80;
    r = (struct registers){0, 100, from, to, 2};
    RUN(r, "repe cmpsb");
    expect("repe cmpsb", &r, 96, from + 4, to + 4);
    check_equal("repe cmpsb: flags of 3 - 0x80", r.flags & 0x8d5, 0x881);
    r = (struct registers){0, 4, from + 32, to + 32, 2};
    RUN(r, "repe cmpsq");
    expect("repe cmpsq, equal to the end", &r, 0, from + 64, to + 64);
    check_equal("repe cmpsq, equal: flags", r.flags & 0x8d5, 0x44);
    r = (struct registers){0, 10, from + 20, to + 40, DOWN};
    RUN(r, "repne cmpsb");
    expect("repne cmpsb, down, never equal", &r, 0, from + 10, to + 30);
    r = (struct registers){0, 10, from + 1, to, 2};
    RUN(r, "cmpsw");
    expect("cmpsw", &r, 10, from + 3, to + 2);
    check_equal("cmpsw: 0x0201 - 0x0100", r.flags & 0x8d5, 0);
    r = (struct registers){0x0504030201000000, 10, from, to, 2};
    for (unsigned i = 0; i < 64; i++) b[i] = 0;
    RUN(r, "repe scasl");
    expect("repe scasl", &r, 9, from, to + 4);
    check_equal("repe scasl: 0x01000000 - 0", r.flags & 0x8d5, 0x04);

    // Ports: the UART's scratch register takes bytes one after the other.
    uint8_t bytes[4] = {1, 2, 3, 0x5c};
    r = (struct registers){0, 4, (uint64_t)bytes, to, 2};
    __asm__ volatile("rep outsb" : "+c"(r.rcx), "+S"(r.rsi) : "d"(0x3ff) : "memory");
    expect("rep outsb", &r, 0, (uint64_t)bytes + 4, to);
    check_equal("rep outsb: the last byte", in8(0x3ff), 0x5c);
    r = (struct registers){0, 3, 0, to, 2};
    __asm__ volatile("rep insb" : "+c"(r.rcx), "+D"(r.rdi) : "d"(0x3ff) : "memory");
    check_equal("rep insb: rcx", r.rcx, 0);
    check_equal("rep insb: rdi", r.rdi, to + 3);
    check("rep insb: bytes", b[0] == 0x5c && b[1] == 0x5c && b[2] == 0x5c && b[3] == 0);
}

static void faults(void) {
    struct registers r;
    map_test(0, (uint64_t)data[0] | P | W);
    map_test(1, 0);
    map_test(2, (uint64_t)data[2] | P | W);
    map_test(3, 0);
    for (unsigned i = 0; i < 4096; i++) data[0][i] = (uint8_t)(i * 3), data[2][i] = 0xcc;

    // The destination ends after 10 bytes.
    r = (struct registers){0, 100, VIEW(0), VIEW(3) - 10, 2};
    RUN(r, "rep movsb");
    expect_page_fault("rep movsb into an absent page", 2, VIEW(3));
    expect("rep movsb into an absent page", &r, 90, VIEW(0) + 10, VIEW(3));
    check("rep movsb into an absent page: what was copied", !memcmp(data[2] + 4086, data[0], 10));
    check_equal("rep movsb: RF is not in the way", trap.frame.rip, trap_start);
    // The source ends after 10 bytes.
    r = (struct registers){0, 100, VIEW(1) - 10, VIEW(2), 2};
    RUN(r, "rep movsb");
    expect_page_fault("rep movsb from an absent page", 0, VIEW(1));
    expect("rep movsb from an absent page", &r, 90, VIEW(1), VIEW(2) + 10);
    check("rep movsb from an absent page: what was copied", !memcmp(data[2], data[0] + 4086, 10) && data[2][10] == 0xcc);
    // An element that lies on the border is not copied at all.
    r = (struct registers){0, 100, VIEW(0), VIEW(3) - 20, 2};
    memset(data[2], 0xcc, 4096);
    RUN(r, "rep movsq");
    expect_page_fault("rep movsq: half an element", 2, VIEW(3));
    expect("rep movsq: half an element", &r, 98, VIEW(0) + 16, VIEW(3) - 4);
    check_equal("rep movsq: half an element is not written", *(uint32_t *)(data[2] + 4092), 0xcccccccc);
    // Downwards.
    r = (struct registers){0, 100, VIEW(0) + 1000, VIEW(2) + 9, DOWN};
    RUN(r, "rep movsb");
    expect_page_fault("rep movsb, down", 2, VIEW(2) - 1);
    expect("rep movsb, down", &r, 90, VIEW(0) + 990, VIEW(2) - 1);
    r = (struct registers){0, 100, VIEW(0) + 1000, VIEW(2) + 24, DOWN};
    RUN(r, "rep movsq");
    expect_page_fault("rep movsq, down", 2, VIEW(2) - 8);
    expect("rep movsq, down", &r, 96, VIEW(0) + 968, VIEW(2) - 8);
    // STOS, LODS, SCAS, CMPS.
    r = (struct registers){0x77, 1000, 0, VIEW(3) - 100, 2};
    RUN(r, "rep stosb");
    expect_page_fault("rep stosb", 2, VIEW(3));
    expect("rep stosb", &r, 900, 0, VIEW(3));
    check("rep stosb: bytes", data[2][4095] == 0x77 && data[2][3996] == 0x77);
    r = (struct registers){0x77, 1000, 0, VIEW(3) - 96, 2};
    RUN(r, "rep stosl");
    expect_page_fault("rep stosl", 2, VIEW(3));
    expect("rep stosl", &r, 976, 0, VIEW(3));
    write_cr0(read_cr0() | CR0_WP);
    map_test(2, (uint64_t)data[2] | P);
    r = (struct registers){0x77, 10, 0, VIEW(2) + 5, 2};
    RUN(r, "rep stosb");
    expect_page_fault("rep stosb into a read-only page", 3, VIEW(2) + 5);
    expect("rep stosb into a read-only page", &r, 10, 0, VIEW(2) + 5);
    map_test(2, (uint64_t)data[2] | P | W);
    write_cr0(read_cr0() & ~CR0_WP);
    r = (struct registers){0, 1000, VIEW(1) - 5, 0, 2};
    RUN(r, "rep lodsb");
    expect_page_fault("rep lodsb", 0, VIEW(1));
    expect("rep lodsb", &r, 995, VIEW(1), 0);
    check_equal("rep lodsb: al is the last byte read", r.rax, (uint8_t)(4095 * 3));
    memset(data[2], 1, 4096);
    r = (struct registers){2, 1000, 0, VIEW(3) - 5, 2 | 0x8d5};
    RUN(r, "repne scasb");
    expect_page_fault("repne scasb", 0, VIEW(3));
    expect("repne scasb", &r, 995, 0, VIEW(3));
    memset(data[0], 1, 4096);
    r = (struct registers){0, 1000, VIEW(1) - 5, VIEW(2), 2};
    RUN(r, "repe cmpsb");
    expect_page_fault("repe cmpsb: the source", 0, VIEW(1));
    expect("repe cmpsb: the source", &r, 995, VIEW(1), VIEW(2) + 5);
    r = (struct registers){0, 1000, VIEW(0), VIEW(3) - 6, 2};
    RUN(r, "repe cmpsb");
    expect_page_fault("repe cmpsb: the destination", 0, VIEW(3));
    expect("repe cmpsb: the destination", &r, 994, VIEW(0) + 6, VIEW(3));
    r = (struct registers){0, 4, VIEW(0), VIEW(3), 2};
    RUN(r, "movsb");
    expect_page_fault("movsb", 2, VIEW(3));
    expect("movsb", &r, 4, VIEW(0), VIEW(3));
    r = (struct registers){0, 4, 0, VIEW(3) - 2, 2};
    trap_clear();
    __asm__ volatile("movq $551f, trap_start; movq $552f, trap_resume\n551: rep insb\n552: movq $0, trap_resume"
                     : "+c"(r.rcx), "+D"(r.rdi) : "d"(0x3ff) : "memory");
    expect_page_fault("rep insb", 2, VIEW(3));
    expect("rep insb", &r, 2, 0, VIEW(3));
    r = (struct registers){0, 4, 0x8000000000000000, VIEW(2), 2};
    RUN(r, "rep movsb");
    expect_fault("rep movsb from a non-canonical address", GP, 0);
    expect("rep movsb from a non-canonical address", &r, 4, 0x8000000000000000, VIEW(2));
}

// A handler that maps the page lets the instruction go on where it was.
static unsigned mapped;
static void map_on_fault(struct frame *frame) {
    uint64_t cr2;
    __asm__ volatile("movq %%cr2, %0" : "=r"(cr2));
    uint64_t page = (cr2 - TEST_AREA) >> 12;
    if (frame->vector != PF || page > 3) {
        print("  unexpected trap\n");
        finish();
    }
    mapped++;
    map_test((unsigned)page, (uint64_t)data[page] | P | W);
}

static void resumed(void) {
    struct registers r;
    for (unsigned i = 0; i < 4; i++) map_test(i, 0);
    for (unsigned i = 0; i < 8192; i++) data[0][i] = (uint8_t)(i * 5 + (i >> 8));
    memset(data[2], 0, 8192);
    trap_hook = map_on_fault;
    r = (struct registers){0, 8000, VIEW(0) + 100, VIEW(2) + 50, 2};
    __asm__ volatile("rep movsb" : "+c"(r.rcx), "+S"(r.rsi), "+D"(r.rdi) : : "memory");
    trap_hook = NULL;
    expect("rep movsb, resumed", &r, 0, VIEW(0) + 8100, VIEW(2) + 8050);
    check_equal("rep movsb, resumed: faults", mapped, 4);
    check("rep movsb, resumed: bytes", !memcmp(data[0] + 100, data[2] + 50, 8000) && !data[2][49] && !data[3][3954]);
    mapped = 0;
    for (unsigned i = 0; i < 4; i++) map_test(i, 0);
    trap_hook = map_on_fault;
    r = (struct registers){0x1234567, 2000, 0, VIEW(1) + 4000 + 2, 2};
    __asm__ volatile("rep stosl" : "+c"(r.rcx), "+D"(r.rdi) : "a"(r.rax) : "memory");
    trap_hook = NULL;
    check_equal("rep stosl, resumed: rdi", r.rdi, VIEW(1) + 4002 + 8000);
    check_equal("rep stosl, resumed: faults", mapped, 3);
    check_equal("rep stosl, resumed: across the border", *(uint32_t *)(data[2] - 2), 0x1234567);
}

void test_main(void) {
    moves();
    others();
    faults();
    resumed();
}
