// Several processors: INIT and start-up IPIs, interrupts between processors in every mode of delivery, locks, TLB
// shoot-downs, code that another processor writes, time. Intel SDM volume 3, chapters 8 and 10.
#include "smp.h"

const char test_name[] = "processors";

enum { V_PING = 0x41, V_PONG = 0x42, V_FLUSH = 0x43, V_TIMER = 0x44, V_ANY = 0x51, V_PIT = 0x60, V_HIGH = 0x91 };

static unsigned total;

// ---- Jobs ----------------------------------------------------------------------------------------------------------

static void (*volatile job)(unsigned cpu);
static volatile uint64_t job_number, job_base, jobs_done;
static volatile bool present[MAX_CPUS];

void cpu_main(unsigned cpu) {
    uint64_t seen = job_base;
    present[cpu] = true;
    for (;;) {
        sti();
        while (job_number == seen) relax();
        seen = job_number;
        job(cpu);
        atomic_add(&jobs_done, 1);
    }
}

// Has the others begin a job; returns at once.
static void begin(void (*function)(unsigned cpu)) {
    jobs_done = 0;
    job = function;
    job_number++;
}

// Has every processor do a job, and waits for all.
static void run(const char *name, void (*function)(unsigned cpu)) {
    begin(function);
    sti();
    function(0);
    if (!AWAIT(jobs_done == total - 1)) {
        check_equal(name, jobs_done, total - 1);
        finish();
    }
}

static unsigned start(unsigned page, bool broadcast) {
    job_base = job_number;
    for (unsigned i = 0; i < total; i++) present[i] = i == 0;
    unsigned there = cpus_start(page, broadcast, total);
    for (unsigned i = 0; i < total; i++) AWAIT(present[i]);
    return there;
}

// ---- Interrupts ----------------------------------------------------------------------------------------------------

static volatile unsigned counts[MAX_CPUS][256];
static void (*volatile action)(unsigned cpu, unsigned vector);

static void on_interrupt(struct frame *frame) {
    unsigned vector = (unsigned)frame->vector;
    if (vector < 32 && vector != NMI) end_on_exception(frame);
    unsigned cpu = cpu_id();
    counts[cpu][vector]++;
    if (action) action(cpu, vector);
    if (vector != NMI) apic_end();
}

static void clear(void) {
    for (unsigned cpu = 0; cpu < MAX_CPUS; cpu++)
        for (unsigned vector = 0; vector < 256; vector++) counts[cpu][vector] = 0;
}

// How many processors got `vector` once; ~0 if one got it more than once.
static unsigned got(unsigned vector) {
    unsigned sum = 0;
    for (unsigned cpu = 0; cpu < total; cpu++) {
        if (counts[cpu][vector] > 1) return ~0u;
        sum += counts[cpu][vector];
    }
    return sum;
}

static void expect_ipi(const char *name, unsigned destination, uint32_t command, unsigned expected) {
    unsigned vector = command & 0x700 ? NMI : command & 0xff;
    if ((command & 0x700) == ICR_LOWEST) vector = command & 0xff;
    clear();
    sti();
    ipi(destination, command);
    AWAIT(got(vector) == expected);
    delay(1000);
    check_equal(name, got(vector), expected);
}

static void nothing(unsigned cpu) { (void)cpu; }

// ---- Start ---------------------------------------------------------------------------------------------------------

static volatile uint64_t ids_wrong;
static void compare_ids(unsigned cpu) {
    if (cpuid(1, 0).b >> 24 != cpu || cpuid(0xb, 0).d != cpu || cpuid(0xb, 1).d != cpu) atomic_add(&ids_wrong, 1);
    if (((rdmsr(MSR_APIC_BASE) >> 8 & 1) != 0) != (cpu == 0)) atomic_add(&ids_wrong, 1);
}

static void topology(void) {
    run("ids", compare_ids);
    check_equal("CPUID's APIC IDs", ids_wrong, 0);
    check_equal("leaf 0BH: processors in the package", cpuid(0xb, 1).b, total);
    check("leaf 0BH: the width of a package's IDs", 1u << (cpuid(0xb, 1).a & 31) >= total);
    check("leaf 1: logical processors", (cpuid(1, 0).b >> 16 & 0xff) >= total && cpuid(1, 0).d >> 28 & 1);
    check("leaf 4: cores", (cpuid(4, 0).a >> 26) + 1 >= total);
    check_equal("leaf 80000008H: cores", (cpuid(0x80000008, 0).c & 0xff) + 1, total);
}

