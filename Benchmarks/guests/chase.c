// Pointer chase: one random cycle through 8 MiB.
#include "guest.h"

const char guest_name[] = "chase";
const uint64_t guest_expected = 0x00001d308e2e3800;

#define NODES 131072u
#define STEPS 8000000u

struct node {
    struct node *next;
    uint64_t value[7];
};

static struct node nodes[NODES];
static uint32_t order[NODES];

uint64_t guest_run(void) {
    uint64_t state = 11, sum = 0;
    for (uint32_t i = 0; i < NODES; i++) order[i] = i;
    for (uint32_t i = NODES - 1; i > 0; i--) { // Fisher and Yates
        uint32_t j = (uint32_t)(guest_random(&state) % (i + 1)), swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
    for (uint32_t i = 0; i < NODES; i++) {
        nodes[order[i]].next = &nodes[order[(i + 1) % NODES]];
        nodes[order[i]].value[0] = i;
    }
    const struct node *node = nodes;
    for (uint32_t step = 0; step < STEPS; step++) {
        node = node->next;
        sum += node->value[0] ^ step;
    }
    return sum;
}
