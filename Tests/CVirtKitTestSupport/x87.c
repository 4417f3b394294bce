#include "CVirtKitTestSupport.h"

#if defined(__x86_64__)

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

// One stub of machine code for each opcode, with and without an operand-size prefix.
enum { STUB_BYTES = 32, STUBS = 8 * 256 * 2 };
static unsigned char *stubs;

static void makeStubs(void) {
    unsigned char *area = mmap(0, STUBS * STUB_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED) return;
    for (int index = 0; index < STUBS; index++) {
        unsigned char *p = area + index * STUB_BYTES;
        static const unsigned char head[] = {
            0x48, 0x0f, 0xae, 0x0f, // fxrstor64 (%rdi)
            0x52, 0x9d,             // push %rdx; popf
        };
        static const unsigned char tail[] = {
            0x9c, 0x58,             // pushf; pop %rax
            0x48, 0x0f, 0xae, 0x01, // fxsave64 (%rcx)
            0xdb, 0xe3, 0xc3,       // fninit; ret
        };
        memcpy(p, head, sizeof head), p += sizeof head;
        if (index & 1) *p++ = 0x66;
        int modrm = index >> 1 & 0xff;
        *p++ = 0xd8 + (index >> 9);
        *p++ = modrm < 0xc0 ? (modrm & 0x38) | 6 : modrm; // (%rsi)
        memcpy(p, tail, sizeof tail);
    }
    if (mprotect(area, STUBS * STUB_BYTES, PROT_READ | PROT_EXEC) == 0) stubs = area;
}

uint64_t vkt_x87(uint16_t opcode, bool operandSize16, const void *image, void *memory, uint64_t flags, void *result) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, makeStubs);
    if (!stubs) return 0;
    int index = ((opcode & 0x7ff) << 1) | operandSize16;
    typedef uint64_t (*Stub)(const void *, void *, uint64_t, void *);
    Stub stub = (Stub)(uintptr_t)(stubs + index * STUB_BYTES);
    return stub(image, memory, (flags & 0x8d5) | 0x202, result);
}

#else

uint64_t vkt_x87(uint16_t opcode, bool operandSize16, const void *image, void *memory, uint64_t flags, void *result) {
    return 0;
}

#endif
