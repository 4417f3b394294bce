// Self-modifying code: in the next block, in the same block, through another mapping, across pages, by every kind of
// store. Intel SDM volume 3, 8.1.3 and 11.6: a store to code that is about to run is seen.
#include "test.h"

const char test_name[] = "selfmodify";

static uint8_t code[8][4096] __attribute__((aligned(4096)));
#define VIEW(n) (TEST_AREA + (n) * 4096ull)

static uint64_t call(uint64_t address, uint64_t argument) {
    uint64_t result;
    __asm__ volatile("call *%1" : "=a"(result) : "r"(address), "D"(argument) : "rcx", "rdx", "rsi", "memory", "cc");
    return result;
}

static void serialise(void) { cpuid(0, 0); }

// mov $value, %eax; ret
static void put_return(uint8_t *at, uint32_t value) {
    at[0] = 0xb8;
    memcpy(at + 1, &value, 4);
    at[5] = 0xc3;
}

static void stores(void) {
    uint8_t *f = code[0];
    put_return(f, 1);
    check_equal("fresh code", call((uint64_t)f, 0), 1);
    put_return(f, 2);
    check_equal("rewritten code", call((uint64_t)f, 0), 2);
    for (uint32_t i = 0; i < 200; i++) {
        *(volatile uint32_t *)(f + 1) = i;
        if (call((uint64_t)f, 0) != i) {
            check_equal("rewritten 200 times", i, 200);
            break;
        }
    }
    *(volatile uint8_t *)(f + 1) = 0x44;
    check_equal("one byte", call((uint64_t)f, 0), 0x44);
    *(volatile uint16_t *)(f + 1) = 0x1234;
    check_equal("two bytes", call((uint64_t)f, 0), 0x1234);
    *(volatile uint64_t *)f = 0xc3c3000000abb890;
    check_equal("eight bytes, another length", call((uint64_t)f, 0), 0xab);
    put_return(f, 5);
    __asm__ volatile("lock; addl $3, 1(%0)" ::"r"(f) : "memory", "cc");
    check_equal("lock add", call((uint64_t)f, 0), 8);
    uint32_t old = 9;
    __asm__ volatile("xchgl %0, 1(%1)" : "+r"(old) : "r"(f) : "memory");
    check_equal("xchg", call((uint64_t)f, 0), 9);
    __asm__ volatile("lock; cmpxchgl %1, 1(%2)" : "+a"(old) : "r"(10), "r"(f) : "memory", "cc");
    check_equal("cmpxchg that fails", call((uint64_t)f, 0), 9);
    __asm__ volatile("lock; cmpxchgl %1, 1(%2)" ::"a"(9), "r"(11), "r"(f) : "memory", "cc");
    check_equal("cmpxchg", call((uint64_t)f, 0), 11);
    __asm__ volatile("lock; btsl $8, 1(%0)" ::"r"(f) : "memory", "cc");
    check_equal("bts", call((uint64_t)f, 0), 0x10b);
    __asm__ volatile("rolb $1, 1(%0)" ::"r"(f) : "memory", "cc");
    check_equal("rol", call((uint64_t)f, 0), 0x116);
    __asm__ volatile("setc 2(%0)" ::"r"(f) : "memory", "cc");
    __asm__ volatile("movb $7, 2(%0)" ::"r"(f) : "memory", "cc");
    check_equal("mov of an immediate", call((uint64_t)f, 0), 0x716);
    uint8_t image[16] __attribute__((aligned(16)));
    put_return(image, 0x77);
    memcpy(f, image, 6);
    check_equal("rep movsb", call((uint64_t)f, 0), 0x77);
    void *to = f + 1;
    uint64_t count = 1;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(0x78) : "memory");
    check_equal("rep stosb", call((uint64_t)f, 0), 0x78);
    put_return(image, 0x79);
    __asm__ volatile("movups (%0), %%xmm0; movups %%xmm0, (%1)" ::"r"(image), "r"(f) : "memory");
    check_equal("an SSE store", call((uint64_t)f, 0), 0x79);
    put_return(image, 0x7a);
    __asm__ volatile("movups (%0), %%xmm0; movaps %%xmm0, (%1)" ::"r"(image), "r"(f) : "memory");
    check_equal("an aligned SSE store", call((uint64_t)f, 0), 0x7a);
    __asm__ volatile("movl $0x7b, %%eax; movd %%eax, %%xmm0; movd %%xmm0, 1(%0)" ::"r"(f) : "rax", "memory");
    check_equal("movd", call((uint64_t)f, 0), 0x7b);
    uint32_t integer = 0x7c;
    __asm__ volatile("fildl %1; fistpl 1(%0)" ::"r"(f), "m"(integer) : "memory");
    check_equal("an x87 store", call((uint64_t)f, 0), 0x7c);
    // Pushes into the code: the stack pointer is moved there for two instructions.
    uint64_t word;
    put_return(image, 0x7d);
    image[6] = image[7] = 0x90;
    memcpy(&word, image, 8);
    __asm__ volatile("movq %%rsp, %%rbx; leaq 8(%0), %%rsp; pushq %1; movq %%rbx, %%rsp" ::"r"(f), "r"(word) : "rbx", "memory");
    check_equal("push", call((uint64_t)f, 0), 0x7d);
    __asm__ volatile("movl $0x000000b8, %%eax; movd %%eax, %%xmm0; fxsave (%0)" ::"r"(f + 1024) : "rax", "memory");
    put_return(f + 1024, 0x7e);
    check_equal("over fxsave's area", call((uint64_t)f + 1024, 0), 0x7e);
    __asm__ volatile("movnti %1, 1(%0)" ::"r"(f), "r"(0x7f) : "memory");
    check_equal("movnti", call((uint64_t)f, 0), 0x7f);
}

