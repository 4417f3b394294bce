// A triple fault: no IDT, and a breakpoint. The machine resets (QEMU with -no-reboot ends). This guest says PASS before,
// and FAIL if it is still there afterwards.
#include "test.h"

const char test_name[] = "triplefault";

void test_main(void) {
    print("triplefault: PASS so far; the machine must reset now\n");
    load_idt(0);
    __asm__ volatile("int3");
    check("the machine goes on after a triple fault", false);
}
