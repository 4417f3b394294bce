// Product of two matrices of f64. All values are small integers, so the result is exact in any order.
#include "guest.h"

const char guest_name[] = "matmul-f64";
const uint64_t guest_expected = 0x4fb9f65e76ce031f;

#define SIZE 128
#define ROUNDS 24

static double a[SIZE][SIZE], b[SIZE][SIZE], c[SIZE][SIZE];

uint64_t guest_run(void) {
    uint64_t state = 5, sum = 0;
    for (int i = 0; i < SIZE; i++) {
        for (int j = 0; j < SIZE; j++) {
            a[i][j] = (double)(int32_t)(guest_random(&state) & 1023) - 512;
            b[i][j] = (double)(int32_t)(guest_random(&state) & 1023) - 512;
        }
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < SIZE; i++) {
            for (int j = 0; j < SIZE; j++) c[i][j] = round;
            for (int k = 0; k < SIZE; k++) {
                for (int j = 0; j < SIZE; j++) c[i][j] += a[i][k] * b[k][j];
            }
        }
        for (int i = 0; i < SIZE; i++) {
            for (int j = 0; j < SIZE; j++) sum = sum * 31 + (uint64_t)(int64_t)c[i][j];
        }
        a[round][round] += 1;
    }
    return sum;
}
