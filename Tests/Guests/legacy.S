// Start-up and trap entries of the 32-bit bare guests. They begin at the PVH entry: protected mode, no paging.

#define XEN_ELFNOTE_PHYS32_ENTRY 18

    .section .note.Xen, "a", @note
    .p2align 2
    .long 4                     // size of the name
    .long 8                     // size of the descriptor
    .long XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .quad start32

    .section .text.start, "ax", @progbits
    .code32
    .globl start32
start32:
    cli
    cld
    movl $boot_stack_top, %esp
    movl %ebx, %ebp
    lgdt start_gdt_pointer
    ljmp $0x08, $1f
1:  movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movl %cr0, %eax
    andl $~0xC, %eax            // EM, TS
    orl $0x2, %eax              // MP
    movl %eax, %cr0
    movl %cr4, %eax
    orl $0x600, %eax            // OSFXSR, OSXMMEXCPT
    movl %eax, %cr4
    fninit
    pushl %ebp
    call main
2:  cli
    hlt
    jmp 2b

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
    pushl $0
    .endif
    pushl $vector
    jmp common_entry
    .set vector, vector + 1
    .endr

// The layout of `struct frame`.
common_entry:
    pushal
    pushl %ds
    pushl %es
    pushl %fs
    pushl %gs
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    cld
    movl %ss, %ecx              // a handler of a 16-bit stack
    cmpl $0x10, %ecx
    movl %esp, %ebx
    je 1f
    // C needs a flat stack: the frame is copied to one.
    lsll %ecx, %edx
    cmpl $0xffff, %edx
    ja 3f
    movzwl %sp, %ebx
3:  addl stack_base, %ebx
    movl %esp, %esi
    movl $0x10, %eax
    movl %eax, %ss
    movl $other_stack_top, %esp
    pushl %ecx
    pushl %esi
    pushl %ebx
    call test_trap
    popl %ebx
    popl %esi
    popl %ecx
    movl %ecx, %ss
    movl %esi, %esp
    jmp 2f
1:  pushl %ebx
    call test_trap
    popl %ebx
2:  popl %gs
    popl %fs
    popl %es
    popl %ds
    popal
    addl $8, %esp
    iretl

// void run_user(uint32_t eip, uint32_t esp, uint32_t eflags): goes to ring 3, where any trap leads back.
    .globl run_user
run_user:
    pushl %ebx
    pushl %esi
    pushl %edi
    pushl %ebp
    movl 20(%esp), %eax
    movl 24(%esp), %ecx
    movl 28(%esp), %edx
    movl %esp, run_user_esp
    movl $run_user_back, trap_resume
    movl %eax, trap_start
    pushl $0x23
    pushl %ecx
    pushl %edx
    pushl $0x1b
    pushl %eax
    movl $0x23, %eax
    movl %eax, %ds
    movl %eax, %es
    iretl
    .globl run_user_back
run_user_back:                  // in ring 0 again, with whatever stack and segments
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl run_user_esp, %esp
    popl %ebp
    popl %edi
    popl %esi
    popl %ebx
    cld
    ret

    .section .data
    .p2align 3
start_gdt:
    .quad 0
    .quad 0x00cf9b000000ffff    // 0x08: code
    .quad 0x00cf93000000ffff    // 0x10: data
start_gdt_pointer:
    .word 23
    .long start_gdt
    .globl stack_base
stack_base:
    .long 0

    .section .bss, "aw", @nobits
    .p2align 4
run_user_esp:
    .skip 16
    .skip 65536
boot_stack_top:
    .skip 8192
    .globl other_stack_top
other_stack_top:
    .skip 16

    .section .note.GNU-stack, "", @progbits
