// Real-address mode and 16-bit code, big real mode, and the ways between real, protected, compatibility and long mode.
#include "legacy.h"

const char test_name[] = "realmode";

#define BASE 0x70000u
#define CASE_AT 0x1000u

struct registers {
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi, eflags;
    uint16_t es, pad, ds, pad2;
};
struct trap16 {
    uint16_t vector, ip, cs, flags, sp;
};
extern uint8_t stub[], stub_end[], real_vectors[], real_in[], real_out[], real_trap[], real_big[];
void real_call(void);
uint32_t long_call(uint32_t cr3, uint32_t value);

#define LOW(label) ((void *)(BASE + (uint32_t)((label) - stub)))
static uint8_t *const low = (uint8_t *)BASE;
static struct registers *in, *out;
static struct trap16 *trapped;

static void run(const char *code, const char *end) {
    memcpy(low + CASE_AT, code, (size_t)(end - code));
    real_call();
}

// A case: 16-bit code, which may end with a trap. Afterwards `out` and `trapped` tell.
#define REAL(label, code)                                                                                              \
    extern const char case_##label[], case_end_##label[];                                                              \
    __asm__(".text\n\t.code16\ncase_" #label ":\n\t" code "\n\tretw\ncase_end_" #label ":\n\t.code32");
#define RUN(label) run(case_##label, case_end_##label)
#define NO_TRAP 0xffff

static void expect_trap(const char *name, unsigned vector, unsigned offset) {
    check_equal(name, (uint32_t)trapped->vector << 16 | trapped->ip, vector << 16 | (CASE_AT + offset));
}
static void set_flags(uint32_t flags) { in->eflags = flags; }

REAL(add, "addw $0x1111, %ax\n\taddl $0x11111111, %ebx\n\taddb $1, %cl")
REAL(wrap_address, "movw (%bx,%si), %ax\n\tmovl 0x10(%bp,%di), %edx")
REAL(beyond, "nop\n\tmovw 0xffff, %ax")
REAL(beyond_stack, "movw $0xffff, %bp\n\tmovw (%bp), %ax")
REAL(beyond_32, "movl $0x10000, %ebx\n\tmovb (%ebx), %al")
REAL(last_byte, "movb 0xffff, %al\n\tmovw 0xfffe, %bx")
REAL(push_wrap, "movw %sp, %dx\n\txorw %sp, %sp\n\tpushw $0x1234\n\tmovw %sp, %cx\n\tpopw %bx\n\tmovw %sp, %ax\n\tmovw %dx, %sp")
REAL(a20, "movw $0xffff, %ax\n\tmovw %ax, %es\n\tmovl %es:0x10, %ebx")
REAL(override, "movw $0x6000, %ax\n\tmovw %ax, %fs\n\tmovl %fs:0x20, %ebx\n\tmovl %cs:0x2000, %ecx\n\tmovl $7, %cs:0x2004")
REAL(software, "int $0x10")
REAL(divide, "xorw %cx, %cx\n\tdivw %cx")
REAL(into, "movb $0x7f, %al\n\tincb %al\n\tinto")
REAL(bound, "movl $0x00050001, 0x2000\n\tmovw $6, %ax\n\tbound %ax, 0x2000")
REAL(undefined, "ud2")
REAL(sldt, "sldt %ax")
REAL(lar, "larw %ax, %ax")
REAL(arpl, "arpl %ax, %ax")
REAL(ltr, "ltr %ax")
REAL(verr, "verr %ax")
REAL(int3, "int3")
REAL(step, "pushfw\n\tpopw %ax\n\torw $0x100, %ax\n\tpushw %ax\n\tpopfw\n\tnop\n\tnop")
REAL(far_call, "pushw %cs\n\tcallw 1f\n1:\tpopw %ax\n\taddw $(2f-1b), %ax\n\tmovw %ax, 0x2000\n\tmovw $0x7000, 0x2002\n\t"
               "movw %sp, %cx\n\tlcallw *0x2000\n\tsubw %sp, %cx\n\tpopw %dx\n\tretw\n2:\tmovw %sp, %bx\n\tmovl (%bx), %esi\n\tlretw")
REAL(near, "movw $3, %cx\n1:\tincw %ax\n\tloop 1b\n\tjcxz 2f\n\tmovw $0xbad, %ax\n2:\tcallw 3f\n\tjmp 4f\n3:\tincw %ax\n\tretw $0\n4:")
REAL(end_of_segment, "movb $0x90, 0xffff\n\tmovw $0xffff, %ax\n\tjmpw *%ax")
REAL(jump_beyond, "movl $0x12345, %eax\n\tjmpl *%eax")
REAL(pusha, "movw %sp, %si\n\tpushaw\n\tmovw %sp, %bx\n\tmovw 6(%bx), %di\n\tmovw %di, 0x2000\n\tpopaw\n\tpushal\n\tpopal\n\tmovw %sp, %dx\n\tsubw %si, %dx")
REAL(enter, "movw %sp, %si\n\tpushw %bp\n\tmovw %sp, %bp\n\tenter $0x10, $1\n\tmovw %bp, %ax\n\tsubw %sp, %ax\n\tmovw (%bp), %bx\n\tsubw %bp, %bx\n\tleave\n\tpopw %bp\n\tmovw %sp, %dx\n\tsubw %si, %dx")
REAL(strings, "cld\n\tmovw $0xfffc, %di\n\tmovw $8, %cx\n\tmovb $0xab, %al\n\trep stosb\n\tmovw %di, %bx\n\tmovw $0xfffe, %si\n\tlodsw\n\tmovw %si, %dx")
REAL(strings_beyond, "cld\n\tmovw $0xfffd, %di\n\tmovw $4, %cx\n\tmovw $0x5555, %ax\n\trep stosw")
REAL(copy, "cld\n\tmovw $0x6000, %ax\n\tmovw %ax, %fs\n\tmovw $0x20, %si\n\tmovw $0x2100, %di\n\tmovw $2, %cx\n\trep movsl %fs:(%si), %es:(%di)\n\tmovl 0x2104, %ebx")
REAL(convert, "movb $0x80, %al\n\tcbtw\n\tmovw %ax, %bx\n\tcwtd\n\tmovl %eax, %ecx\n\tcwtl\n\tmovzbl %bl, %esi\n\tmovsbw %bl, %di")
REAL(pointers, "movl $0x60000004, 0x2000\n\tlesw 0x2000, %bx\n\tmovl %es:0x1c(%bx), %ecx\n\tldsw 0x2000, %si\n\tmovl 0x1c(%si), %edx")
REAL(xlat, "movl $0x20, %ebx\n\tmovw $0x6000, %ax\n\tmovw %ax, %es\n\tmovb $1, %al\n\t.byte 0x26\n\txlatb")
REAL(flags, "pushl $0x3000\n\tpopfl\n\tpushfw\n\tpopw %ax\n\tpushl $0x240000\n\tpopfl\n\tpushfl\n\tpopl %ebx\n\tpushw $0x4002\n\tpopfw\n\tpushfw\n\tpopw %cx\n\tpushl $2\n\tpopfl")
REAL(interrupt_return, "movw %sp, %si\n\tpushw $0x0203\n\tpushw %cs\n\tcallw 1f\n1:\tpopw %ax\n\taddw $(2f-1b), %ax\n\tpushw %ax\n\tiretw\n2:\tpushfw\n\tpopw %bx\n\tcli\n\tmovw %sp, %dx\n\tsubw %si, %dx")
REAL(msw, "smsww %ax\n\tmovl %cr0, %ebx\n\tsmsww 0x2000")
REAL(tables, "sgdtl 0x2000\n\tsidtw 0x2008")
REAL(small_idt, "movw $0x7f, 0x2000\n\tmovl $0, 0x2002\n\tlidtw 0x2000\n\tint $0x20")
REAL(big, "movl $0x200000, %esi\n\tmovl (%esi), %eax\n\tmovl %eax, 0x10(%esi)")
REAL(bcd, "movw $0x00ff, %ax\n\tstc\n\tdaa\n\tmovw %ax, %bx\n\tmovw $0x63, %ax\n\taam\n\tmovw %ax, %cx\n\taad $0x10\n\tmovw %ax, %dx")
REAL(fpu, "fninit\n\tfldpi\n\tfistps 0x2000\n\tfnstenv 0x2010\n\tfnsave 0x2030\n\tmovw 0x2010, %ax\n\tmovw 0x2012, %bx\n\tmovw 0x2014, %cx")
REAL(privileged, "movl %cr3, %eax\n\tmovl %dr7, %ebx\n\tclts\n\tcli\n\tinb $0x80, %al\n\tmovl $0x10, %ecx\n\trdmsr\n\tinvd")
REAL(lock, "lock\n\tnop")
REAL(shift, "movw $0x8001, %ax\n\trolw $17, %ax\n\tmovw $0x1234, %bx\n\tmovw $0x5678, %cx\n\tshldw $4, %cx, %bx\n\tbswapl %edx")

static void real_mode(void) {
    *in = (struct registers){.eax = 0xaaaaf000, .ebx = 0xf0000000, .ecx = 0x111111ff, .eflags = 2};
    RUN(add);
    check_equal("16-bit add", out->eax, 0xaaaa0111);
    check_equal("32-bit add", out->ebx, 0x01111111);
    check_equal("8-bit add", out->ecx, 0x11111100);
    check_equal("no trap", trapped->vector, NO_TRAP);
    check_equal("carry of the 8-bit add", out->eflags & 0x8d5, 0x55);
    *in = (struct registers){.ebx = 0x1234fff0, .esi = 0x2030, .ebp = 0x5678ff00, .edi = 0x2120, .eflags = 2};
    *(uint16_t *)(low + 0x2020) = 0x4321;
    *(uint32_t *)(low + 0x2030) = 0x87654321;
    uint16_t word = 0x4321;
    RUN(wrap_address);
    check_equal("an address wraps at 64 KiB", out->eax & 0xffff, word);
    check_equal("... by BP too", out->edx, 0x87654321);
    *in = (struct registers){.eflags = 2};
    RUN(last_byte);
    check_equal("the last byte and the last word", trapped->vector, NO_TRAP);
    if (on_tcg) {
        skip("limits in real mode");
    } else {
        RUN(beyond);
        expect_trap("a word at the end of a segment", GP, 1);
        RUN(beyond_stack);
        expect_trap("a word at the end of the stack segment", SS, 3);
        RUN(beyond_32);
        expect_trap("a 32-bit address beyond 64 KiB", GP, 6);
        RUN(end_of_segment);
        check_equal("execution runs over the end", (uint32_t)trapped->vector << 16 | trapped->ip, GP << 16);
        RUN(jump_beyond);
        expect_trap("a 32-bit jump beyond 64 KiB", GP, 6);
        in->eflags = 2;
        RUN(strings_beyond);
        expect_trap("rep stosw over the end", GP, 10);
        check_equal("rep stosw over the end: CX, DI", out->ecx << 16 | (out->edi & 0xffff), 3 << 16 | 0xffff);
    }
    RUN(push_wrap);
    check_equal("a push wraps", out->ecx & 0xffff, 0xfffe);
    check_equal("a pop wraps", out->eax & 0xffff, 0);
    check_equal("what was pushed", out->ebx & 0xffff, 0x1234);
    RUN(a20);
    check_equal("an address above 1 MiB", out->ebx, *(uint32_t *)0x100000);
    *(uint32_t *)0x60020 = 0x13579bdf;
    *(uint32_t *)(low + 0x2000) = 0x2468ace0;
    RUN(override);
    check_equal("FS", out->ebx, 0x13579bdf);
    check_equal("CS", out->ecx, 0x2468ace0);
    check_equal("a write through CS", *(uint32_t *)(low + 0x2004), 7);

    set_flags(0x202);
    RUN(software);
    expect_trap("INT", 0x10, 2);
    check_equal("INT: CS", trapped->cs, 0x7000);
    check_equal("INT: FLAGS", trapped->flags & 0x302, 0x202);
    check_equal("INT: IF is clear", out->eflags & 0x200, 0);
    set_flags(2);
    RUN(divide);
    expect_trap("division by 0", DE, 2);
    RUN(into);
    expect_trap("INTO", OF, 5);
    RUN(bound);
    expect_trap("BOUND", BR, 12);
    RUN(undefined);
    expect_trap("UD2", UD, 0);
    RUN(sldt);
    expect_trap("SLDT", UD, 0);
    RUN(lar);
    expect_trap("LAR", UD, 0);
    RUN(arpl);
    expect_trap("ARPL", UD, 0);
    RUN(ltr);
    expect_trap("LTR", UD, 0);
    RUN(verr);
    expect_trap("VERR", UD, 0);
    RUN(lock);
    expect_trap("LOCK NOP", UD, 0);
    RUN(int3);
    expect_trap("INT3", BP, 1);
    RUN(step);
    expect_trap("single step", DB, 8);
    check_equal("single step: TF was pushed", trapped->flags & 0x100, 0x100);
    RUN(far_call);
    check_equal("far call: the stack", out->ecx & 0xffff, 0);
    check_equal("far call: CS", out->edx & 0xffff, 0x7000);
    check_equal("far call: return address", out->esi >> 16, 0x7000);
    in->eax = 0;
    RUN(near);
    check_equal("LOOP, JCXZ, CALL, RET", out->eax & 0xffff, 4);
    RUN(pusha);
    check_equal("PUSHA: SP as it was", *(uint16_t *)(low + 0x2000), out->esi & 0xffff);
    check_equal("POPA: the stack", out->edx & 0xffff, 0);
    RUN(enter);
    check_equal("ENTER: the frame", out->eax & 0xffff, 0x12);
    check_equal("ENTER: the link", out->ebx & 0xffff, 2);
    check_equal("LEAVE: the stack", out->edx & 0xffff, 0);
    RUN(strings);
    check_equal("REP STOSB wraps", out->ebx & 0xffff, 4);
    check_equal("LODSW at the end", (out->eax & 0xffff) | out->edx << 16, 0xabab);
    *(uint32_t *)0x60024 = 0xfeedbeef;
    RUN(copy);
    check_equal("REP MOVSD with a segment", out->ebx, 0xfeedbeef);
    check_equal("REP MOVSD: SI, DI", (out->esi & 0xffff) << 16 | (out->edi & 0xffff), 0x282108);
    RUN(convert);
    check_equal("CBW, CWD, CWDE", out->ebx & 0xffff, 0xff80);
    check_equal("CWD", out->edx & 0xffff, 0xffff);
    check_equal("CWDE", out->eax, 0xffffff80);
    check_equal("MOVZX, MOVSX", out->esi << 16 | (out->edi & 0xffff), 0x80ff80);
    RUN(pointers);
    check_equal("LES", out->ecx, 0x13579bdf);
    check_equal("LDS", out->edx, 0x13579bdf);
    check_equal("LES, LDS: segments", (uint32_t)out->es << 16 | out->ds, 0x60006000);
    RUN(xlat);
    check_equal("XLAT", out->eax & 0xff, 0x9b);
    RUN(flags);
    check_equal("POPF: IOPL", out->eax & 0x3000, 0x3000);
    check_equal("POPF: AC and ID", out->ebx & 0x240000, 0x240000);
    check_equal("POPF: NT", out->ecx & 0x7000, 0x4000);
    RUN(interrupt_return);
    check_equal("IRET: flags", out->ebx & 0x201, 0x201);
    check_equal("IRET: the stack", out->edx & 0xffff, 0);
    RUN(msw);
    check_equal("SMSW", out->eax & 0xffff, read_cr0() & 0xfffe);
    check_equal("SMSW to memory", *(uint16_t *)(low + 0x2000), read_cr0() & 0xfffe);
    check_equal("MOV from CR0", out->ebx, read_cr0() & ~CR0_PE);
    RUN(tables);
    check_equal("SGDT", *(uint32_t *)(low + 0x2002), (uint32_t)gdt);
    check_equal("SIDT", *(uint16_t *)(low + 0x2008), 0x3ff);
    RUN(small_idt);
    expect_trap("INT beyond the table", GP, 20);
    RUN(bcd);
    check_equal("DAA", out->ebx & 0xffff, 0x65);
    check_equal("AAM", out->ecx & 0xffff, 0x909);
    check_equal("AAD", out->edx & 0xffff, 0x99);
    RUN(fpu);
    check_equal("FISTP", *(uint16_t *)(low + 0x2000), 3);
    check_equal("FNSTENV: control word", out->eax & 0xffff, 0x37f);
    check_equal("FNSTENV: tag word", out->ecx & 0xffff, 0xffff);
    RUN(privileged);
    check_equal("privileged instructions", trapped->vector, NO_TRAP);
    check_equal("DR7", out->ebx, 0x400);
    in->edx = 0x12345678;
    RUN(shift);
    check_equal("ROL of 16 bits by 17", out->eax & 0xffff, 0x0003);
    check_equal("SHLD of 16 bits", out->ebx & 0xffff, 0x2345);
    check_equal("BSWAP", out->edx, 0x78563412);
    in->edx = 0;
}

static void big_real_mode(void) {
    *(volatile uint32_t *)0x270000 = 0x600df00d;
    *in = (struct registers){.eflags = 2};
    *(uint8_t *)LOW(real_big) = 1;
    RUN(big);
    check_equal("big real mode: no trap", trapped->vector, NO_TRAP);
    check_equal("big real mode: read", out->eax, 0x600df00d);
    check_equal("big real mode: write", *(volatile uint32_t *)0x270010, 0x600df00d);
    *(uint8_t *)LOW(real_big) = 0;
    if (on_tcg) {
        skip("real mode with limits again");
    } else {
        RUN(big);
        expect_trap("real mode with limits again", GP, 6);
    }
}

// The first 16 MiB one to one, for long mode; and for 2-level paging.
static uint64_t pml4[512] __attribute__((aligned(4096)));
static uint64_t pdpt[512] __attribute__((aligned(4096)));
static uint64_t pd[512] __attribute__((aligned(4096)));
static uint32_t directory[1024] __attribute__((aligned(4096)));
static uint64_t pointers[4] __attribute__((aligned(32)));

static void switches(void) {
    pml4[0] = (uint32_t)pdpt | 3;
    pdpt[0] = (uint32_t)pd | 3;
    pointers[0] = (uint32_t)pd | 1;
    for (uint64_t i = 0; i < 8; i++) pd[i] = i << 21 | 0x83;
    for (uint32_t i = 0; i < 4; i++) directory[i] = i << 22 | 0x83;
    unsigned wrong = 0;
    for (uint32_t round = 0; round < 200; round++) {
        // Long mode.
        uint64_t sum = 0x123456789abcdef0ull + round;
        if (long_call((uint32_t)pml4, round) != (uint32_t)(sum >> 32)) wrong++;
        // 2-level paging.
        write_cr4(read_cr4() | CR4_PSE);
        write_cr3((uint32_t)directory);
        write_cr0(read_cr0() | CR0_PG);
        *(volatile uint32_t *)0x300000 = round;
        write_cr0(read_cr0() & ~CR0_PG);
        write_cr4(read_cr4() & ~CR4_PSE);
        // PAE.
        write_cr4(read_cr4() | CR4_PAE);
        write_cr3((uint32_t)pointers);
        write_cr0(read_cr0() | CR0_PG);
        if (*(volatile uint32_t *)0x300000 != round) wrong++;
        write_cr0(read_cr0() & ~CR0_PG);
        write_cr4(read_cr4() & ~CR4_PAE);
        // Real mode.
        *in = (struct registers){.eax = round, .eflags = 2};
        RUN(add);
        if (out->eax != ((round + 0x1111) & 0xffff)) wrong++;
    }
    check_equal("200 rounds through all modes", wrong, 0);
    check_equal("EFER at the end", (uint32_t)rdmsr(MSR_EFER) & 0x500, 0);
}

void test_main(void) {
    gdt[8] = segment(BASE, 0xffff, 0x9b, 0);        // 0x40
    gdt[9] = segment(BASE, 0xffff, 0x93, 0);        // 0x48
    gdt[10] = segment(0, 0xfffff, 0x9b, 0xa);       // 0x50: 64-bit code
    memcpy(low, stub, (size_t)(stub_end - stub));
    volatile uint32_t *vectors;
    __asm__("xorl %0, %0" : "=r"(vectors)); // address 0, which C takes for no object
    for (unsigned vector = 0; vector < 32; vector++)
        vectors[vector] = (BASE >> 4) << 16 | (uint32_t)(real_vectors - stub + vector * 8);
    in = LOW(real_in), out = LOW(real_out), trapped = LOW(real_trap);
    real_mode();
    big_real_mode();
    switches();
}
