// The BIOS services that the 16-bit set-up code of Linux calls, and nobody else needs: VirtKit's own, in 16-bit code at
// F000:F000. Scripts/legacy-bios assembles it into Sources/VirtKitMachine/Firmware/LegacyBIOS/LegacyBIOSImage.swift.
//
// There is no display (teletype output goes to the first serial port), no disk and no key; hardware interrupts are
// left alone. Numbers of functions are those of Ralf Brown's Interrupt List; the memory calls are in ACPI 6.4, 15.1.
//
// The loader (LegacyBIOS.swift) fills in what begins at `data`, the interrupt vectors and the BIOS data area.

    .code16
    .text
    .globl start
start:

// The handlers of interrupts 0 to 1FH, for the loader.
    .rept 0x10
    .word ignore
    .endr
    .word int10, int11, int12, int13, int14, int15, int16, int17
    .word restart, restart, int1a, ignore, ignore, ignore, ignore, ignore

data_segment = 0x40                     // the BIOS data area
data = 0xfc00                           // what the loader fills in, in this segment:
extended_low = data                     // word: KiB from 1 MiB to 16 MiB at most
extended_high = data + 2                // word: blocks of 64 KiB from 16 MiB on
extended_all = data + 4                 // word: KiB from 1 MiB on, FFFFH at most
map_count = data + 6                    // word: entries of the memory map
map = data + 8                          // entries of 20 bytes
serial_port = 0x3f8

ignore:
    iret

// Resets the machine by the reset control register.
restart:
    movw $0xcf9, %dx
    movb $0x0e, %al
    outb %al, %dx
1:  hlt
    jmp 1b

// Ends of services: flags are those that the interrupt has put on the stack.
unsupported:                            // CF and AH = 86H
    movb $0x86, %ah
failed:                                 // CF
    pushw %bp
    movw %sp, %bp
    orb $1, 6(%bp)
    popw %bp
    iret
succeeded:                              // no CF
    pushw %bp
    movw %sp, %bp
    andb $0xfe, 6(%bp)
    popw %bp
    iret

// ---- Video: teletype output and cursor queries; other calls change nothing, as without a display.
int10:
    cmpb $0x0e, %ah
    je teletype
    cmpb $0x03, %ah
    je cursor
    cmpb $0x0f, %ah
    je mode
    iret
cursor:                                 // at 0:0, invisible
    xorw %dx, %dx
    movw $0x2000, %cx
    iret
mode:                                   // 80 columns of text, page 0
    movw $0x5003, %ax
    movb $0, %bh
    iret
teletype:
    pushw %ax
    pushw %cx
    pushw %dx
    movb %al, %ah
    movw $serial_port + 5, %dx
    movw $0xffff, %cx
1:  inb %dx, %al
    testb $0x20, %al                    // the transmitter's buffer is empty
    loopz 1b
    movb %ah, %al
    movw $serial_port, %dx
    outb %al, %dx
    popw %dx
    popw %cx
    popw %ax
    iret

// ---- Equipment and conventional memory: words of the data area.
int11:
    pushw %ds
    pushw $data_segment
    popw %ds
    movw 0x10, %ax
    popw %ds
    iret
int12:
    pushw %ds
    pushw $data_segment
    popw %ds
    movw 0x13, %ax
    popw %ds
    iret

// ---- No disks, serial or parallel ports that the BIOS serves.
int13:
    movb $0x01, %ah                     // invalid function or drive
    jmp failed
int14:
    movb $0x80, %ah                     // timed out
    iret
int17:
    movb $0x01, %ah                     // timed out
    iret

// ---- System services.
int15:
    cmpw $0xe820, %ax
    je e820
    cmpw $0xe801, %ax
    je e801
    cmpb $0x88, %ah
    je extended
    cmpb $0xc0, %ah
    je configuration
    cmpb $0xc1, %ah
    je extended_area
    cmpw $0xec00, %ax                   // the mode that the caller means to go to: fine
    je done
    cmpb $0x24, %ah
    jne unsupported
    cmpb $0x01, %al                     // A20: always on
    je done
    cmpb $0x02, %al
    je a20_status
    cmpb $0x03, %al
    jne unsupported
    movw $0x0002, %bx                   // port 92H switches it, so to speak
done:
    movb $0, %ah
    jmp succeeded
a20_status:
    movw $0x0001, %ax
    jmp succeeded
extended:
    movw %cs:extended_all, %ax
    jmp succeeded
e801:
    movw %cs:extended_low, %ax
    movw %cs:extended_high, %bx
    movw %ax, %cx
    movw %bx, %dx
    jmp succeeded
configuration:
    pushw %cs
    popw %es
    movw $system_table, %bx
    jmp done
extended_area:
    pushw %ds
    pushw $data_segment
    popw %ds
    movw 0x0e, %es
    popw %ds
    jmp done

// EBX: which entry; ES:DI: where to, ECX: room for how many bytes. EBX becomes the next one's, or 0.
e820:
    cmpl $0x534d4150, %edx              // "SMAP"
    jne unsupported
    cmpl $20, %ecx
    jb unsupported
    movzwl %cs:map_count, %eax
    cmpl %eax, %ebx
    jae unsupported
    pushw %si
    pushw %di
    pushw %ds
    pushw %cs
    popw %ds
    imulw $20, %bx, %si
    addw $map, %si
    movw $10, %cx
    cld
    rep movsw
    popw %ds
    popw %di
    popw %si
    incl %ebx
    cmpl %eax, %ebx
    jb 1f
    xorl %ebx, %ebx
1:  movl $20, %ecx
    movl $0x534d4150, %eax
    jmp succeeded

// ---- The keyboard: never a key.
int16:
    cmpb $0x01, %ah
    je no_key
    cmpb $0x11, %ah
    je no_key
    cmpb $0x05, %ah                     // store a key: no room
    je full
    movb $0, %al                        // no key, no shift
    cmpb $0x03, %ah                     // the repeat rate
    je 1f
    movb $0, %ah
1:  iret
no_key:
    pushw %bp
    movw %sp, %bp
    orb $0x40, 6(%bp)                   // ZF
    popw %bp
    iret
full:
    movb $1, %al
    iret

// ---- Time: the clock ticks of the data area, and the real-time clock as it is.
int1a:
    cmpb $0x00, %ah
    je ticks
    cmpb $0x02, %ah
    je time
    cmpb $0x04, %ah
    jne unsupported
    movb $0x32, %al
    call clock
    movb %al, %ch
    movb $0x09, %al
    call clock
    movb %al, %cl
    movb $0x08, %al
    call clock
    movb %al, %dh
    movb $0x07, %al
    call clock
    movb %al, %dl
    jmp done
time:
    movb $0x04, %al
    call clock
    movb %al, %ch
    movb $0x02, %al
    call clock
    movb %al, %cl
    movb $0x00, %al
    call clock
    movb %al, %dh
    movb $0, %dl                        // no daylight-saving time
    jmp done
ticks:
    pushw %ds
    pushw $data_segment
    popw %ds
    movw 0x6c, %dx
    movw 0x6e, %cx
    movb $0, %al                        // no midnight since
    popw %ds
    jmp done
clock:
    outb %al, $0x70
    inb $0x71, %al
    ret

// ---- What INT 15H AH=C0H points at.
system_table:
    .word 8                             // bytes that follow
    .byte 0xfc, 0x00, 0x00              // a PC AT, its submodel, the BIOS's revision
    .byte 0x64                          // second 8259, real-time clock, extended BIOS data area
    .byte 0, 0, 0, 0
