#pragma once

#include <stddef.h>
#include <stdint.h>

/// libFuzzer as a library (LLVM, compiler-rt/lib/fuzzer): runs `test` on one input after another, as the arguments say.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *bytes, size_t count));
