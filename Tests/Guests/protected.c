// 32-bit protected mode: segments with limits, types and rights, gates, privilege, 16-bit stacks, and the instructions
// that 64-bit code doesn't have.
#include "legacy.h"

const char test_name[] = "protected";

static uint8_t area[0x20000] __attribute__((aligned(4096)));
static uint8_t stack16[0x10000] __attribute__((aligned(4096)));

enum { A = FREE, B = FREE + 8, C = FREE + 16, D = FREE + 24 };
// FS must not keep a selector that can't be loaded any more: the trap handler loads it again.
static void set(unsigned selector, uint64_t descriptor) {
    load_fs(0);
    gdt[selector / 8] = descriptor;
}

// TCG checks neither limits nor types of segments when they are accessed.
static void expect_segment_fault(const char *name, uint32_t vector) {
    if (on_tcg) skip(name); else expect_fault(name, vector, 0);
}

// Code of ring 3, which ends with #UD.
#define USER_CASE(label, code) extern const char label[]; __asm__(".text\n" #label ":\n\t" code "\n\tud2\n");

// ---- Data segments -------------------------------------------------------------------------------------------------

#define READ8(at) TRAP("movb %%fs:" #at ", %%al", ::: "eax", "memory")
#define READ32(at) TRAP("movl %%fs:" #at ", %%eax", ::: "eax", "memory")
#define WRITE8(at) TRAP("movb $1, %%fs:" #at, ::: "memory")
#define WRITE32(at) TRAP("movl $1, %%fs:" #at, ::: "memory")

static void limits(void) {
    set(A, segment((uint32_t)area + 0x100, 0xfff, 0x93, 4));
    load_fs(A);
    *(uint32_t *)(area + 0x100 + 0xffc) = 0x12345678;
    uint32_t value;
    __asm__ volatile("movl %%fs:0xffc, %0" : "=r"(value));
    check_equal("limit: the last doubleword, base added", value, 0x12345678);
    READ32(0xffd);
    expect_fault("limit: a doubleword one byte beyond", GP, 0);
    READ8(0xfff);
    expect_no_trap("limit: the last byte");
    READ8(0x1000);
    expect_fault("limit: the byte behind it", GP, 0);
    WRITE8(0x1000);
    expect_fault("limit: a write behind it", GP, 0);
    TRAP("movl %%fs:(%0), %%eax", ::"r"(0xffffffff) : "eax");
    expect_fault("limit: the end of 4 GiB", GP, 0);
    TRAP("lock addl $1, %%fs:0xffe", :::"memory");
    expect_fault("limit: a locked addition", GP, 0);
    TRAP("cmpxchg8b %%fs:0xff9", ::: "eax", "edx", "memory");
    expect_fault("limit: 8 bytes", GP, 0);
    TRAP("movups %%fs:0xff1, %%xmm0", ::: "memory");
    expect_fault("limit: 16 bytes", GP, 0);
    TRAP("movups %%fs:0xff0, %%xmm0", ::: "memory");
    expect_no_trap("limit: the last 16 bytes");
    TRAP("fnstenv %%fs:0xfe5", ::: "memory");
    expect_fault("limit: 28 bytes", GP, 0);
    TRAP("fnstcw %%fs:0xffe", ::: "memory");
    expect_no_trap("limit: the last word");
    TRAP("btl %0, %%fs:0", ::"r"(0x8000) : "memory");
    expect_fault("limit: a bit beyond", GP, 0);
    TRAP("lfs %%fs:0xffb, %%eax", ::: "eax", "memory");
    expect_fault("limit: a far pointer", GP, 0);
    TRAP("bound %%eax, %%fs:0xffc", ::"a"(0) : "memory");
    expect_fault("limit: BOUND's pair", GP, 0);
    TRAP("sgdt %%fs:0xffb", ::: "memory");
    expect_fault("limit: SGDT", GP, 0);
    TRAP("lgdt %%fs:0xffb", ::: "memory");
    expect_fault("limit: LGDT", GP, 0);

    set(A, segment((uint32_t)area, 1, 0x93, 0xc));
    load_fs(A);
    READ8(0x1fff);
    expect_no_trap("limit in pages: the last byte");
    READ8(0x2000);
    expect_fault("limit in pages: beyond", GP, 0);

    set(A, segment((uint32_t)area, 0xfff, 0x97, 4));
    load_fs(A);
    READ8(0xfff);
    expect_fault("expand down: at the limit", GP, 0);
    READ8(0x1000);
    expect_no_trap("expand down: above the limit");
    WRITE8(0x1ffff);
    expect_no_trap("expand down, big: above 64 KiB");
    set(A, segment((uint32_t)area, 0xfff, 0x97, 0));
    load_fs(A);
    READ8(0xffff);
    expect_no_trap("expand down, small: the last byte");
    READ32(0xfffd);
    expect_fault("expand down, small: over the end", GP, 0);
    READ8(0x10000);
    expect_fault("expand down, small: above 64 KiB", GP, 0);
}

