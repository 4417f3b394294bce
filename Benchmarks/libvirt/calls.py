# The same calls from Python: lines "NAME MICROSECONDS" (p50), and 1,000 calls on 16 threads. Usage: calls.py URI COUNT
import concurrent.futures
import sys
import time

import libvirt

count = int(sys.argv[2])
connection = libvirt.open(sys.argv[1])
domain = connection.listAllDomains()[0]


def measure(name, body):
    times = []
    for _ in range(count):
        start = time.perf_counter()
        body()
        times.append(time.perf_counter() - start)
    print(name, sorted(times)[count // 2] * 1e6)


measure("info", domain.info)
measure("list", lambda: [d.name() for d in connection.listAllDomains()])
measure("xml", domain.XMLDesc)
measure("stats", connection.getAllDomainStats)
start = time.perf_counter()
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    list(pool.map(lambda _: domain.XMLDesc(), range(1000)))
print("concurrent_per_s", 1000 / (time.perf_counter() - start))
