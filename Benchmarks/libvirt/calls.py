# The same calls from Python. Usage: calls.py URI. Reads and answers lines as calls.c does.
import concurrent.futures
import sys
import time

import libvirt

connection = libvirt.open(sys.argv[1])
domains = connection.listAllDomains()
domain = domains[0]
calls = {
    "info": domain.info,
    "list": lambda: [d.name() for d in connection.listAllDomains()],
    "xml": domain.XMLDesc,
    "stats": lambda: [values["state.state"] for _, values in connection.getAllDomainStats()],
}


def median(call, count):
    times = []
    for _ in range(count):
        start = time.perf_counter_ns()
        call()
        times.append(time.perf_counter_ns() - start)
    return sorted(times)[count // 2]


def concurrent_calls(count):
    start = time.perf_counter_ns()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda index: domains[index % len(domains)].info(), range(count)))
    return time.perf_counter_ns() - start


for line in sys.stdin:
    name, count = line.split()
    print(concurrent_calls(int(count)) if name == "concurrent" else median(calls[name], int(count)), flush=True)