// The code changes what comes right behind it.
extern uint8_t same_block[], same_target[], loop_code[], loop_target[], back_code[], back_target[], call_code[];
__asm__(".section .data\n.p2align 12\n"
        // Returns the immediate of same_target, which it has just replaced by dil.
        "same_block:\n"
        "    movb %dil, same_target + 1\n"
        "same_target:\n"
        "    movl $0x11, %eax\n"
        "    ret\n"
        // Adds 1 five times, then makes itself add 3 for the other five rounds.
        ".p2align 6\n"
        "loop_code:\n"
        "    xorl %eax, %eax\n"
        "    movl $10, %ecx\n"
        "1:\n"
        "loop_target:\n"
        "    addl $1, %eax\n"
        "    cmpl $6, %ecx\n"
        "    jne 2f\n"
        "    movb $3, loop_target + 2\n"
        "2:  decl %ecx\n"
        "    jnz 1b\n"
        "    ret\n"
        // Overwrites an instruction that has run already, and jumps back to it.
        ".p2align 6\n"
        "back_code:\n"
        "    xorl %eax, %eax\n"
        "back_target:\n"
        "    incl %eax\n"       // ff c0
        "    cmpl $1, %eax\n"
        "    ja 3f\n"
        "    movw $0xe883, back_target\n" // sub $imm8, %eax: 83 e8 .. swallows the first byte behind it
        "    movw $0xc0ff, back_target\n"
        "    movb $0xc0, back_target + 1\n"
        "    jmp back_target\n"
        "3:  ret\n"
        // A whole function written by code on its own page, with rep movs, and called.
        ".p2align 6\n"
        "call_code:\n"
        "    leaq 5f(%rip), %rsi\n"
        "    leaq 4f(%rip), %rdi\n"
        "    movl $6, %ecx\n"
        "    rep movsb\n"
        "4:  ud2\n"
        "    ud2\n"
        "    ud2\n"
        "    ud2\n"
        "5:  movl $0x1234, %eax\n"
        "    ret\n"
        ".text\n");