static volatile uint64_t beat;
static void beat_for_ever(unsigned cpu) {
    while (cpu == 1) beat++;
}
static void halt_for_ever(unsigned cpu) {
    while (cpu == 1) __asm__ volatile("cli; hlt");
}

static void restarts(void) {
    extern volatile uint32_t cpus_entered;
    uint32_t entered = cpus_entered;
    ipi(1, ICR_STARTUP | 8);
    delay(2000);
    check_equal("a start-up IPI to a running processor", cpus_entered, entered);
    begin(beat_for_ever);
    check("it runs", AWAIT(beat > 10));
    ipi(1, ICR_INIT | ICR_ASSERT);
    delay(2000);
    uint64_t last = beat;
    delay(5000);
    check_equal("INIT stops a running processor", beat, last);
    clear();
    ipi(1, ICR_ASSERT | V_ANY);
    delay(1000);
    check_equal("no interrupt is taken after INIT", counts[1][V_ANY], 0);
    check_equal("all start again, by another page", start(0x9a, true), total);
    begin(halt_for_ever);
    AWAIT(jobs_done == total - 2);
    check_equal("INIT of a halted processor", start(0x11, false), total);
    run("after that", nothing);
    check_equal("and again", start(0x10, true), total);
    run("after that too", nothing);
}

// ---- Interrupts between processors ---------------------------------------------------------------------------------

static void set_flat(unsigned cpu) {
    apic_write(0xe0, 0xffffffff);
    apic_write(0xd0, (1u << (cpu & 7)) << 24);
}
static void set_clusters(unsigned cpu) {
    apic_write(0xe0, 0x0fffffff);
    apic_write(0xd0, ((cpu / 2) << 4 | 1u << (cpu & 1)) << 24);
}
static void raise_priority(unsigned cpu) {
    if (cpu != 1) apic_write(0x80, 0x30);
}
static void drop_priority(unsigned cpu) {
    (void)cpu;
    apic_write(0x80, 0);
}

static void interrupts(void) {
    expect_ipi("physical", 1, ICR_ASSERT | V_ANY, 1);
    check_equal("physical: to processor 1", counts[1][V_ANY], 1);
    expect_ipi("to oneself", 0, ICR_SELF | V_ANY, 1);
    check_equal("to oneself: here", counts[0][V_ANY], 1);
    expect_ipi("to all", 0, ICR_ALL | V_ANY, total);
    expect_ipi("to all others", 0, ICR_OTHERS | V_ANY, total - 1);
    check_equal("to all others: not here", counts[0][V_ANY], 0);
    expect_ipi("broadcast by address", x2apic() ? ~0u : 0xff, ICR_ASSERT | V_ANY, total);
    expect_ipi("NMI", 1, ICR_NMI | ICR_ASSERT, 1);
    expect_ipi("NMI to all others", 0, ICR_OTHERS | ICR_NMI | ICR_ASSERT, total - 1);
    expect_ipi("to nobody", 0xe0, ICR_ASSERT | V_ANY, 0);
    if (x2apic()) {
        expect_ipi("x2APIC cluster", 3, ICR_LOGICAL | ICR_ASSERT | V_ANY, 2);
        wrmsr(0x83f, V_HIGH);
        AWAIT(counts[0][V_HIGH] == 1);
        check_equal("x2APIC self IPI", counts[0][V_HIGH], 1);
        return;
    }
    run("flat", set_flat);
    expect_ipi("logical, flat", 3, ICR_LOGICAL | ICR_ASSERT | V_ANY, 2);
    check_equal("logical, flat: processor 1", counts[1][V_ANY], 1);
    run("priority", raise_priority);
    expect_ipi("lowest priority", 3, ICR_LOGICAL | ICR_LOWEST | ICR_ASSERT | V_HIGH, 1);
    check_equal("lowest priority: processor 1", counts[1][V_HIGH], 1);
    run("priority", drop_priority);
    clear();
    for (unsigned i = 0; i < 20; i++) {
        ipi(3, ICR_LOGICAL | ICR_LOWEST | ICR_ASSERT | V_HIGH);
        AWAIT(counts[0][V_HIGH] + counts[1][V_HIGH] == i + 1);
    }
    check("lowest priority: equals take turns", counts[0][V_HIGH] >= 5 && counts[1][V_HIGH] >= 5);
    run("clusters", set_clusters);
    expect_ipi("logical, clusters", 0x02, ICR_LOGICAL | ICR_ASSERT | V_ANY, 1);
    check_equal("logical, clusters: processor 1", counts[1][V_ANY], 1);
    expect_ipi("logical, clusters, all", 0xff, ICR_LOGICAL | ICR_ASSERT | V_ANY, total);
    run("flat", set_flat);
}

