// The same calls from C: lines "NAME MICROSECONDS" (p50). Usage: calls URI COUNT
#include <libvirt/libvirt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}
static int order(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}
#define MEASURE(name, body)                                            \
    for (int i = 0; i < count; i++) {                                  \
        double start = now();                                          \
        body;                                                          \
        times[i] = now() - start;                                      \
    }                                                                  \
    qsort(times, count, sizeof *times, order);                         \
    printf("%s %g\n", name, times[count / 2]);

int main(int argc, char **argv) {
    (void)argc;
    int count = atoi(argv[2]);
    double *times = calloc(count, sizeof *times);
    virConnectPtr c = virConnectOpen(argv[1]);
    virDomainPtr *list;
    if (!c || virConnectListAllDomains(c, &list, 0) < 1) return 1;
    virDomainPtr d = list[0];
    virDomainInfo info;
    MEASURE("info", virDomainGetInfo(d, &info))
    MEASURE("list", {
        virDomainPtr *all;
        int n = virConnectListAllDomains(c, &all, 0);
        for (int j = 0; j < n; j++) {
            char uuid[VIR_UUID_STRING_BUFLEN];
            virDomainGetName(all[j]);
            virDomainGetUUIDString(all[j], uuid);
            virDomainFree(all[j]);
        }
        free(all);
    })
    MEASURE("xml", free(virDomainGetXMLDesc(d, 0)))
    MEASURE("stats", {
        virDomainStatsRecordPtr *records;
        if (virConnectGetAllDomainStats(c, 0, &records, 0) >= 0) virDomainStatsRecordListFree(records);
    })
    return 0;
}
