// Where application processors begin: a page below 1 MiB that `cpus_start` fills with the trampoline, entered in real mode
// by a start-up IPI. From there to `cpu_entered` in long mode, on the kernel's page tables.

    .section .rodata
    .p2align 4
    .globl trampoline, trampoline_end, trampoline_table, trampoline_jump
trampoline:
    .code16
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    movl %edx, %esi                 // the processor's signature
    lgdtl trampoline_table - trampoline
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl *(trampoline_jump - trampoline)
    .p2align 2
trampoline_table:                   // limit and base; the base is filled in
    .word 4 * 8 - 1
    .long trampoline_gdt - trampoline
trampoline_jump:                    // offset and selector; the offset is filled in
    .long trampoline_32 - trampoline
    .word 0x18
    .p2align 3
trampoline_gdt:
    .quad 0
    .quad 0x00af9b000000ffff        // 0x08 64-bit code
    .quad 0x00cf93000000ffff        // 0x10 data
    .quad 0x00cf9b000000ffff        // 0x18 32-bit code

    .code32
trampoline_32:
    movw $0x10, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $0x620, %eax               // PAE, OSFXSR, OSXMMEXCPT
    movl %eax, %cr4
    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x900, %eax                // LME, NXE
    wrmsr
    movl %cr0, %eax
    andl $~0x60000004, %eax         // caches on, no emulation
    orl $0x80000002, %eax
    movl %eax, %cr0
    ljmpl $0x08, $cpu_64
trampoline_end:

    .section .text
    .code64
cpu_64:
    movl $1, %eax
    lock xaddl %eax, cpus_entered(%rip)
    incl %eax                       // 0 is the bootstrap processor
    movl %eax, %edi
    shll $14, %eax
    leaq cpu_stacks(%rip), %rsp
    addq %rax, %rsp
    addq $16384, %rsp
    lgdt kernel_gdt_pointer(%rip)
    xorl %ebp, %ebp
    call cpu_entered
1:  cli
    hlt
    jmp 1b

    .section .rodata
    .p2align 3
kernel_gdt_pointer:
    .word 255
    .quad gdt

    .section .bss, "aw", @nobits
    .globl cpus_entered
    .p2align 4
cpus_entered:
    .skip 16
cpu_stacks:
    .skip 16384 * 65

    .section .note.GNU-stack, "", @progbits