enum { ROUNDS = 2000 };
static void answer(unsigned cpu, unsigned vector) {
    (void)cpu;
    if (vector == V_PING) ipi(0, ICR_ASSERT | V_PONG);
}
static void halt_until_told(unsigned cpu) {
    while (cpu == 1 && counts[1][V_PING] < ROUNDS) {
        cli();
        if (counts[1][V_PING] < ROUNDS) halt();
    }
}

static void ping_pong(void) {
    clear();
    action = answer;
    begin(halt_until_told);
    for (unsigned i = 0; i < ROUNDS; i++) {
        ipi(1, ICR_ASSERT | V_PING);
        while (counts[0][V_PONG] <= i) {
            cli();
            if (counts[0][V_PONG] <= i) halt();
        }
    }
    check("halted processors are woken", AWAIT(jobs_done == total - 1));
    check_equal("pings", counts[1][V_PING], ROUNDS);
    check_equal("pongs", counts[0][V_PONG], ROUNDS);
    action = NULL;
}

static void periodic(unsigned cpu) {
    apic_write(0x3e0, 0xb);
    apic_write(0x320, 0x20000 | V_TIMER);
    apic_write(0x380, 1000000);
    AWAIT(counts[cpu][V_TIMER] >= 5);
    apic_write(0x380, 0);
    apic_write(0x320, 0x10000);
}

static void io_apic(unsigned index, uint32_t value) {
    *(volatile uint32_t *)0xfec00000ull = index;
    *(volatile uint32_t *)0xfec00010ull = value;
}

static void pit_to(unsigned destination, uint32_t entry) {
    io_apic(0x10 + 2 * 2 + 1, destination << 24);
    io_apic(0x10 + 2 * 2, entry);
    out8(0x43, 0x34);
    out8(0x40, 0xa9), out8(0x40, 0x04); // 1 kHz
}

static void devices(void) {
    clear();
    run("timers", periodic);
    unsigned late = 0;
    for (unsigned cpu = 0; cpu < total; cpu++) late += counts[cpu][V_TIMER] < 5;
    check_equal("every processor's timer", late, 0);
    clear();
    pit_to(1, V_PIT);
    check("the I/O APIC to processor 1", AWAIT(counts[1][V_PIT] >= 5));
    check_equal("not to processor 0", counts[0][V_PIT], 0);
    clear();
    if (x2apic()) {
        io_apic(0x10 + 2 * 2, 0x10000);
        return;
    }
    pit_to(3, V_PIT | ICR_LOGICAL | ICR_LOWEST);
    check("the I/O APIC by lowest priority", AWAIT(counts[0][V_PIT] + counts[1][V_PIT] >= 10));
    check("both take part", counts[0][V_PIT] >= 2 && counts[1][V_PIT] >= 2);
    io_apic(0x10 + 2 * 2, 0x10000);
}

// ---- Memory --------------------------------------------------------------------------------------------------------

enum { TURNS = 20000 };
static volatile uint64_t locked, exchanged, plain[3];
static volatile uint32_t lock_with_pause, lock_without_pause;
static volatile uint64_t ticket, serving;

