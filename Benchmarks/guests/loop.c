// Integer loop: adds, shifts, xors and a data-dependent branch, all in registers.
#include "guest.h"

const char guest_name[] = "loop";
const uint64_t guest_expected = 0x9806d2e74d58c452;

#define ROUNDS 1000000000u

uint64_t guest_run(void) {
    uint64_t a = 1, b = 0x9e3779b97f4a7c15u;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        a += b ^ (a << 3);
        if (a & 0x40) b += i;
        else b ^= a >> 7;
    }
    return a ^ b;
}
