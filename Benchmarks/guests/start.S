// Start-up code of the bare guests: from the PVH entry (32-bit protected mode, no paging; Xen's "x86/HVM direct boot
// ABI") to `main` in long mode, with the first GiB mapped one to one by 2 MiB pages and SSE on.

#define CR0_MP 0x2
#define CR0_EM 0x4
#define CR0_PG 0x80000000
#define CR4_PAE 0x20
#define CR4_OSFXSR 0x200
#define CR4_OSXMMEXCPT 0x400
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
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
    movl %ebx, %ebp             // the start info, for main

    movl $boot_pdpt + 3, boot_pml4
    movl $boot_pd + 3, boot_pdpt
    movl $boot_pd, %edi
    movl $0x83, %eax            // present, writable, 2 MiB
    movl $512, %ecx
1:  movl %eax, (%edi)
    movl $0, 4(%edi)
    addl $0x200000, %eax
    addl $8, %edi
    decl %ecx
    jnz 1b

    movl $(CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
    movl %eax, %cr4
    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME, %eax
    wrmsr
    movl %cr0, %eax
    andl $~CR0_EM, %eax
    orl $(CR0_PG | CR0_MP), %eax
    movl %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $0x08, $start64

    .code64
start64:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movabsq $boot_stack_top, %rsp
#ifndef NO_FLOAT // Where KVM emulates ring 0 it has neither.
    fninit
    ldmxcsr boot_mxcsr(%rip)
#endif
    movl %ebp, %edi
    xorl %ebp, %ebp
    call main
    // main does not return; if it does, stop here for good.
2:  cli
    hlt
    jmp 2b

    .section .rodata
    .p2align 3
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff    // 0x08: 64-bit code
    .quad 0x00cf93000000ffff    // 0x10: data
boot_gdt_end:
boot_gdt_pointer:
    .word boot_gdt_end - boot_gdt - 1
    .long boot_gdt
boot_mxcsr:
    .long 0x1f80

    .section .bss, "aw", @nobits
    .globl boot_pml4
    .p2align 12
boot_pml4:
    .skip 4096
boot_pdpt:
    .skip 4096
boot_pd:
    .skip 4096
    .skip 65536
boot_stack_top:

    .section .note.GNU-stack, "", @progbits
