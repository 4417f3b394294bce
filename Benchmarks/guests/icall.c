// Indirect calls through a table, the target chosen by the data.
#include "guest.h"

const char guest_name[] = "icall";
const uint64_t guest_expected = 0xf92e83057985ef30;

#define CALLS 80000000u

#define TARGET(index, expression)                                                                                      \
    __attribute__((noinline)) static uint64_t target##index(uint64_t a) { return expression; }
TARGET(0, a + 0x9e3779b97f4a7c15u)
TARGET(1, a ^ a >> 13)
TARGET(2, a * 5 + 1)
TARGET(3, a << 7 | a >> 57)
TARGET(4, a - (a >> 3))
TARGET(5, ~a)
TARGET(6, a ^ 0xff51afd7ed558ccdu)
TARGET(7, a * 0x2545f4914f6cdd1du)

static uint64_t (*volatile targets[8])(uint64_t) = {
    target0, target1, target2, target3, target4, target5, target6, target7};

uint64_t guest_run(void) {
    uint64_t value = 1;
    for (uint32_t i = 0; i < CALLS; i++) value = targets[(value >> 5 ^ i) & 7](value);
    return value;
}
