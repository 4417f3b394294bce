// Recursive calls: Fibonacci numbers the slow way.
#include "guest.h"

const char guest_name[] = "fib";
const uint64_t guest_expected = 0x731a90cda1af5f4a;

#define ROUNDS 15

// Volatile, or the compiler would see that each round asks the same.
static volatile uint64_t argument = 34;

__attribute__((noinline)) static uint64_t fibonacci(uint64_t n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

uint64_t guest_run(void) {
    uint64_t sum = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) sum = sum * 31 + fibonacci(argument - (round & 1));
    return sum;
}
