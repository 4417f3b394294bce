// Entry points of all 256 vectors, and the two ways from C into code that may trap.

    .section .text
    .code64

// Vectors whose exceptions push an error code: 8, 10 to 14, 17, 21, 29, 30.
#define ERROR_CODES 0x60227d00

    .p2align 4
    .globl vector_entries       // 16 bytes each
vector_entries:
    .set vector, 0
    .rept 256
    .p2align 4
    .if (vector < 32) && ((ERROR_CODES >> vector) & 1)
    .else
    pushq $0
    .endif
    pushq $vector
    jmp common_entry
    .set vector, vector + 1
    .endr

// The layout of `struct frame`. test_trap returns the frame to go back to.
common_entry:
    pushq %r15
    pushq %r14
    pushq %r13
    pushq %r12
    pushq %r11
    pushq %r10
    pushq %r9
    pushq %r8
    pushq %rbp
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %rbx
    pushq %rax
    cld
    movq %rsp, %rdi
    movq %rsp, %rbx
    andq $-16, %rsp
    call test_trap
    movq %rbx, %rsp
    popq %rax
    popq %rbx
    popq %rcx
    popq %rdx
    popq %rsi
    popq %rdi
    popq %rbp
    popq %r8
    popq %r9
    popq %r10
    popq %r11
    popq %r12
    popq %r13
    popq %r14
    popq %r15
    addq $16, %rsp
    iretq

// void run_user(uint64_t rip, uint64_t rsp, uint64_t rdi, uint64_t rflags): goes to ring 3, where any trap leads back.
    .globl run_user
run_user:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, run_user_rsp
    movq $run_user_back, trap_resume
    movq %rdi, trap_start
    movq %rcx, %rax
    movq %rdx, %rcx
    pushq $0x23
    pushq %rsi
    pushq %rax
    pushq $0x2b
    pushq %rdi
    movq %rcx, %rdi
    iretq
run_user_back:                  // in ring 0 again, with whatever rsp ring 3 had
    movq run_user_rsp, %rsp
    movw $0x10, %ax
    movw %ax, %ds
    movw %ax, %es
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    cld
    ret

    .section .bss, "aw", @nobits
    .p2align 3
run_user_rsp:
    .skip 8

    .section .note.GNU-stack, "", @progbits