static void same(void) {
    check_equal("same block", call((uint64_t)same_block, 0x22), 0x22);
    check_equal("same block, again", call((uint64_t)same_block, 0x33), 0x33);
    check_equal("same block, unchanged", call((uint64_t)same_block, 0x33), 0x33);
    check_equal("a loop that changes itself", call((uint64_t)loop_code, 0), 5 + 15);
    loop_target[2] = 1;
    check_equal("the loop again", call((uint64_t)loop_code, 0), 5 + 15);
    check_equal("the loop once more, changed", call((uint64_t)loop_code, 0), 30);
    check_equal("an instruction behind us", call((uint64_t)back_code, 0), 2);
    check_equal("rep movs in front of us", call((uint64_t)call_code, 0), 0x1234);
}

// A page written through one mapping runs through another.
static void mappings(void) {
    for (unsigned i = 0; i < 8; i++) map_test(i, (uint64_t)code[i] | P | W);
    put_return(code[1], 1);
    check_equal("another mapping: first", call(VIEW(1), 0), 1);
    put_return(code[1], 2);
    serialise();
    check_equal("another mapping: rewritten through the identity map", call(VIEW(1), 0), 2);
    *(volatile uint8_t *)(VIEW(1) + 1) = 3;
    serialise();
    check_equal("another mapping: rewritten through the view", call((uint64_t)code[1], 0), 3);
    check_equal("both run the same", call(VIEW(1), 0), 3);
    map_test(7, (uint64_t)code[1] | P | W);
    *(volatile uint8_t *)(VIEW(7) + 1) = 4;
    serialise();
    check_equal("a third view", call(VIEW(1), 0) * 16 + call(VIEW(7), 0), 0x44);
    // The same bytes at two addresses: what depends on the address differs.
    static const uint8_t rip[] = {0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xc3}; // lea 0(%rip), %rax; ret
    memcpy(code[1], rip, sizeof rip);
    serialise();
    check_equal("rip at one address", call(VIEW(1), 0), VIEW(1) + 7);
    check_equal("rip at another address", call(VIEW(7), 0), VIEW(7) + 7);
    check_equal("rip at the first again", call(VIEW(1), 0), VIEW(1) + 7);
    // One address, another page.
    put_return(code[2], 0x20), put_return(code[3], 0x30);
    map_test(6, (uint64_t)code[2] | P | W);
    check_equal("remapped code: before", call(VIEW(6), 0), 0x20);
    map_test(6, (uint64_t)code[3] | P | W);
    check_equal("remapped code: after", call(VIEW(6), 0), 0x30);
    for (unsigned i = 0; i < 20; i++) {
        map_test(6, (uint64_t)code[2 + (i & 1)] | P | W);
        if (call(VIEW(6), 0) != 0x20 + (i & 1) * 0x10) {
            check_equal("remapped many times", i, 20);
            break;
        }
    }
    // A caller on one page, whose callee's page is exchanged under it: chained blocks must notice.
    static const uint8_t jump[] = {0xe9, 0xfb, 0x0f, 0, 0}; // jmp to the same place in the next page
    memcpy(code[4], jump, sizeof jump);
    map_test(4, (uint64_t)code[4] | P | W);
    for (unsigned i = 0; i < 6; i++) {
        map_test(5, (uint64_t)code[2 + (i & 1)] | P | W);
        check_equal("a jump to an exchanged page", call(VIEW(4), 0), 0x20 + (i & 1) * 0x10);
    }
    // Unmapped between two runs.
    map_test(5, 0);
    trap_clear();
    uint64_t rsp;
    __asm__ volatile("movq %%rsp, %0; movq $552f, trap_resume; call *%1\n552: movq %0, %%rsp; movq $0, trap_resume"
                     : "=&b"(rsp) : "r"(VIEW(4)) : "rax", "memory");
    check_equal("a jump to a page that is gone", trap.frame.vector, PF);
    check_equal("a jump to a page that is gone: cr2", trap.cr2, VIEW(5));
}

