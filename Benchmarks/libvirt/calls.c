// The same calls from C. Usage: calls URI. Reads lines "NAME COUNT", answers each with nanoseconds: the median of a call,
// or for "concurrent" the whole time of COUNT calls of 16 threads over all domains.
#include <libvirt/libvirt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e9 + t.tv_nsec;
}
static int order(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
#define MEASURE(body)                             \
    for (int i = 0; i < count; i++) {             \
        double start = now();                     \
        body;                                     \
        times[i] = now() - start;                 \
    }                                             \
    qsort(times, count, sizeof *times, order);    \
    result = times[count / 2];

static virDomainPtr *domains;
static int domain_count, next, total;
static unsigned long long sink;

static void *work(void *unused) {
    for (int i; (i = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED)) < total;) {
        virDomainInfo info;
        if (virDomainGetInfo(domains[i % domain_count], &info) < 0) exit(1);
    }
    return unused;
}

int main(int argc, char **argv) {
    if (argc != 2) return 64;
    virConnectPtr c = virConnectOpen(argv[1]);
    if (!c || (domain_count = virConnectListAllDomains(c, &domains, 0)) < 1) return 1;
    virDomainPtr d = domains[0];
    virDomainInfo info;
    char name[32];
    int count;
    while (scanf("%31s %d", name, &count) == 2) {
        double result = 0, *times = calloc(count, sizeof *times);
        if (!strcmp(name, "info")) {
            MEASURE(virDomainGetInfo(d, &info))
        } else if (!strcmp(name, "list")) {
            MEASURE({
                virDomainPtr *all;
                int n = virConnectListAllDomains(c, &all, 0);
                for (int j = 0; j < n; j++) {
                    sink += strlen(virDomainGetName(all[j]));
                    virDomainFree(all[j]);
                }
                free(all);
            })
        } else if (!strcmp(name, "xml")) {
            MEASURE({
                char *text = virDomainGetXMLDesc(d, 0);
                sink += strlen(text);
                free(text);
            })
        } else if (!strcmp(name, "stats")) {
            MEASURE({
                virDomainStatsRecordPtr *records;
                int n = virConnectGetAllDomainStats(c, 0, &records, 0);
                int state = 0;
                for (int j = 0; j < n; j++) {
                    virTypedParamsGetInt(records[j]->params, records[j]->nparams, "state.state", &state);
                    sink += state;
                }
                virDomainStatsRecordListFree(records);
            })
        } else {
            pthread_t threads[16];
            next = 0;
            total = count;
            double start = now();
            for (int i = 0; i < 16; i++) pthread_create(&threads[i], NULL, work, NULL);
            for (int i = 0; i < 16; i++) pthread_join(threads[i], NULL);
            result = now() - start;
        }
        free(times);
        printf("%.0f\n", result);
        fflush(stdout);
    }
    return sink == 1;
}
