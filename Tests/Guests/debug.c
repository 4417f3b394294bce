// Single steps and the debug registers, in 32-bit code.
#include "legacy.h"

const char test_name[] = "debug";

// What each #DB found: where, DR6, the pushed flags.
struct step {
    uint32_t eip, dr6, eflags;
};
static volatile struct step steps[64];
static volatile unsigned count;
static volatile uint32_t resume_at; // an instruction breakpoint that is to be gone over
static volatile bool stops_stepping;

static void hook(struct frame *frame) {
    if (frame->vector != DB) {
        print("  unexpected vector ");
        print_hex(frame->vector);
        print(" at ");
        print_hex(frame->eip);
        print("\n");
        check("only #DB", false);
        finish();
    }
    if (count < 64) steps[count] = (struct step){frame->eip, read_dr6(), frame->eflags};
    count++;
    write_dr6(0);
    if (frame->eip == resume_at) frame->eflags |= 0x10000;
    if (stops_stepping) frame->eflags &= ~0x100u;
}

static void begin(void) {
    count = 0, resume_at = 0, stops_stepping = false;
    write_dr6(0);
    trap_hook = hook;
}

static void end(const char *name, const uint32_t *expected, unsigned number) {
    trap_hook = NULL;
    write_dr7(0x400);
    bool same = count == number;
    for (unsigned i = 0; i < number && i < count; i++) same = same && steps[i].eip == expected[i];
    check(name, same);
    if (same) return;
    for (unsigned i = 0; i < count || i < number; i++) {
        print("    ");
        print_hex(i < count ? steps[i].eip : 0);
        print(" expected ");
        print_hex(i < number ? expected[i] : 0);
        print("\n");
    }
}
#define END(name, ...)                                                                                                 \
    do {                                                                                                               \
        const uint32_t expected[] = {__VA_ARGS__};                                                                     \
        end(name, expected, sizeof expected / 4);                                                                      \
    } while (0)
#define NONE(name) end(name, NULL, 0)

#define TF_ON "pushfl\n\torl $0x100, (%esp)\n\tpopfl\n\t"
#define TF_OFF "pushfl\n\tandl $~0x100, (%esp)\n\tpopfl\n"
#define CODE(label, code) __asm__(".text\n" #label ":\n\tpushal\n\t" code "\n\tpopal\n\tret\n"); extern const char label[]
typedef void procedure(void);
#define CALL(label) ((procedure *)label)()
#define L(label) extern const char label[];
#define AT(label) ((uint32_t)(label))

uint32_t data[16] __attribute__((aligned(64)));

L(s1) L(s2) L(s3) L(s4) L(s5) L(s6) L(s7)
CODE(step_plain, TF_ON "s1: nop\ns2: incl %eax\ns3: jmp s4\n\tud2\ns4: call s5\n\ts5: popl %eax\ns6: " TF_OFF);
L(r1) L(r2) L(r3)
CODE(step_repeat, "movl $data, %esi\n\tmovl $data+32, %edi\n\tmovl $3, %ecx\n\tcld\n\t" TF_ON "r1: rep movsb\nr2: nop\nr3: " TF_OFF);
L(m1) L(m2) L(m3) L(m4)
CODE(step_shadow, "movl %ss, %eax\n\t" TF_ON "m1: movl %eax, %ss\nm2: nop\nm3: pushl %eax\n\tpopl %ss\n\tnop\nm4: " TF_OFF);
L(i1) L(i2) L(i3)
CODE(step_interrupt, TF_ON "i1: int $0x61\ni2: nop\ni3: " TF_OFF);
extern const char plain_iret[];
__asm__(".text\nplain_iret:\n\tnop\n\tnop\n\tiretl\n");
L(q1) L(q2)
CODE(step_iret, "pushfl\n\torl $0x100, (%esp)\n\tpushl %cs\n\tpushl $q1\n\tiretl\nq1: nop\nq2: " TF_OFF);
L(t1) L(t2) L(t3)
CODE(step_sti, TF_ON "t1: cli\nt2: nop\nt3: " TF_OFF);

L(y1) L(y2)
CODE(step_halt, TF_ON "y1: hlt\ny2: " TF_OFF);