static void pages(void) {
    // An instruction that lies on two pages: mov $imm32, %eax from 3 bytes before the border.
    for (unsigned i = 0; i < 8; i++) map_test(i, (uint64_t)code[i] | P | W);
    uint8_t *f = code[4] + 4096 - 3;
    put_return(f, 0x11223344); // code[5] follows code[4] in memory too
    check_equal("across pages: first", call(VIEW(5) - 3, 0), 0x11223344);
    code[5][0] = 0x99; // third byte of the immediate
    check_equal("across pages: the second page changed", call(VIEW(5) - 3, 0), 0x11993344);
    f[1] = 0x55;
    check_equal("across pages: the first page changed", call(VIEW(5) - 3, 0), 0x11993355);
    memcpy(code[6], code[5], 16);
    code[6][0] = 0x66;
    map_test(5, (uint64_t)code[6] | P | W);
    check_equal("across pages: the second page exchanged", call(VIEW(5) - 3, 0), 0x11663355);
    check_equal("across pages: not where it was not", call((uint64_t)f, 0), 0x11993355);
    map_test(5, (uint64_t)code[5] | P | W);
    check_equal("across pages: and back", call(VIEW(5) - 3, 0), 0x11993355);
    // A store that lies on two pages of code.
    put_return(code[5] + 64, 1);
    *(volatile uint32_t *)(VIEW(5) - 2) = 0x00ccbbaa;
    check_equal("across pages: a store across", call(VIEW(5) - 3, 0), 0x00ccbbaa);

    // Data next to code: the code stays what it is.
    put_return(code[0], 0x31);
    volatile uint32_t *counter = (volatile uint32_t *)(code[0] + 2048);
    *counter = 0;
    unsigned wrong = 0;
    for (unsigned i = 0; i < 3000; i++) {
        (*counter)++;
        if (call((uint64_t)code[0], 0) != 0x31) wrong++;
    }
    check_equal("data next to code", wrong, 0);
    check_equal("data next to code: the counter", *counter, 3000);

    // 500 small functions, written, run, rewritten.
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 500; i++) put_return(code[0] + i * 8, i * 7 + round);
        wrong = 0;
        for (unsigned i = 0; i < 500; i++) wrong += call((uint64_t)code[0] + i * 8, 0) != i * 7 + round;
        check_equal("many functions", wrong, 0);
    }
    // Breakpoints put in and taken out, as debuggers and static keys do.
    put_return(code[0], 0x41);
    call((uint64_t)code[0], 0);
    code[0][0] = 0xcc;
    trap_clear();
    uint64_t rsp;
    __asm__ volatile("movq %%rsp, %0; movq $552f, trap_resume; call *%1\n552: movq %0, %%rsp; movq $0, trap_resume"
                     : "=&b"(rsp) : "r"(code[0]) : "rax", "memory");
    check_equal("a breakpoint put in", trap.frame.vector, BP);
    check_equal("a breakpoint put in: rip", trap.frame.rip, (uint64_t)code[0] + 1);
    code[0][0] = 0xb8;
    check_equal("a breakpoint taken out", call((uint64_t)code[0], 0), 0x41);

    // The page table changes an address's page without the page being written.
    uint8_t zero[32] = {0};
    memcpy(code[7], zero, 32);
    put_return(code[7], 0x71);
    map_test(7, (uint64_t)code[7] | P);
    check_equal("read-only code", call(VIEW(7), 0), 0x71);
    put_return(code[7], 0x72);
    serialise();
    check_equal("read-only code, rewritten elsewhere", call(VIEW(7), 0), 0x72);
}

void test_main(void) {
    stores();
    same();
    mappings();
    pages();
}
