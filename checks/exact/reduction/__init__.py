"""All-reduce: numbers of several ranks added up so that every rank has the sum, by the framework's own collective.

Integers of 20 bits from four ranks add up below 2^22, so there is one right answer, however the ring or tree runs; a
collective that sends half-precision numbers loses bits of it. Each module brings ``all_reduce(parts)``: parts (ranks,
n) as float32 to what each rank ends up with (ranks, n). The ranks are on the host: a worker sees one GPU at most, so
what NCCL does between several is not proven here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks.common.draw import integers

Array = NDArray[Any]
RANKS, NUMBERS = 4, 1000


def draw_parts(seed: int) -> Array:
    """Draw what each rank brings (4, 1000): integers in ±2^19."""
    return integers(seed, "all-reduce", (RANKS, NUMBERS), bits=20) - 2**19


def in_children(work: Callable[[int], Array], count: int) -> list[Array]:
    """Run `work` in `count` forked processes, side by side, each given its number; return what each returns.

    Only where nothing has started threads yet. Raises `RuntimeError` with the traceback of the first that failed.
    """
    with tempfile.TemporaryDirectory(prefix="gpusetup-ranks-") as folder:
        children = [_fork(work, number, Path(folder)) for number in range(count)]
        for child in children:
            os.waitpid(child, 0)
        for number in range(count):
            failure = Path(folder, f"{number}.txt")
            if failure.exists():
                raise RuntimeError(f"rank {number} failed: {failure.read_text('utf-8')}")
        return [np.load(Path(folder, f"{number}.npy"), allow_pickle=False) for number in range(count)]


def in_fresh_process(script: str, parts: Array, variables: dict[str, str]) -> Array:
    """Run ``python script PARTS.npy SUMS.npy`` with these environment `variables`, and return the sums."""
    with tempfile.TemporaryDirectory(prefix="gpusetup-ranks-") as folder:
        question, answer = Path(folder, "parts.npy"), Path(folder, "sums.npy")
        np.save(question, parts)
        command = [sys.executable, "-P", script, str(question), str(answer)]
        done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"all-reduce in a fresh process failed: {done.stderr.strip()[-300:]}")
        sums: Array = np.load(answer, allow_pickle=False)
        return sums


def _fork(work: Callable[[int], Array], number: int, folder: Path) -> int:
    child = os.fork()
    if child:
        return child
    try:
        np.save(folder / f"{number}.npy", work(number))
    except BaseException:  # the parent reports any exception
        (folder / f"{number}.txt").write_text(traceback.format_exc(), "utf-8")
    os._exit(0)
