// Runs the cases of known.h: in a guest it compares them, natively it prints their hashes.
#ifdef KNOWN_NATIVE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
static void print(const char *text) { fputs(text, stdout); }
static void print_hex(uint64_t value) { printf("0x%llx", (unsigned long long)value); }
#else
#include "test.h"
#undef PF
#undef OF
#endif
#include "known.h"

static uint64_t hash;
static bool tracing;

void known_result(const uint64_t *words, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
        if (tracing) {
            print(i ? " " : "trace: ");
            print_hex(words[i]);
        }
    }
    if (tracing) print("\n");
}

static uint64_t run(const struct known_case *known, bool trace) {
    hash = 0x12345678;
    tracing = trace;
    known->run();
    return hash;
}

#ifdef KNOWN_NATIVE
int main(int count, char **words) {
    const char *wanted = count > 1 && !strncmp(words[1], "trace=", 6) ? words[1] + 6 : NULL;
    for (unsigned i = 0; i < known_count; i++) {
        if (wanted) {
            if (!strcmp(known_cases[i].name, wanted)) run(&known_cases[i], true);
        } else {
            printf("    0x%016llx, // %s\n", (unsigned long long)run(&known_cases[i], false), known_cases[i].name);
        }
    }
}
#else
// Compares up to the end of the word.
static bool same_word(const char *word, const char *name) {
    while (*name && *word == *name) word++, name++;
    return !*name && (!*word || *word == ' ');
}

void test_main(void) {
    const char *wanted = option("trace");
    for (unsigned i = 0; i < known_count; i++) {
        if (wanted && !same_word(wanted, known_cases[i].name)) continue;
        uint64_t result = run(&known_cases[i], wanted);
        if (on_tcg && known_cases[i].tcg_differs && result != known_expected[i]) skip(known_cases[i].name);
        else check_equal(known_cases[i].name, result, known_expected[i]);
    }
}
#endif