static void strings(void) {
    set(B, segment((uint32_t)area + 0x2000, 0xff, 0x93, 4));
    memset(area, 0x5a, 0x100);
    memset(area + 0x2000, 0, 0x200);
    uint32_t esi = (uint32_t)area, edi = 0xe0, ecx = 64;
    trap_clear();
    __asm__ volatile("pushl %%es\n\tmovw %w3, %%es\n\tmovl $1f, trap_start\n\tmovl $2f, trap_resume\n\t"
                     "1: rep movsb\n2: popl %%es\n\tmovl $0, trap_resume"
                     : "+S"(esi), "+D"(edi), "+c"(ecx) : "r"(B) : "memory");
    expect_fault("rep movsb: beyond the limit", GP, 0);
    check_equal("rep movsb: esi", esi, (uint32_t)area + 0x20);
    check_equal("rep movsb: edi", edi, 0x100);
    check_equal("rep movsb: ecx", ecx, 32);
    check("rep movsb: bytes", area[0x20ff] == 0x5a && area[0x2100] == 0);
    edi = 0xf2, ecx = 10;
    trap_clear();
    __asm__ volatile("pushl %%es\n\tmovw %w2, %%es\n\tmovl $1f, trap_start\n\tmovl $2f, trap_resume\n\t"
                     "1: rep stosl\n2: popl %%es\n\tmovl $0, trap_resume"
                     : "+D"(edi), "+c"(ecx) : "r"(B), "a"(0x77777777) : "memory");
    expect_fault("rep stosl: beyond the limit", GP, 0);
    check_equal("rep stosl: edi", edi, 0xfe);
    check_equal("rep stosl: ecx", ecx, 7);
    edi = 0xff, ecx = 4;
    trap_clear();
    __asm__ volatile("pushl %%es\n\tmovw %w2, %%es\n\tmovl $1f, trap_start\n\tmovl $2f, trap_resume\n\t"
                     "1: repne scasb\n2: popl %%es\n\tmovl $0, trap_resume"
                     : "+D"(edi), "+c"(ecx) : "r"(B), "a"(0x99) : "memory");
    expect_fault("repne scasb: beyond the limit", GP, 0);
    check_equal("repne scasb: ecx", ecx, 3);
    trap_clear();
    __asm__ volatile("pushl %%es\n\tmovw %w0, %%es\n\tmovl $1f, trap_start\n\tmovl $2f, trap_resume\n\t"
                     "1: movsl\n2: popl %%es\n\tmovl $0, trap_resume"
                     :: "r"(B), "S"(area), "D"(0xfd) : "memory");
    expect_fault("movsl: beyond the limit", GP, 0);
}

static void types(void) {
    set(A, segment((uint32_t)area, 0xfff, 0x91, 4));
    load_fs(A);
    READ32(0);
    expect_no_trap("read-only: read");
    WRITE32(0);
    expect_segment_fault("read-only: write", GP);
    TRAP("incl %%fs:0", ::: "memory");
    expect_segment_fault("read-only: read and write", GP);
    TRAP("xchgl %%eax, %%fs:0", ::: "eax", "memory");
    expect_segment_fault("read-only: exchange", GP);
    set(A, segment((uint32_t)area, 0xfff, 0x9b, 4));
    load_fs(A);
    READ32(0);
    expect_no_trap("code: read");
    WRITE32(0);
    expect_segment_fault("code: write", GP);
    set(A, segment((uint32_t)area, 0xfff, 0x99, 4));
    TRAP("movw %w0, %%fs", ::"r"(A));
    expect_fault("code that can't be read: load", GP, A);
    load_fs(0);
    READ32(0);
    expect_segment_fault("null: read", GP);
    set(A, segment((uint32_t)area, 0xfff, 0x13, 4));
    TRAP("movw %w0, %%fs", ::"r"(A));
    expect_fault("not present: load", NP, A);
    TRAP("movw %w0, %%ss", ::"r"(A));
    expect_fault("not present: load SS", SS, A);
    TRAP("movw %w0, %%ss", ::"r"(0));
    expect_fault("null: load SS", GP, 0);
    set(A, segment((uint32_t)area, 0xfff, 0x91, 4));
    TRAP("movw %w0, %%ss", ::"r"(A));
    expect_fault("read-only: load SS", GP, A);
    set(A, segment((uint32_t)area, 0xfff, 0x89, 0));
    TRAP("movw %w0, %%fs", ::"r"(A));
    expect_fault("system: load", GP, A);
    TRAP("movw %w0, %%fs", ::"r"(sizeof gdt + 8));
    expect_fault("beyond the table: load", GP, sizeof gdt + 8);
    TRAP("movw %w0, %%fs", ::"r"(A | 4));
    expect_fault("no LDT: load", GP, A | 4);
    TRAP("movl $1, %%cs:area", ::: "memory");
    expect_segment_fault("write through CS", GP);
    TRAP("movl %%cs:area, %%eax", ::: "eax", "memory");
    expect_no_trap("read through CS");
    set(A, segment((uint32_t)area, 0xfff, 0x92, 4));
    load_fs(A);
    check("the accessed bit is set", gdt[A / 8] >> 40 & 1);
    load_fs(0);
    // A segment register keeps what it was loaded with.
    set(A, segment((uint32_t)area, 0xfff, 0x93, 4));
    load_fs(A);
    gdt[A / 8] = 0;
    READ32(0);
    expect_no_trap("the descriptor in memory is not looked at again");
    load_fs(0);
}

static void local_table(void) {
    static uint64_t ldt[4];
    ldt[1] = segment((uint32_t)area, 0xfff, 0x93, 4);
    set(B, segment((uint32_t)ldt, sizeof ldt - 1, 0x82, 0));
    TRAP("lldt %w0", ::"r"(B));
    expect_no_trap("LLDT");
    TRAP("movw %w0, %%fs", ::"r"(0xc));
    expect_no_trap("a selector of the LDT");
    READ8(0xfff);
    expect_no_trap("a segment of the LDT");
    TRAP("movw %w0, %%fs", ::"r"(0x24));
    expect_fault("beyond the LDT", GP, 0x24);
    uint32_t value;
    __asm__ volatile("sldt %0" : "=r"(value));
    check_equal("SLDT", value, B);
    TRAP("lldt %w0", ::"r"(KERNEL_SS));
    expect_fault("LLDT of data", GP, KERNEL_SS);
    load_fs(0);
    __asm__ volatile("lldt %w0" ::"r"(0));
    TRAP("movw %w0, %%fs", ::"r"(0xc));
    expect_fault("no LDT any more", GP, 0xc);
}

// ---- Stacks --------------------------------------------------------------------------------------------------------

// Runs code with SS = `selector` and ESP = `esp`; gives the ESP that it ends with.
#define ON_STACK(selector, pointer, code, result)                                                                      \
    __asm__ volatile("movl %%esp, %%edi\n\tmovl %2, %%ss\n\tmovl %1, %%esp\n\t" code                                   \
                     "\n\tmovl %%esp, %0\n\tmovl $0x10, %%ecx\n\tmovl %%ecx, %%ss\n\tmovl %%edi, %%esp"                  \
                     : "=&S"(result)                                                                                   \
                     : "r"(pointer), "r"(selector)                                                                     \
                     : "eax", "ecx", "edi", "memory")