static void count_up(unsigned cpu) {
    (void)cpu;
    for (unsigned i = 0; i < TURNS; i++) {
        atomic_add(&locked, 1);
        uint64_t old = exchanged;
        while (!__atomic_compare_exchange_n(&exchanged, &old, old + 3, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {}
    }
    for (unsigned i = 0; i < TURNS / 4; i++) {
        while (exchange(&lock_with_pause, 1)) relax();
        plain[0]++;
        lock_with_pause = 0;
        uint64_t mine = __atomic_fetch_add(&ticket, 1, __ATOMIC_SEQ_CST);
        while (serving != mine) relax();
        plain[1]++;
        serving = serving + 1;
    }
    for (unsigned i = 0; i < TURNS / 4; i++) {
        while (exchange(&lock_without_pause, 1)) {}
        plain[2]++;
        lock_without_pause = 0;
    }
}

static void locks(void) {
    run("locks", count_up);
    check_equal("lock add", locked, (uint64_t)TURNS * total);
    check_equal("lock cmpxchg", exchanged, 3ull * TURNS * total);
    check_equal("a spin lock with PAUSE", plain[0], (uint64_t)TURNS / 4 * total);
    check_equal("a ticket lock", plain[1], (uint64_t)TURNS / 4 * total);
    check_equal("a spin lock without PAUSE", plain[2], (uint64_t)TURNS / 4 * total);
}

static uint64_t pages[2][512] __attribute__((aligned(4096)));
static volatile uint64_t flushed, stale, round_number, rounds_read;
static volatile bool done;

static void flush(unsigned cpu, unsigned vector) {
    if (vector != V_FLUSH || cpu == 0) return;
    invlpg(TEST_AREA);
    atomic_add(&flushed, 1);
}

static void read_mapped(unsigned cpu) {
    if (cpu == 0) return;
    uint64_t seen = 0;
    while (!done) {
        uint64_t now = round_number;
        if (now == seen) {
            relax();
            continue;
        }
        seen = now;
        if (*(volatile uint64_t *)TEST_AREA != now) atomic_add(&stale, 1);
        atomic_add(&rounds_read, 1);
    }
}

static void shoot_down(void) {
    map_test(0, (uint64_t)pages[0] | P | W);
    action = flush;
    done = false;
    begin(read_mapped);
    for (uint64_t i = 1; i <= 200; i++) {
        pages[i & 1][0] = i;
        flushed = 0;
        rounds_read = 0;
        test_pt[0] = (uint64_t)pages[i & 1] | P | W;
        invlpg(TEST_AREA);
        ipi(0, ICR_OTHERS | V_FLUSH);
        if (!AWAIT(flushed == total - 1)) break;
        round_number = i;
        if (!AWAIT(rounds_read == total - 1)) break;
    }
    done = true;
    check("shoot-downs come to an end", AWAIT(jobs_done == total - 1));
    check_equal("shoot-downs", round_number, 200);
    check_equal("stale translations", stale, 0);
    action = NULL;
}

static uint8_t code[4096] __attribute__((aligned(4096)));
static volatile uint64_t code_wrong, code_turn, code_round;

static uint64_t call_code(void) {
    uint64_t result;
    __asm__ volatile("call *%1" : "=a"(result) : "r"(code) : "memory", "cc");
    return result;
}

// In turn each processor changes the code, and all call it.
static void change_code(unsigned cpu) {
    for (uint64_t i = 0; i < 100; i++) {
        if (i % total == cpu) {
            AWAIT(code_turn == i * total);
            uint32_t value = 0xc0de0000 + (uint32_t)i;
            switch (i % 4) {
                case 0: code[0] = 0xb8, memcpy(code + 1, &value, 4), code[5] = 0xc3; break;
                case 1: *(volatile uint32_t *)(code + 1) = value; break;
                case 2: *(volatile uint16_t *)(code + 1) = (uint16_t)value; break;
                default: exchange((volatile uint32_t *)(code + 1), value); break;
            }
            code_round = i + 1;
        } else {
            AWAIT(code_round == i + 1);
        }
        cpuid(0, 0);
        if (call_code() != 0xc0de0000 + i) atomic_add(&code_wrong, 1);
        atomic_add(&code_turn, 1);
        AWAIT(code_turn >= (i + 1) * total);
    }
}

static void code_of_others(void) {
    code[0] = 0xb8, code[5] = 0xc3;
    *(volatile uint32_t *)(code + 1) = 0xc0de0000;
    run("changed code", change_code);
    check_equal("code that another processor changed", code_wrong, 0);
    check_equal("rounds of changed code", code_turn, 100ull * total);
}

// ---- Time ----------------------------------------------------------------------------------------------------------

static volatile uint32_t time_lock;
static volatile uint64_t last_time, backwards;

static void compare_time(unsigned cpu) {
    (void)cpu;
    for (unsigned i = 0; i < 5000; i++) {
        while (exchange(&time_lock, 1)) relax();
        uint64_t now = rdtsc();
        if (now < last_time) backwards++;
        last_time = now;
        time_lock = 0;
        if (i % 16 == 0) relax();
    }
}

void test_main(void) {
    map_devices();
    trap_hook = on_interrupt;
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
    apic_enable();
    total = cpu_total();
    if (total < 2 || total > 8) {
        skip("needs two to eight processors");
        return;
    }
    check_equal("all start", start(8, false), total);
    topology();
    restarts();
    interrupts();
    ping_pong();
    devices();
    locks();
    shoot_down();
    code_of_others();
    run("time", compare_time);
    check_equal("time-stamp counters agree", backwards, 0);
    x2apic_enable();
    run("x2APIC", (void (*)(unsigned))x2apic_enable);
    interrupts();
    ping_pong();
    devices();
    check_equal("start in x2APIC mode", start(0x20, false), total);
    check_equal("start in x2APIC mode, all at once", start(0x21, true), total);
    run("time", compare_time);
    check_equal("time-stamp counters agree after INIT", backwards, 0);
}
