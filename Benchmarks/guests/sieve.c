// Sieve of Eratosthenes over a byte array.
#include "guest.h"

const char guest_name[] = "sieve";
const uint64_t guest_expected = 0x49bb28283cc23c4d;

#define LIMIT 2000000u
#define ROUNDS 90

static uint8_t composite[LIMIT + 1];

uint64_t guest_run(void) {
    uint64_t sum = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i <= LIMIT; i++) composite[i] = 0;
        for (uint32_t i = 2; i * i <= LIMIT; i++) {
            if (composite[i]) continue;
            for (uint32_t j = i * i; j <= LIMIT; j += i) composite[j] = 1;
        }
        uint64_t count = 0;
        for (uint32_t i = 2; i <= LIMIT; i++) count += !composite[i];
        sum = sum * 31 + count + round;
    }
    return sum;
}