static void single_steps(void) {
    begin();
    CALL(step_plain);
    // The first trap is after the instruction behind POPF; PUSHF, AND and POPF at the end are stepped too.
    trap_hook = NULL;
    check("single step: count", count >= 6);
    check_equal("single step: behind nop", steps[0].eip, AT(s2));
    check_equal("single step: behind inc", steps[1].eip, AT(s3));
    check_equal("single step: jmp", steps[2].eip, AT(s4));
    check_equal("single step: call", steps[3].eip, AT(s5));
    check_equal("single step: pop", steps[4].eip, AT(s6));
    check_equal("single step: DR6", steps[0].dr6 & 0xe00f, 0x4000);
    check_equal("single step: the pushed flags have TF", steps[0].eflags & 0x10100, 0x100);

    memcpy(data, "abcdefgh", 8);
    begin();
    CALL(step_repeat);
    trap_hook = NULL;
    check_equal("rep movsb: first iteration", steps[0].eip, AT(r1));
    check_equal("rep movsb: second iteration", steps[1].eip, AT(r1));
    check_equal("rep movsb: the last one", steps[2].eip, AT(r2));
    check_equal("rep movsb: then the next instruction", steps[3].eip, AT(r3));
    if (on_tcg) skip("rep movsb: RF"); else check_equal("rep movsb: RF within", steps[0].eflags & 0x10000, 0x10000);
    check_equal("rep movsb: no RF at its end", steps[2].eflags & 0x10000, 0);
    check_equal("rep movsb: result", data[8], data[0] & 0xffffff);

    begin();
    CALL(step_shadow);
    trap_hook = NULL;
    check_equal("mov ss: the trap is after the next instruction", steps[0].eip, AT(m3));
    check_equal("push", steps[1].eip, AT(m3) + 1);
    check_equal("pop ss: the trap is after the next instruction", steps[2].eip, AT(m4));

    idt[0x61] = gate(KERNEL_CS, AT(plain_iret), 0x8f, 0);
    begin();
    CALL(step_interrupt);
    trap_hook = NULL;
    // INT clears TF; IRET puts it back for the instruction that follows.
    check_equal("int: no steps in the handler", steps[0].eip, AT(i3));
    begin();
    stops_stepping = true;
    CALL(step_iret);
    END("iret that sets TF: a trap after the next instruction", AT(q2));
    begin();
    CALL(step_sti);
    trap_hook = NULL;
    check_equal("cli", steps[0].eip, AT(t2));
    if (on_tcg) {
        skip("hlt"); // stays halted
    } else {
        // No interrupt comes: the trap itself ends HLT.
        begin();
        CALL(step_halt);
        trap_hook = NULL;
        check_equal("hlt", steps[0].eip, AT(y2));
    }
}

L(b1) L(b2)
CODE(breakpoints, "b1: nop\nb2: nop\n");
L(w1) L(w2) L(w3) L(w4) L(w5)
CODE(writes, "movl $5, data+4\nw1: movb $6, data+7\nw2: movw $7, data+2\nw3: movl data+4, %eax\nw4: movl $8, data+8\nw5: incl data+4\n");
L(u1) L(u2) L(u3)
CODE(unaligned, "movl $1, data+1\nu1: movl data+6, %eax\nu2: nop\n");
L(c1) L(c2)
CODE(copies, "movl $data, %esi\n\tmovl $data+32, %edi\n\tmovl $8, %ecx\n\tcld\nc1: rep movsl\nc2: nop\n");
L(p1) L(p2)
CODE(ports, "outb %al, $0x80\np1: inb $0x84, %al\np2: nop\n");
L(v1) L(v2)
CODE(shadowed, "movw %ss, data\n\tmovw data, %ss\nv1: nop\nv2: nop\n");
L(e1)
CODE(icebp, ".byte 0xf1\ne1: nop\n");
L(f1)
CODE(shadowed_icebp, "movw %ss, data\n\tmovw data, %ss\n\t.byte 0xf1\nf1: nop\n");
L(h1) L(h2)
CODE(both, TF_ON "h1: movl $1, data\nh2: " TF_OFF);
L(x1) L(x2)
CODE(reals, "fninit\n\tfldpi\n\tfstpt data\nx1: fldt data\nx2: fstp %st(0)\n");

enum { EXECUTE = 0, WRITE = 1, PORT = 2, ACCESS = 3, LEN1 = 0, LEN2 = 4, LEN4 = 12 };
static void arm(unsigned number, uint32_t address, unsigned kind) {
    switch (number) {
    case 0: write_dr0(address); break;
    case 1: write_dr1(address); break;
    case 2: write_dr2(address); break;
    default: write_dr3(address); break;
    }
    write_dr7(read_dr7() | 2u << (number * 2) | kind << (16 + number * 4));
}

uint32_t seen_dr7;

// What TCG does not do.
static void detect(void) {
    begin();
    arm(1, AT(data), WRITE | LEN4);
    CALL(both);
    trap_hook = NULL;
    write_dr7(0x400);
    check_equal("a step and a breakpoint at once", steps[0].eip, AT(h2));
    check_equal("a step and a breakpoint at once: DR6", steps[0].dr6 & 0xe00f, 0x4002);

    // General detect.
    write_dr6(0);
    write_dr7(0x400 | 1 << 13);
    TRAP("movl %%dr0, %%eax", ::: "eax");
    expect_fault("general detect", DB, 0);
    check_equal("general detect: DR6", trap.dr6 & 0xe00f, 0x2000);
    TRAP("movl %%dr7, %%eax\n\tmovl %%eax, seen_dr7", ::: "eax", "memory");
    expect_no_trap("general detect: DR7.GD is clear now");
    check_equal("general detect: DR7", seen_dr7, 0x400);
    write_dr6(0xffffffff);
    check_equal("DR6: fixed bits", read_dr6() & 0xffff1ff0, 0xffff0ff0);
}

