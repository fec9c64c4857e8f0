"""Takes results in the order in which threads deliver them. Depends on: threads that race"""

import threading
import time

order: list[int] = []


def work(number: int) -> None:
    time.sleep(time.perf_counter_ns() % 7919 / 1e6)  # as long as a real task may take, or not
    order.append(number)


threads = [threading.Thread(target=work, args=(number,)) for number in range(24)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(order)
