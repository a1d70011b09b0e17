"""W3 with asyncio.Queue: asyncio_queue.py WORKLOAD N

Runs the workload twice and prints the second run's nanoseconds; the first warms up. The
sum is checked.
"""

import asyncio
import sys
import time

CAPACITY = 1024
BATCH = 256
END = None


async def count(n, target, end=1):
    for number in range(n):
        await target.put(number)
    for _ in range(end):
        await target.put(END)


async def plus_one(source, target):
    while (number := await source.get()) is not END:
        await target.put(number + 1)
    await target.put(END)


async def total(source, ends=1):
    result = 0
    while ends > 0:
        number = await source.get()
        if number is END:
            ends -= 1
        else:
            result += number
    return result


async def pipe(n):
    links = [asyncio.Queue(CAPACITY) for _ in range(4)]
    tasks = [asyncio.create_task(count(n, links[0]))]
    for source, target in zip(links, links[1:]):
        tasks.append(asyncio.create_task(plus_one(source, target)))
    return await total(links[3])


async def fan_in(n):
    link = asyncio.Queue(CAPACITY)
    tasks = [asyncio.create_task(count(n // 4, link)) for _ in range(4)]
    result = await total(link, len(tasks))
    return result


async def ping(n):
    there, back = asyncio.Queue(1), asyncio.Queue(1)
    pong = asyncio.create_task(plus_one(there, back))
    result = 0
    for number in range(n):
        await there.put(number)
        result += await back.get()
    await there.put(END)
    await pong
    return result


async def all_plus_one(source, target):
    while (numbers := await source.get()) is not END:
        await target.put([number + 1 for number in numbers])
    await target.put(END)


async def count_batches(n, target):
    for first in range(0, n, BATCH):
        await target.put(list(range(first, min(first + BATCH, n))))
    await target.put(END)


async def batches(n):
    links = [asyncio.Queue(CAPACITY) for _ in range(4)]
    tasks = [asyncio.create_task(count_batches(n, links[0]))]
    for source, target in zip(links, links[1:]):
        tasks.append(asyncio.create_task(all_plus_one(source, target)))
    result = 0
    while (numbers := await links[3].get()) is not END:
        result += sum(numbers)
    return result


def main():
    workload, n = sys.argv[1], int(sys.argv[2])
    part = n // 4
    run, expected = {
        "W3-pipe": (pipe, n * (n - 1) // 2 + 3 * n),
        "W3-fanin": (fan_in, 4 * (part * (part - 1) // 2)),
        "W3-ping": (ping, n * (n - 1) // 2 + n),
        "W3-batch": (batches, n * (n - 1) // 2 + 3 * n),
    }[workload]
    for _ in range(2):
        start = time.perf_counter_ns()
        found = asyncio.run(run(n))
        took = time.perf_counter_ns() - start
        if found != expected:
            raise SystemExit(f"the sum is {found}, not {expected}")
    print(took)


main()
