// The real-mode part of realmode.c: copied to 0x70000, where CS = DS = ES = SS = 0x7000. Offsets are from `stub`.

#define AT(label) (label - stub)
#define SEGMENT 0x7000
#define CASE 0x1000             // where a case is copied to; it ends with RET
#define STACK 0xf000

// Protected mode's selectors: code and data of 16 bits with base 0x70000, big data, 64-bit code.
#define CODE16 0x40
#define DATA16 0x48
#define CODE64 0x50

    .text
    .code32

// void real_call(void): runs the case at CASE with the registers of real_in, leaves them in real_out.
    .globl real_call
real_call:
    pushal
    movl %esp, saved_esp
    sidt saved_idt
    lidt real_idt
    ljmp $CODE16, $AT(to_real)

    .globl real_back
real_back:                      // 32-bit code again
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl saved_esp, %esp
    lidt saved_idt
    popal
    ret

// uint32_t long_call(uint32_t cr3, uint32_t value): to long mode and back, by way of compatibility mode.
    .globl long_call
long_call:
    pushl %ebx
    pushl %ebp
    movl 12(%esp), %eax
    movl 16(%esp), %ebx
    movl %cr4, %edx
    pushl %edx
    orl $0x20, %edx             // PAE
    movl %edx, %cr4
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x100, %eax            // LME
    wrmsr
    movl %cr0, %eax
    orl $0x80000000, %eax
    movl %eax, %cr0             // compatibility mode from here on
    rdmsr
    movl %eax, %ebp             // LMA
    pushl $0x08
    pushl $2f
    ljmp $CODE64, $1f
    .code64
1:  movabsq $0x123456789abcdef0, %r8
    movl %ebx, %eax
    addq %r8, %rax
    rolq $32, %rax
    movl %eax, %ebx
    lretl
    .code32
2:  movl %cr0, %eax
    andl $0x7fffffff, %eax
    movl %eax, %cr0
    movl $0xc0000080, %ecx
    rdmsr
    andl $~0x100, %eax
    wrmsr
    popl %edx
    movl %edx, %cr4
    testl $0x400, %ebp
    jz 3f
    testl $0x400, %eax          // LMA was read before it was cleared? It must be clear.
    jnz 3f
    movl %ebx, %eax
    popl %ebp
    popl %ebx
    ret
3:  xorl %eax, %eax
    popl %ebp
    popl %ebx
    ret

    .globl stub, stub_end, real_vectors, real_in, real_out, real_trap, real_big
    .p2align 4
stub:
    .skip 64                    // cases that wrap write here
    .code16
to_real:
    movw $DATA16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw %ax, %fs
    movw %ax, %gs
    cmpb $0, AT(real_big)       // leaves DS a limit of 4 GiB
    je 1f
    movw $0x10, %ax
    movw %ax, %ds
1:  movl %cr0, %eax
    andb $0xfe, %al
    movl %eax, %cr0
    ljmp $SEGMENT, $AT(2f)
2:  movw $SEGMENT, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movw %ax, %fs
    movw %ax, %gs
    movw $STACK, %sp
    movl $0xffff, AT(real_trap)
    movl AT(real_in), %eax
    movl AT(real_in)+4, %ecx
    movl AT(real_in)+8, %edx
    movl AT(real_in)+12, %ebx
    movl AT(real_in)+20, %ebp
    movl AT(real_in)+24, %esi
    movl AT(real_in)+28, %edi
    pushl AT(real_in)+32
    popfl
    callw *AT(case_pointer)
finish_case:
    pushfl
    cli
    pushw %ds
    pushw $SEGMENT
    popw %ds
    popw AT(real_out)+40
    popl AT(real_out)+32
    movl %eax, AT(real_out)
    movl %ecx, AT(real_out)+4
    movl %edx, AT(real_out)+8
    movl %ebx, AT(real_out)+12
    movzwl %sp, %eax
    movl %eax, AT(real_out)+16
    movl %ebp, AT(real_out)+20
    movl %esi, AT(real_out)+24
    movl %edi, AT(real_out)+28
    movw %es, AT(real_out)+36
    movw $SEGMENT, %ax
    movw %ax, %ss
    movw $STACK, %sp
    cld
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $0x08, $real_back

// A trap ends the case.
trap_entry:                     // the stack: vector, IP, CS, FLAGS
    pushw %ds
    pushw $SEGMENT
    popw %ds
    movw %sp, AT(real_trap)+8
    popw AT(scratch)
    popw AT(real_trap)
    popw AT(real_trap)+2
    popw AT(real_trap)+4
    popw AT(real_trap)+6
    movw AT(scratch), %ds
    jmp finish_case

    .p2align 3
real_vectors:                   // 8 bytes each
    .set vector, 0
    .rept 32
    .p2align 3
    pushw $vector
    jmp trap_entry
    .set vector, vector + 1
    .endr

    .p2align 2
real_in:
    .skip 40
real_out:
    .skip 48
real_trap:
    .skip 16
real_big:
    .byte 0
    .p2align 1
scratch:
    .word 0
case_pointer:
    .word CASE
stub_end:

    .section .data
    .p2align 2
saved_esp:
    .long 0
saved_idt:
    .skip 8
real_idt:
    .word 0x3ff
    .long 0
    .section .note.GNU-stack, "", @progbits