static void stacks(void) {
    set(A, segment((uint32_t)stack16, 0xffff, 0x93, 0));
    stack_base = (uint32_t)stack16;
    uint32_t esp;
    memset(stack16, 0, sizeof stack16);
    ON_STACK(A, 0xabcd0002, "pushw $0x1234", esp);
    check_equal("16-bit stack: push", esp, 0xabcd0000);
    check_equal("16-bit stack: the word", *(uint16_t *)stack16, 0x1234);
    ON_STACK(A, 0xabcd0000, "pushl $0x55667788", esp);
    check_equal("16-bit stack: push wraps", esp, 0xabcdfffc);
    check_equal("16-bit stack: the doubleword", *(uint32_t *)(stack16 + 0xfffc), 0x55667788);
    ON_STACK(A, 0xabcdfffc, "popl %%eax", esp);
    check_equal("16-bit stack: pop wraps", esp, 0xabcd0000);
    ON_STACK(A, 0xabcd1000, "pushal\n\tpopal", esp);
    check_equal("16-bit stack: pushal, popal", esp, 0xabcd1000);
    ON_STACK(A, 0xabcd1000, "pushl %%ebp\n\tmovl $0x11110800, %%ebp\n\tenter $0x10, $2\n\tmovl %%ebp, %%eax\n\tleavel\n\tpopl %%ebp", esp);
    check_equal("16-bit stack: enter, leave", esp, 0xabcd1000);
    ON_STACK(A, 0xabcd1000, "call 1f\n1:\tpopl %%eax\n\tpushfl\n\tpopfl", esp);
    check_equal("16-bit stack: call, pushf, popf", esp, 0xabcd1000);
    // An exception and its IRET on it.
    trap_clear();
    ON_STACK(A, 0xabcd1000, "movl $1f, trap_start\n\tmovl $2f, trap_resume\n1:\tud2\n2:", esp);
    expect_fault("16-bit stack: an exception", UD, 0);
    check_equal("16-bit stack: esp after it", esp, 0xabcd1000);
    check_equal("16-bit stack: where the frame was", trap.address, (uint32_t)stack16 + 0x1000 - sizeof(struct frame) + 8);

    TRAP("movl %%ss:(%0), %%eax", ::"r"(area) : "eax");
    expect_no_trap("a flat stack segment");
}

// PUSH, CALL and the rest are in ring 3, whose exceptions have a stack of their own.
static void stack_limits(void) {
    uint32_t esp;
    // Beyond the limit: #SS(0). The handler needs room, so the access is by EBP.
    set(A, segment((uint32_t)stack16, 0x7fff, 0x93, 4));
    trap_clear();
    stack_base = (uint32_t)stack16;
    ON_STACK(A, 0x4000, "pushl %%ebp\n\tmovl $0x7ffd, %%ebp\n\tmovl $1f, trap_start\n\tmovl $2f, trap_resume\n1:\tmovl (%%ebp), %%eax\n2:\tpopl %%ebp", esp);
    expect_segment_fault("beyond the stack segment", SS);
    trap_clear();
    ON_STACK(A, 0x4000, "pushl %%ebp\n\tmovl $0x8000, %%ebp\n\tmovl $1f, trap_start\n\tmovl $2f, trap_resume\n1:\tleavel\n2:\tpopl %%ebp", esp);
    expect_segment_fault("LEAVE beyond the stack segment", SS);
}

// In ring 3: SS is the segment in A (DPL 3, limit 0x7fff), then ESP = 0x8001 and one instruction.
#define USER_STACK_CASE(label, before, instruction)                                                                    \
    extern const char label[], label##_at[];                                                                           \
    __asm__(".text\n" #label ":\n\tmovw $0x43, %ax\n\tmovw %ax, %ss\n\t" before "\n" #label "_at:\n\t" instruction     \
            "\n\tud2\n");
USER_STACK_CASE(user_push, "movl $2, %esp", "pushl %eax")
USER_STACK_CASE(user_pop, "movl $0x7ffd, %esp", "popl %eax")
USER_STACK_CASE(user_call, "movl $3, %esp", "call user_push")
USER_STACK_CASE(user_ret, "movl $0x7ffe, %esp", "ret")
USER_STACK_CASE(user_pushal, "movl $0x10, %esp", "pushal")
USER_STACK_CASE(user_popal, "movl $0x7ff0, %esp", "popal")
USER_STACK_CASE(user_enter, "movl $2, %esp", "enter $0, $0")
USER_STACK_CASE(user_iret, "movl $0x7ff8, %esp", "iretl")
USER_STACK_CASE(user_retf, "movl $0x7ffa, %esp", "lretl")

