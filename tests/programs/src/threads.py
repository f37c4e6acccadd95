"""Threads, queues, timers, locks with a time limit, a pool."""
import concurrent.futures
import hashlib
import queue
import threading
import time

box, total = queue.Queue(16), []
lock = threading.Lock()


def consume():
    mine = 0
    while (item := box.get()) is not None:
        mine += item
    with lock:
        total.append(mine)


threads = [threading.Thread(target=consume) for _ in range(8)]
for thread in threads:
    thread.start()
for number in range(20000):
    box.put(number)
for _ in threads:
    box.put(None)
for thread in threads:
    thread.join()
print("queue", sum(total))
fired = threading.Event()
threading.Timer(0.05, fired.set).start()
print("timer", fired.wait(5))
lock.acquire()
start = time.monotonic()
print("lock", lock.acquire(timeout=0.05), time.monotonic() - start >= 0.05)
with concurrent.futures.ThreadPoolExecutor(6) as pool:
    sums = list(pool.map(lambda n: hashlib.sha256(bytes(300000 + n)).hexdigest(), range(24)))
print("pool", hashlib.sha256("".join(sums).encode()).hexdigest())
