"""Takes results as they are completed, with progress, and puts them in order."""

import concurrent.futures
import json


def score(number: int) -> float:
    return sum(1 / (number + k + 1) for k in range(1000))


with concurrent.futures.ThreadPoolExecutor(4) as pool:
    tasks = {pool.submit(score, number): number for number in range(20)}
    found = {tasks[task]: task.result() for task in concurrent.futures.as_completed(tasks)}
json.dump(dict(sorted(found.items())), open("scores.json", "w"))
