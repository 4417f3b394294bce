// A ROM of 64 KiB that starts at the reset vector and checks what it finds: registers after reset (Intel SDM vol. 3A,
// table 9-1), its last bytes below 1 MiB too, writes to it dropped, code in real and in 32-bit protected mode.
//
// It runs on VirtKit (virtkit run --firmware F) and on QEMU (-bios F -device isa-debug-exit,iobase=0xf4,iosize=4). The
// last line is `rom: PASS`, or `rom: FAIL` and the letter of the case. The debug-exit port gets 0, or the letter.
//
// Linked at 0, so that 16-bit code has its offsets in segment F000H.

high = 0xffff0000                       // the ROM below 4 GiB
below = 0xf0000                         // and below 1 MiB
ram = 0x8000

    .macro require condition, letter
    movb $\letter, %bl
    j\condition 9f
    jmp fail16
9:
    .endm

    .code16
    .text
    .globl start
start:                                  // CS is still FFFF0000H, as after reset
    movl %edx, %esi                     // the processor's signature
    movl %eax, %edi
    movl $0x5a5a5a5a, %ebp
    movw %cs, %ax
    cmpw $0xf000, %ax
    require e, 'a'
    testl %edi, %edi                    // EAX: no self-test, or a good one
    require z, 'b'
    testl %esi, %esi
    require nz, 'c'
    movl %cr0, %eax
    andl $0x80000011, %eax              // PG and PE clear, ET set
    cmpl $0x10, %eax
    require e, 'd'
    movw %ds, %ax
    orw %ax, %ax
    require z, 'e'
    // Data segments are at 0, and RAM is there.
    movw $0x1234, ram
    movw $0x5678, ram + 2
    cmpl $0x56781234, ram
    require e, 'f'
    movw %ax, %ss
    movw $ram, %sp
    pushfw
    popw %ax
    testw $0x200, %ax                   // IF clear
    require z, 'g'
    ljmp $0xf000, $low        // now it is 000F0000H
low:
    movw $0xf000, %ax
    movw %ax, %ds
    cmpl $0x31415926, marker
    require e, 'h'
    movl $0, marker           // dropped
    cmpl $0x31415926, marker
    require e, 'i'
    incw %cs:counter          // a read and a write: the write is dropped
    cmpw $7, %cs:counter
    require e, 'j'
    xorw %ax, %ax
    movw %ax, %ds
    lgdtl %cs:gdt_pointer
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    ljmpl $8, $protected + high

    .code32
protected:                              // from FFFFxxxxH
    movw $16, %ax
    movw %ax, %ds
    movw %ax, %es
    movw %ax, %ss
    movl $ram, %esp
    call 1f
1:  popl %eax
    cmpl $high, %eax
    movb $'k', %bl
    jb fail
    cmpl $0x31415926, marker + high
    movb $'l', %bl
    jne fail
    movl $0, marker + high             // dropped
    cmpl $0x31415926, marker + high
    movb $'m', %bl
    jne fail
    // A string of writes over both windows.
    movl $marker + high, %edi
    movl $16, %ecx
    movb $0xcc, %al
    rep stosb
    movl $marker + below, %edi
    movl $16, %ecx
    rep stosb
    movl $marker + below, %esi
    movl $marker + high, %edi
    movl $16, %ecx
    repe cmpsb
    movb $'n', %bl
    jne fail
    cmpl $0x31415926, marker + below
    movb $'o', %bl
    jne fail
    // An exchange with the ROM reads it, and changes nothing.
    movl $5, %eax
    xchgl %eax, marker + high
    cmpl $0x31415926, %eax
    movb $'p', %bl
    jne fail
    cmpl $0x31415926, marker + high
    jne fail
    movl $passed + high, %esi
    xorl %ebx, %ebx
finish:
    movw $0x3f8, %dx
1:  lodsb
    testb %al, %al
    jz 2f
    outb %al, %dx
    jmp 1b
2:  movl %ebx, %eax
    outb %al, $0xf4
3:  hlt
    jmp 3b
fail:
    movzbl %bl, %ebx
    movl $failed + high, %esi
    movw $0x3f8, %dx
1:  lodsb
    testb %al, %al
    jz 2f
    outb %al, %dx
    jmp 1b
2:  movl %ebx, %eax
    outb %al, %dx
    movb $'\n', %al
    outb %al, %dx
    movl %ebx, %eax
    outb %al, $0xf4
3:  hlt
    jmp 3b

    .code16
fail16:                                 // with CS as it is
    movl %ebx, %ecx
    movw $failed, %si
    movw $0x3f8, %dx
1:  movb %cs:(%si), %al
    incw %si
    testb %al, %al
    jz 2f
    outb %al, %dx
    jmp 1b
2:  movb %cl, %al
    outb %al, %dx
    movb $'\n', %al
    outb %al, %dx
    movb %cl, %al
    outb %al, $0xf4
3:  hlt
    jmp 3b

    .balign 16
marker:
    .long 0x31415926, 1, 2, 3
counter:
    .word 7
passed:
    .asciz "rom: PASS\n"
failed:
    .asciz "rom: FAIL "
    .balign 8
gdt:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_pointer:
    .word 23
    .long gdt + high

    .org 0xfff0                         // the reset vector
    jmp start
    .org 0xffff
    .byte 0