static void user_stacks(void) {
    set(A, segment((uint32_t)stack16, 0x7fff, 0xf3, 4));
#define RUN(label)                                                                                                     \
    trap_clear();                                                                                                      \
    run_user((uint32_t)label, USER_STACK_TOP, 2);                                                                      \
    expect_trap_at(#label ": beyond the stack segment", SS, 0, (uint32_t)label##_at);
    RUN(user_push)
    RUN(user_pop)
    RUN(user_call)
    RUN(user_ret)
    RUN(user_pushal)
    RUN(user_popal)
    RUN(user_enter)
    RUN(user_iret)
    RUN(user_retf)
    check_equal("esp is as it was", trap.frame.esp, 0x7ffa);
}

// ---- Code segments -------------------------------------------------------------------------------------------------

extern const char small_code[], small_loop[], small_end[], small_far[];
// Code for a segment that ends at small_end - 1.
__asm__(".text\n"
        "small_code:\n\tlretl\n"
        "small_far:\n\tnop\n\tjmp small_end\n\t"
        "small_loop:\n\tmovl $5, %ecx\n1:\tloop small_end\n\tlretl\n"
        "\t.fill 8, 1, 0x90\n"
        "small_end:\n\tlretl\n");

static void call_far(unsigned selector, uint32_t offset) {
    struct far_pointer pointer = {offset, (uint16_t)selector};
    trap_clear();
    // A trap in the callee leaves its return address behind.
    __asm__ volatile("movl %%esp, %%esi\n\tmovl $1f, trap_start\n\tmovl $2f, trap_resume\n1:\tlcalll *(%0)\n"
                     "2:\tmovl %%esi, %%esp\n\tmovl $0, trap_resume"
                     ::"r"(&pointer) : "eax", "ecx", "esi", "memory");
}

static void code_limits(void) {
    uint32_t length = (uint32_t)(small_end - small_code);
    set(A, segment((uint32_t)small_code, length - 1, 0x9b, 4));
    call_far(A, 0);
    expect_no_trap("a code segment with a base");
    if (on_tcg) {
        // TCG names the selector, and looks at limits in far transfers only.
        skip("limits of code segments");
    } else {
    call_far(A, length);
    expect_fault("far call beyond the limit", GP, 0);
    call_far(A, (uint32_t)(small_far - small_code));
    expect_trap_at("near jump beyond the limit", GP, 0, (uint32_t)(small_far - small_code) + 1);
    call_far(A, (uint32_t)(small_loop - small_code));
    expect_trap_at("LOOP beyond the limit", GP, 0, (uint32_t)(small_loop - small_code) + 5);
    check_equal("LOOP's counter stays", trap.frame.ecx, 5);
    call_far(A, length - 3);
    expect_trap_at("execution runs over the limit", GP, 0, length);
    }
    set(A, segment((uint32_t)small_code, length - 1, 0x93, 4));
    call_far(A, 0);
    expect_fault("far call to data", GP, A);
    set(A, segment((uint32_t)small_code, length - 1, 0x1b, 4));
    call_far(A, 0);
    expect_fault("far call to absent code", NP, A);
    call_far(0, 0);
    expect_fault("far call to a null selector", GP, 0);
    set(A, segment((uint32_t)small_code, length - 1, 0xfb, 4));
    call_far(A, 0);
    expect_fault("far call to outer code", GP, A);
    set(A, segment((uint32_t)small_code, length - 1, 0x9f, 4));
    call_far(A, 0);
    expect_no_trap("far call to conforming code");
    // 16-bit code.
    extern const char code16[];
    set(A, segment((uint32_t)code16, 0xffff, 0x9b, 0));
    uint32_t eax = 0x11112222;
    struct far_pointer pointer = {0, A};
    __asm__ volatile("lcalll *%1" : "+a"(eax) : "m"(pointer) : "ebx", "ecx", "memory");
    check_equal("16-bit code: add of 16 bits", eax, 0x11112345);
}
__asm__(".text\n\t.code16\ncode16:\n\taddw $0x123, %ax\n\tlretl\n\t.code32\n");

// ---- Gates ---------------------------------------------------------------------------------------------------------

extern const char gate_target[], gate_target16[], user_gate[], user_gate16[], user_gate_at[], user_back[];
uint32_t seen[16];
__asm__(".text\n"
        // The stack: EIP, CS, parameters 1 and 2, ESP, SS.
        "gate_target:\n\tmovl %esp, %ebp\n\tpushl %ds\n\tpushl $0x10\n\tpopl %ds\n\t"
        "movl (%ebp), %ecx\n\tmovl %ecx, seen\n\tmovl 4(%ebp), %ecx\n\tmovl %ecx, seen+4\n\t"
        "movl 8(%ebp), %ecx\n\tmovl %ecx, seen+8\n\tmovl 12(%ebp), %ecx\n\tmovl %ecx, seen+12\n\t"
        "movl 16(%ebp), %ecx\n\tmovl %ecx, seen+16\n\tmovl 20(%ebp), %ecx\n\tmovl %ecx, seen+20\n\t"
        "movl %cs, %ecx\n\tmovl %ecx, seen+24\n\tmovl %ss, %ecx\n\tmovl %ecx, seen+28\n\t"
        "popl %ds\n\tmovl $0x10, %ecx\n\tmovl %ecx, %fs\n\tlretl $8\n"
        "user_gate:\n\tpushl $0x22222222\n\tpushl $0x11111111\n\tmovl %esp, %esi\n\tlcalll $0x4b, $0xdeadbeef\n"
        "user_back:\n\tmovl %esp, %edi\n\tmovl %fs, %ebx\n\tud2\n"
        // Through a 16-bit gate: IP, CS, two words, SP, SS.
        "gate_target16:\n\tmovl %esp, %ebp\n\tpushl %ds\n\tpushl $0x10\n\tpopl %ds\n\t"
        "movl (%ebp), %ecx\n\tmovl %ecx, seen\n\tmovl 4(%ebp), %ecx\n\tmovl %ecx, seen+4\n\t"
        "movl 8(%ebp), %ecx\n\tmovl %ecx, seen+8\n\tpopl %ds\n\tmovl %ebp, %esp\n\tlretw $4\n"
        "user_gate16:\n\tljmp $0x5b, $1f-user_gate16\n1:\tpushw $0x2222\n\tpushw $0x1111\n\tmovl %esp, %esi\n\t"
        "lcallw $0x4b, $0xbeef\n\tud2\n");

static void call_gates(void) {
    set(A, 0);
    set(B, gate(KERNEL_CS, (uint32_t)gate_target, 0xec, 2));
    trap_clear();
    run_user((uint32_t)user_gate, USER_STACK_TOP, 2);
    check_equal("gate: return address", seen[0], (uint32_t)user_back);
    check_equal("gate: return CS", seen[1], USER_CS);
    check_equal("gate: first parameter", seen[2], 0x11111111);
    check_equal("gate: second parameter", seen[3], 0x22222222);
    check_equal("gate: ESP", seen[4], USER_STACK_TOP - 8);
    check_equal("gate: SS", seen[5], USER_SS);
    check_equal("gate: CS in it", seen[6], KERNEL_CS);
    check_equal("gate: SS in it", seen[7], KERNEL_SS);
    check_equal("gate: back with UD2", trap.frame.vector, UD);
    check_equal("gate: ESP after the return", trap.frame.edi, USER_STACK_TOP);
    check_equal("gate: FS of ring 0 is gone", trap.frame.ebx & 0xffff, 0);

    set(B, gate(KERNEL_CS, (uint32_t)gate_target, 0x8c, 2));
    trap_clear();
    run_user((uint32_t)user_gate, USER_STACK_TOP, 2);
    check_equal("gate of DPL 0 from ring 3", trap.frame.vector << 16 | trap.frame.error, GP << 16 | B);
    set(B, gate(KERNEL_CS, (uint32_t)gate_target, 0x6c, 2));
    trap_clear();
    run_user((uint32_t)user_gate, USER_STACK_TOP, 2);
    check_equal("absent gate", trap.frame.vector << 16 | trap.frame.error, NP << 16 | B);
    set(B, gate(0, (uint32_t)gate_target, 0xec, 2));
    trap_clear();
    run_user((uint32_t)user_gate, USER_STACK_TOP, 2);
    check_equal("gate to a null selector", trap.frame.vector << 16 | trap.frame.error, GP << 16);
    set(B, gate(KERNEL_SS, (uint32_t)gate_target, 0xec, 2));
    trap_clear();
    run_user((uint32_t)user_gate, USER_STACK_TOP, 2);
    check_equal("gate to data", trap.frame.vector << 16 | trap.frame.error, GP << 16 | KERNEL_SS);
    // A bad inner stack.
    set(B, gate(KERNEL_CS, (uint32_t)gate_target, 0xec, 2));

    // At the same level.
    set(B, gate(KERNEL_CS, (uint32_t)small_code, 0x8c, 0));
    call_far(B, 0x12345678);
    expect_no_trap("gate at the same level");

    // 16 bits: the target has to lie below 64 KiB of its segment.
    set(C, segment((uint32_t)gate_target16, 0xfffff, 0x9b, 0xc));
    set(B, gate(C, 0, 0xe4, 2));
    uint32_t base = (uint32_t)user_gate16;
    set(D, segment(base, 0xffff, 0xfb, 4));
    trap_clear();
    memset(seen, 0, sizeof seen);
    run_user((uint32_t)user_gate16, USER_STACK_TOP, 2);
    check_equal("16-bit gate: parameters", seen[1], 0x22221111);
    check_equal("16-bit gate: CS", seen[0] >> 16, D | 3);
    check_equal("16-bit gate: back with UD2", trap.frame.vector, UD);
    check_equal("16-bit gate: SP and SS", seen[2], USER_SS << 16 | ((USER_STACK_TOP - 4) & 0xffff));
}

// ---- Interrupts ----------------------------------------------------------------------------------------------------

extern const char handler16[], handler32[], user_int[], user_int_at[], user_iret_nt[], user_low[];
__asm__(".text\n"
        // IP, CS, FLAGS as words.
        "handler16:\n\tmovl (%esp), %ecx\n\tmovl %ecx, seen\n\tmovzwl 4(%esp), %ecx\n\tmovl %ecx, seen+4\n\t"
        "pushfl\n\tpopl seen+8\n\tiretw\n"
        "handler32:\n\tmovl (%esp), %ecx\n\tmovl %ecx, seen\n\tpushfl\n\tpopl seen+8\n\tiretl\n"
        "user_int:\n\tnop\nuser_int_at:\n\tint $0x60\n\tud2\n");

static void interrupts(void) {
    extern const char after16[];
    set(C, segment((uint32_t)handler16, 0xffff, 0x9b, 4));
    idt[0x60] = gate(C, 0, 0x86, 0);
    // The code that is interrupted must have an IP of 16 bits.
    extern const char int16_code[];
    set(D, segment((uint32_t)int16_code, 0xffff, 0x9b, 4));
    memset(seen, 0, sizeof seen);
    call_far(D, 0);
    expect_no_trap("16-bit interrupt gate");
    check_equal("16-bit interrupt gate: IP and CS", seen[0], D << 16 | (uint32_t)(after16 - int16_code));
    check_equal("16-bit interrupt gate: FLAGS", seen[1] & 0x202, 0x202);
    check_equal("16-bit interrupt gate: IF is off", seen[2] & 0x200, 0);
    idt[0x60] = gate(C, 0, 0x87, 0);
    call_far(D, 0);
    check_equal("16-bit trap gate: IF stays", seen[2] & 0x200, 0x200);
    idt[0x60] = gate(KERNEL_CS, (uint32_t)handler32, 0x8f, 0);
    call_far(D, 0);
    check_equal("32-bit trap gate: IF stays", seen[2] & 0x200, 0x200);
    check_equal("32-bit trap gate: EIP", seen[0], (uint32_t)(after16 - int16_code));

    trap_clear();
    run_user((uint32_t)user_int, USER_STACK_TOP, 2);
    expect_trap_at("INT from ring 3 to a gate of DPL 0", GP, 0x60 * 8 + 2, (uint32_t)user_int_at);
    idt[0x60] = gate(KERNEL_CS, (uint32_t)handler32, 0x0e, 0);
    TRAP("int $0x60", ::: "ecx");
    expect_fault("INT to an absent gate", NP, 0x60 * 8 + 2);
    idt[0x60] = gate(KERNEL_CS, (uint32_t)handler32, 0x8c, 0);
    TRAP("int $0x60", ::: "ecx");
    expect_fault("INT to a call gate", GP, 0x60 * 8 + 2);
    idt[0x60] = gate(USER_CS, (uint32_t)handler32, 0x8e, 0);
    TRAP("int $0x60", ::: "ecx");
    expect_fault("INT to outer code", GP, USER_CS & ~3);
    load_idt(0x60 * 8 + 6);
    TRAP("int $0x60", ::: "ecx");
    expect_fault("INT beyond the table", GP, 0x60 * 8 + 2);
    load_idt(sizeof idt - 1);
    TRAP("int3", );
    expect_trap_at("INT3", BP, 0, trap_start + 1);
    TRAP("movb $0x7f, %%al\n\taddb $1, %%al\n\tinto", ::: "eax");
    check("INTO with OF", trap.count == 1 && trap.frame.vector == OF);
    TRAP("xorl %%eax, %%eax\n\tinto", ::: "eax");
    expect_no_trap("INTO without OF");
    // IRET
    uint32_t esp;
    ON_STACK(0x10, (uint32_t)(area + 0x1000), "pushfl\n\tpushl $0\n\tpushl $1f\n\tmovl $1f-2, trap_start\n\tmovl $2f, trap_resume\n\tnop\n\tiretl\n1:\tnop\n2:", esp);
    check("IRET to a null CS", trap.count == 1 && trap.frame.vector == GP && trap.frame.error == 0);
    (void)esp;
}
__asm__(".text\nint16_code:\n\tsti\n\tint $0x60\nafter16:\n\tcli\n\tlretl\n");

// The stacks of a 16-bit task state segment.
USER_CASE(user_int80, "int $0x80")
static void task16(void) {
    static uint16_t tss16[22];
    tss16[1] = 0xf000, tss16[2] = A;
    set(A, segment((uint32_t)stack16, 0xffff, 0x93, 4));
    set(B, segment((uint32_t)tss16, sizeof tss16 - 1, 0x81, 0));
    stack_base = (uint32_t)stack16;
    TRAP("ltr %w0", ::"r"(B));
    expect_no_trap("LTR of a 16-bit task");
    check_equal("16-bit task: busy", (uint32_t)(gdt[B / 8] >> 40) & 0xff, 0x83);
    trap_clear();
    run_user((uint32_t)user_int80, USER_STACK_TOP, 2);
    check_equal("16-bit task: vector", trap.frame.vector, 0x80);
    check_equal("16-bit task: the stack", trap.address + sizeof(struct frame), (uint32_t)stack16 + 0xf000);
    check_equal("16-bit task: ESP of ring 3", trap.frame.esp, USER_STACK_TOP);
    gdt[TSS_SELECTOR / 8] = segment((uint32_t)tss, sizeof tss - 1, 0x89, 0);
    __asm__ volatile("ltr %w0" ::"r"(TSS_SELECTOR));
}

// ---- Selectors -----------------------------------------------------------------------------------------------------

static uint32_t lar(unsigned selector, bool *ok) {
    uint32_t value = 0xdeadbeef;
    uint8_t zero;
    __asm__ volatile("larl %2, %0\n\tsetz %1" : "+r"(value), "=q"(zero) : "r"(selector));
    *ok = zero;
    return value;
}
static uint32_t lsl(unsigned selector, bool *ok) {
    uint32_t value = 0xdeadbeef;
    uint8_t zero;
    __asm__ volatile("lsll %2, %0\n\tsetz %1" : "+r"(value), "=q"(zero) : "r"(selector));
    *ok = zero;
    return value;
}
static bool verr(unsigned selector) {
    uint8_t zero;
    __asm__ volatile("verr %w1\n\tsetz %0" : "=q"(zero) : "r"(selector));
    return zero;
}
static bool verw(unsigned selector) {
    uint8_t zero;
    __asm__ volatile("verw %w1\n\tsetz %0" : "=q"(zero) : "r"(selector));
    return zero;
}

static void selectors(void) {
    bool ok;
    check_equal("LAR of code", lar(KERNEL_CS, &ok) & 0xf0ff00, 0xc09b00);
    check("LAR of code: ZF", ok);
    check_equal("LSL of code", lsl(KERNEL_CS, &ok), 0xffffffff);
    check_equal("LAR of null", lar(0, &ok), 0xdeadbeef);
    check("LAR of null: ZF", !ok);
    lar(sizeof gdt, &ok);
    check("LAR beyond the table: ZF", !ok);
    check_equal("LAR of the task", lar(TSS_SELECTOR, &ok) & 0xf0ff00, 0x008b00);
    check_equal("LSL of the task", lsl(TSS_SELECTOR, &ok), sizeof tss - 1);
    set(A, gate(KERNEL_CS, 0, 0x8c, 0));
    lar(A, &ok);
    check("LAR of a call gate: ZF", ok);
    lsl(A, &ok);
    check("LSL of a call gate: ZF", !ok);
    set(A, gate(KERNEL_CS, 0, 0x8e, 0));
    lar(A, &ok);
    check("LAR of an interrupt gate: ZF", !ok);
    set(A, segment(0, 0x1ff, 0x82, 0));
    lar(A, &ok);
    check("LAR of an LDT: ZF", ok);
    check_equal("LSL of an LDT", lsl(A, &ok), 0x1ff);
    lar(KERNEL_CS | 3, &ok);
    check("LAR with a low RPL: ZF", !ok);
    check("VERR of code", verr(KERNEL_CS));
    check("VERW of code", !verw(KERNEL_CS));
    check("VERW of data", verw(KERNEL_SS));
    set(A, segment(0, 0xfff, 0x91, 4));
    check("VERR of read-only data", verr(A));
    check("VERW of read-only data", !verw(A));
    set(A, segment(0, 0xfff, 0x99, 4));
    check("VERR of code that can't be read", !verr(A));
    check("VERR of a task", !verr(TSS_SELECTOR));
    set(A, segment(0, 0xfff, 0x9f, 4));
    check("VERR of conforming code with RPL 3", verr(A | 3));
    check("VERR of data with RPL 3", !verr(KERNEL_SS | 3));

    uint32_t value = 0x1238, zero;
    __asm__ volatile("arpl %w2, %w0\n\tsetz %b1" : "+r"(value), "=&q"(zero) : "r"(0x0003));
    check_equal("ARPL raises", value | (zero & 0xff) << 16, 0x1123b);
    value = 0x123b;
    __asm__ volatile("arpl %w2, %w0\n\tsetz %b1" : "+r"(value), "=&q"(zero) : "r"(0x0001));
    check_equal("ARPL keeps", value | (zero & 0xff) << 16, 0x0123b);
    TRAP("ltr %w0", ::"r"(TSS_SELECTOR));
    expect_fault("LTR of a busy task", GP, TSS_SELECTOR);
    __asm__ volatile("str %w0" : "=r"(value));
    check_equal("STR", value & 0xffff, TSS_SELECTOR);
}

// ---- Instructions --------------------------------------------------------------------------------------------------

static void instructions(void) {
    uint32_t value, flags;
#define BCD(code, in, inflags, out, outflags)                                                                          \
    __asm__ volatile("pushfl\n\tandl $~0x8d5, (%%esp)\n\torl %3, (%%esp)\n\tpopfl\n\t" code "\n\tpushfl\n\tpopl %1"     \
                     : "=a"(value), "=r"(flags) : "0"(in), "r"(inflags));                                              \
    check_equal(code " " #in, value, out);                                                                             \
    check_equal(code " " #in ": flags", flags & 0x11, outflags);
    BCD("aaa", 0x00f, 0, 0x105, 0x11)
    BCD("aaa", 0x205, 0, 0x205, 0)
    BCD("aaa", 0x2fa, 0, 0x400, 0x11)
    BCD("aas", 0x0ff, 0, 0xff09, 0x11)
    BCD("aas", 0x303, 0x10, 0x10d, 0x11)
    BCD("daa", 0x79, 0x10, 0x7f, 0x10)
    BCD("daa", 0x9b, 0, 0x01, 0x11)
    BCD("das", 0x3f, 0, 0x39, 0x10)
    BCD("das", 0x05, 0x11, 0x9f, 0x11)
    __asm__ volatile("aam" : "=a"(value) : "0"(0x63));
    check_equal("aam", value, 0x909);
    __asm__ volatile("aad" : "=a"(value) : "0"(0x909));
    check_equal("aad", value, 0x63);
    TRAP(".byte 0xd4, 0", ::"a"(5));
    expect_fault("aam of 0", DE, 0);
    __asm__ volatile("stc\n\t.byte 0xd6" : "=a"(value) : "0"(0x1200));
    check_equal("salc", value, 0x12ff);

    area[0x45] = 0x77;
    set(A, segment((uint32_t)area + 0x10, 0xfff, 0x93, 4));
    load_fs(A);
    __asm__ volatile(".byte 0x64\n\txlatb" : "=a"(value) : "0"(0x55500005), "b"(0x30));
    check_equal("xlat with a segment", value, 0x55500077);
    // 16-bit addresses wrap.
    set(A, segment((uint32_t)area, 0xfffff, 0x93, 4));
    load_fs(A);
    *(uint32_t *)(area + 0x0004) = 0xcafe0001;
    *(uint32_t *)(area + 0x10004) = 0xcafe0002;
    __asm__ volatile("addr16 movl %%fs:0x14(%%bx,%%si), %0" : "=r"(value) : "b"(0x5555fff0), "S"(0x66660000));
    check_equal("16-bit address: wraps", value, 0xcafe0001);
    __asm__ volatile("addr16 leal 0x14(%%bx,%%si), %0" : "=r"(value) : "b"(0x5555fff0), "S"(0x66660000));
    check_equal("16-bit address: lea", value, 4);
    area[0x2045] = 0x66;
    __asm__ volatile(".byte 0x64, 0x67\n\txlatb" : "=a"(value) : "0"(0x47), "b"(0x77771ffe));
    check_equal("16-bit address: xlat", value, 0x66);
    uint32_t ecx = 0x50001, edx = 0;
    __asm__ volatile("1:\tincl %1\n\taddr16 loop 1b" : "+c"(ecx), "+r"(edx));
    check_equal("16-bit address: loop counts CX", ecx, 0x50000);
    check_equal("16-bit address: loop's rounds", edx, 1);
    __asm__ volatile("movl $1, %0\n\tjcxz 1f\n\tmovl $0, %0\n1:" : "=r"(edx) : "c"(0x50000));
    check_equal("jcxz", edx, 1);
    __asm__ volatile("movl $1, %0\n\tjecxz 1f\n\tmovl $0, %0\n1:" : "=r"(edx) : "c"(0x50000));
    check_equal("jecxz", edx, 0);
    // String instructions with 16-bit addresses.
    memset(area, 0, 0x100);
    uint32_t edi = 0x1234fffe;
    ecx = 0x10004;
    __asm__ volatile("pushl %%es\n\tmovw %w2, %%es\n\taddr16 rep stosb\n\tpopl %%es"
                     : "+D"(edi), "+c"(ecx) : "r"(A), "a"(0xee) : "memory");
    check_equal("16-bit rep stosb: edi", edi, 0x12340002);
    check_equal("16-bit rep stosb: ecx", ecx, 0x10000);
    check("16-bit rep stosb: bytes", area[0xffff] == 0xee && area[1] == 0xee && area[2] == 0 && area[0x10000] == 0);

    int32_t bounds[2] = {-5, 10};
    TRAP("bound %0, %1", ::"r"(10), "m"(bounds));
    expect_no_trap("bound: the upper one");
    TRAP("bound %0, %1", ::"r"(11), "m"(bounds));
    expect_fault("bound: above", BR, 0);
    TRAP("bound %0, %1", ::"r"(-6), "m"(bounds));
    expect_fault("bound: below", BR, 0);
    TRAP(".byte 0x62, 0xc0", );
    expect_fault("bound of a register", UD, 0);

    struct far_pointer far = {0x12345678, KERNEL_SS};
    __asm__ volatile("lesl %1, %0" : "=r"(value) : "m"(far));
    check_equal("les", value, 0x12345678);
    __asm__ volatile("lssl %1, %0" : "=r"(value) : "m"(far));
    check_equal("lss", value, 0x12345678);
    far.selector = sizeof gdt;
    TRAP("lfsl %0, %%eax", ::"m"(far) : "eax");
    expect_fault("lfs beyond the table", GP, sizeof gdt);

    uint32_t result[9];
    __asm__ volatile("movl %%esp, %%esi\n\tpushal\n\tmovl $8, %%ecx\n\tpushl %%esi\n\tleal 4(%%esp), %%esi\n\t"
                     "cld\n\trep movsl\n\tpopl %%esi\n\tmovl %%esi, (%%edi)\n\tpopal"
                     ::"D"(result), "a"(1), "c"(2), "d"(3) : "esi", "memory");
    check("pusha: eax, ecx, edx", result[7] == 1 && result[6] == 2 && result[5] == 3);
    check_equal("pusha: esp as it was", result[3], result[8]);

    // ENTER with three levels: the old EBP, two frame pointers from below it, the new frame's own.
    uint32_t frame[4] = {0, 0x11, 0x22, 0x33}, got[4], esp2 = 0;
    __asm__ volatile("pushl %%ebp\n\tmovl %%esp, %%esi\n\tleal 12(%2), %%ebp\n\tenter $8, $3\n\tmovl %%ebp, %%ecx\n\t"
                     "movl %%esp, %0\n\tsubl %%ecx, %0\n\tmovl (%%ebp), %%eax\n\tmovl %%eax, (%1)\n\t"
                     "movl -4(%%ebp), %%eax\n\tmovl %%eax, 4(%1)\n\tmovl -8(%%ebp), %%eax\n\tmovl %%eax, 8(%1)\n\t"
                     "movl -12(%%ebp), %%eax\n\tsubl %%ecx, %%eax\n\tmovl %%eax, 12(%1)\n\tmovl %%esi, %%esp\n\tpopl %%ebp"
                     : "+d"(esp2) : "D"(got), "b"(frame) : "eax", "ecx", "esi", "memory");
    check_equal("enter: esp below the frame", esp2, (uint32_t)-20);
    check("enter: frame pointers", got[0] == (uint32_t)(frame + 3) && got[1] == 0x22 && got[2] == 0x11);
    check_equal("enter: its own", got[3], 0);

    uint32_t pair[2];
    __asm__ volatile("movl $-1, %%eax\n\tmovl %%ds, %%eax\n\tmovl %%eax, %0" : "=m"(pair[0]) :: "eax");
    check_equal("mov from a segment register clears the rest", pair[0], KERNEL_SS);
    uint32_t esp0, esp1;
    __asm__ volatile("movl %%esp, %0\n\tpushw %%ds\n\tmovl %%esp, %1\n\tpopw %%fs\n" : "=&r"(esp0), "=&r"(esp1));
    check_equal("push of a segment register with 16 bits", esp0 - esp1, 2);
    load_fs(0);
}

// ---- Privilege -----------------------------------------------------------------------------------------------------

USER_CASE(user_cli, "cli")
USER_CASE(user_hlt, "hlt")
USER_CASE(user_in, "inb $0x80, %al")
USER_CASE(user_cr, "movl %cr0, %eax")
USER_CASE(user_lgdt, "lgdt 0")
USER_CASE(user_invlpg, "invlpg 0")
USER_CASE(user_rdmsr, "rdmsr")
USER_CASE(user_clts, "clts")
USER_CASE(user_unaligned, "movl user_stack+1, %eax")
USER_CASE(user_aligned, "movl user_stack+4, %eax\n\tmovw user_stack+2, %ax\n\tmovb user_stack+1, %al")
USER_CASE(user_unaligned2, "movw user_stack+1, %ax")
USER_CASE(user_unaligned8, "fldl user_stack+4")
USER_CASE(user_kernel_ds, "movw $0x10, %ax\n\tmovw %ax, %fs")
USER_CASE(user_popf, "pushl $0x3202\n\tpopfl\n\tpushfl\n\tpopl %eax")

static void privilege(void) {
#define FAULTS(label, name, vector, error)                                                                             \
    trap_clear();                                                                                                      \
    run_user((uint32_t)label, USER_STACK_TOP, 2);                                                                      \
    expect_fault(name " in ring 3", vector, error);
    FAULTS(user_cli, "cli", GP, 0)
    FAULTS(user_hlt, "hlt", GP, 0)
    FAULTS(user_in, "in", GP, 0)
    FAULTS(user_cr, "mov from cr0", GP, 0)
    FAULTS(user_lgdt, "lgdt", GP, 0)
    FAULTS(user_invlpg, "invlpg", GP, 0)
    FAULTS(user_rdmsr, "rdmsr", GP, 0)
    FAULTS(user_clts, "clts", GP, 0)
    trap_clear();
    run_user((uint32_t)user_kernel_ds, USER_STACK_TOP, 2);
    check_equal("a segment of ring 0 in ring 3", trap.frame.vector << 16 | trap.frame.error, GP << 16 | KERNEL_SS);
    trap_clear();
    run_user((uint32_t)user_popf, USER_STACK_TOP, 2);
    check_equal("popf in ring 3 changes neither IOPL nor IF", trap.frame.eax & 0x3200, 0);

    write_cr0(read_cr0() | CR0_AM);
    trap_clear();
    run_user((uint32_t)user_unaligned, USER_STACK_TOP, 0x40002);
    if (on_tcg) {
        // TCG has no alignment checks.
        skip("alignment checks");
    } else {
        expect_fault("alignment check: a doubleword", AC, 0);
        trap_clear();
        run_user((uint32_t)user_unaligned2, USER_STACK_TOP, 0x40002);
        expect_fault("alignment check: a word", AC, 0);
        trap_clear();
        run_user((uint32_t)user_unaligned8, USER_STACK_TOP, 0x40002);
        expect_fault("alignment check: a quadword", AC, 0);
    }
    trap_clear();
    run_user((uint32_t)user_aligned, USER_STACK_TOP, 0x40002);
    check_equal("alignment check: aligned", trap.frame.vector, UD);
    trap_clear();
    run_user((uint32_t)user_unaligned, USER_STACK_TOP, 2);
    check_equal("alignment check: AC clear", trap.frame.vector, UD);
    write_cr0(read_cr0() & ~CR0_AM);
    trap_clear();
    run_user((uint32_t)user_unaligned, USER_STACK_TOP, 0x40002);
    check_equal("alignment check: AM clear", trap.frame.vector, UD);
}

void test_main(void) {
    if (on_tcg) {
        skip("limits of segments");
    } else {
        limits();
        strings();
        stack_limits();
        user_stacks();
    }
    types();
    local_table();
    stacks();
    code_limits();
    call_gates();
    interrupts();
    task16();
    selectors();
    instructions();
    privilege();
}