static void registers(void) {
    begin();
    arm(0, AT(b1), EXECUTE);
    resume_at = AT(b1);
    CALL(breakpoints);
    END("execution: once, before the instruction", AT(b1));
    check_equal("execution: DR6", steps[0].dr6 & 0xe00f, 1);
    check_equal("execution: RF is pushed as it was", steps[0].eflags & 0x10000, 0);
    begin();
    arm(2, AT(b2), EXECUTE);
    arm(3, AT(b2), EXECUTE);
    resume_at = AT(b2);
    CALL(breakpoints);
    END("execution: two at one place", AT(b2));
    check_equal("execution: DR6 of both", steps[0].dr6 & 0xf, 0xc);

    begin();
    arm(1, AT(data + 1), WRITE | LEN4);
    CALL(writes);
    END("writes of 4 bytes", AT(w1), AT(w2), AT(w5) + 6);
    check_equal("writes: DR6", steps[0].dr6 & 0xe00f, 2);
    begin();
    arm(1, AT(data + 1), ACCESS | LEN4);
    CALL(writes);
    END("reads and writes of 4 bytes", AT(w1), AT(w2), AT(w4), AT(w5) + 6);
    begin();
    arm(0, AT(data) + 7, WRITE | LEN1);
    CALL(writes);
    END("writes of 1 byte", AT(w1), AT(w2), AT(w5) + 6);
    begin();
    arm(0, AT(data) + 4, WRITE | LEN1);
    arm(3, AT(data) + 8, ACCESS | LEN2);
    CALL(unaligned);
    END("parts of unaligned accesses", AT(u1), AT(u2));
    check_equal("parts of unaligned accesses: DR6", (steps[0].dr6 & 15) << 4 | (steps[1].dr6 & 15), 0x18);
    begin();
    arm(0, AT(data) + 40, WRITE | LEN4);
    CALL(copies);
    END("rep movsl: a trap within", AT(c1));
    begin();
    arm(0, AT(data) + 8, ACCESS | LEN2);
    CALL(reals);
    if (on_tcg) {
        trap_hook = NULL;
        write_dr7(0x400);
        skip("the last bytes of 80-bit values");
    } else {
        END("the last bytes of 80-bit values", AT(x1), AT(x2));
    }

    // Nothing is hit where it is not enabled.
    begin();
    write_dr0(AT(b1));
    CALL(breakpoints);
    NONE("not enabled");

    write_cr4(read_cr4() | CR4_DE);
    begin();
    arm(0, 0x80, PORT | LEN1);
    arm(1, 0x84, PORT | LEN4);
    CALL(ports);
    END("ports", AT(p1), AT(p2));
    check_equal("ports: DR6", (steps[0].dr6 & 15) << 4 | (steps[1].dr6 & 15), 0x12);
    TRAP("movl %%dr4, %%eax", ::: "eax");
    expect_fault("DR4 with CR4.DE", UD, 0);
    write_cr4(read_cr4() & ~CR4_DE);
    uint32_t value;
    write_dr6(0);
    __asm__ volatile("movl %%dr4, %0" : "=r"(value));
    check_equal("DR4 is DR6", value, 0xffff0ff0);
    __asm__ volatile("movl %%dr5, %0" : "=r"(value));
    check_equal("DR5 is DR7", value, 0x400);

    begin();
    arm(0, AT(data), ACCESS | LEN2);
    CALL(shadowed);
    if (on_tcg) {
        trap_hook = NULL;
        write_dr7(0x400);
        skip("a data breakpoint of MOV SS");
    } else {
        // The one of MOV from SS at once, the one of MOV to SS after the next instruction.
        END("a data breakpoint of MOV SS", AT(v1) - 6, AT(v2));
    }
    if (on_tcg) {
        skip("INT1"); // #UD
    } else {
        begin();
        CALL(icebp);
        END("INT1", AT(e1));
        check_equal("INT1: DR6", steps[0].dr6 & 0xe00f, 0);
        begin();
        arm(2, AT(data), ACCESS | LEN2);
        CALL(shadowed_icebp);
        // The one of the write at once, the one of MOV to SS with INT1's own.
        END("INT1 behind MOV SS", AT(f1) - 7, AT(f1));
        check_equal("INT1 behind MOV SS: DR6", steps[1].dr6 & 0xe00f, 4);
    }
    if (on_tcg) {
        skip("a step and a breakpoint at once");
        skip("general detect");
        skip("DR6: fixed bits");
    } else {
        detect();
    }
    write_dr6(0);
    write_dr7(0);
    check_equal("DR7: bit 10", read_dr7(), 0x400);
}

void test_main(void) {
    single_steps();
    registers();
}
