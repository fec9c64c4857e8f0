"""Plant each fault of ``pytorch_faults.toml`` in PyTorch, run its case, and print which are missed, as JSON.

A program of its own: PyTorch is imported once, and no other test sees it spoilt.
"""

from __future__ import annotations

import functools
import json
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from checks.common import pytorch as prepared
from checks.common.job import Job
from checks.operations import pytorch as engine
from checks.operations.families import families
from checks.operations.run import Step, run_steps

TABLE = Path(__file__).with_name("pytorch_faults.toml")
KNOWN = {"torch": torch, "F": F, "nn": nn}


@contextmanager
def planted(target: str, when: str = "True", put: str = "0.9 * y") -> Iterator[None]:
    """Spoil what `target` returns where `when` holds."""
    owner, _, name = target.rpartition(".")
    home = eval(owner, dict(KNOWN))
    original = getattr(home, name)

    @functools.wraps(original)
    def spoilt(*a: Any, **k: Any) -> Any:
        y = original(*a, **k)
        here = {**KNOWN, "a": a, "k": k, "y": y}
        return eval(put, here) if eval(when, here) else y

    setattr(home, name, spoilt)
    try:
        yield
    finally:
        setattr(home, name, original)


def outcomes(name: str, seed: int) -> list[str]:
    """Return how each direction of a case ended; ``raised`` is no find, but an error of what was planted."""
    family, _, short = name.partition(".")
    case = next(one for one in families()[family] if one.name == short)
    job = Job(
        check="operations",
        framework="pytorch",
        device="cpu",
        seed=seed,
        round=1,
        profile="full",
        threads=1,
        trace="",
        log="",
    )
    prepared.prepare(job)
    found: list[str] = []
    ignore: Callable[[str], None] = lambda _: None  # noqa: E731
    run_steps([Step(family, case, "eager")], engine, job, ignore, lambda item: found.append(_ended(item.fields)))
    return found


def _ended(fields: dict[str, Any]) -> str:
    return "raised" if fields["outcome"] == "failed" and "elements" not in fields else str(fields["outcome"])


def main() -> None:
    """Print {fault: why} of every fault that its case does not find, or that it finds without the fault."""
    missed: dict[str, str] = {}
    for fault, row in tomllib.loads(TABLE.read_text("utf-8"))["fault"].items():
        seeds, case = range(row.pop("seeds", 1)), row.pop("case")
        if any(set(outcomes(case, seed)) != {"passed"} for seed in seeds):
            missed[fault] = f"{case} fails without it"
            continue
        with planted(**row):
            if not any("failed" in outcomes(case, seed) for seed in seeds):
                missed[fault] = f"{case} does not find it"
    json.dump(missed, sys.stdout)


if __name__ == "__main__":
    main()
