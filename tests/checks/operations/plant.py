"""Plant each fault of ``<framework>_faults.toml`` in the framework itself, run its case, and print what was found.

A program of its own, ``python -m tests.checks.operations.plant FRAMEWORK [FAULT…]``: the framework is imported once,
and no other test sees it spoilt. It prints {fault: case and direction that found it}, or why none did, as JSON.
"""

from __future__ import annotations

import functools
import importlib
import json
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from checks.common.job import Job
from checks.operations.families import families
from checks.operations.run import Step, run_steps

MODES = {"pytorch": "eager", "tensorflow": "eager", "jax": "jit"}
MISSED = "missed: "


def table(framework: str) -> dict[str, dict[str, Any]]:
    """Return the rows of a framework's faults, by name."""
    text = Path(__file__).with_name(f"{framework}_faults.toml").read_text("utf-8")
    rows: dict[str, dict[str, Any]] = tomllib.loads(text)["fault"]
    return rows


def count_families(rows: dict[str, dict[str, Any]]) -> Counter[str]:
    """Return how many faults each family has, counted by the case that has to find them."""
    return Counter(str(row["case"]).partition(".")[0] for row in rows.values())


class Bench:
    """One framework, prepared, and the faults that are planted in it."""

    def __init__(self, framework: str) -> None:
        self.engine = importlib.import_module(f"checks.operations.{framework}")
        self.framework = framework
        importlib.import_module(f"checks.common.{framework}").prepare(self._job(0))

    def _job(self, seed: int) -> Job:
        fields: dict[str, Any] = {"check": "operations", "framework": self.framework, "device": "cpu", "seed": seed}
        return Job(**fields, round=1, profile="full", threads=1, trace="", log="")

    @contextmanager
    def planted(self, target: str, when: str = "True", put: str = "0.9 * y") -> Iterator[None]:
        """Spoil what `target` returns where `when` holds."""
        known = dict(self.engine.NAMES)
        owner, _, name = target.rpartition(".")
        home = eval(owner, known)
        original = getattr(home, name)

        def spoilt(*a: Any, **k: Any) -> Any:
            y = original(*a, **k)
            here = {**known, "a": a, "k": k, "y": y}
            return eval(put, here) if eval(when, here) else y

        setattr(home, name, functools.wraps(original)(spoilt))
        try:
            yield
        finally:
            setattr(home, name, original)

    def outcomes(self, name: str, seed: int) -> list[tuple[str, str]]:
        """Return how each direction of a case ended; ``raised`` is no find, but an error of what was planted."""
        family, _, short = name.partition(".")
        case = next(one for one in families()[family] if one.name == short)
        found: list[tuple[str, str]] = []
        ignore: Callable[[str], None] = lambda _: None  # noqa: E731
        steps = [Step(family, case, MODES[self.framework])]
        run_steps(
            steps,
            self.engine,
            self._job(seed),
            ignore,
            lambda item: found.append((item.fields["direction"], _ended(item.fields))),
        )
        return found

    def find(self, case: str, seeds: int = 1, **fault: Any) -> str:
        """Return where a fault is found: ``einsum.batched backward``; or why it is not."""
        if any({end for _, end in self.outcomes(case, seed)} != {"passed"} for seed in range(seeds)):
            return f"{MISSED}{case} fails without it"
        with self.planted(**fault):
            for seed in range(seeds):
                for direction, end in self.outcomes(case, seed):
                    if end == "failed":
                        return f"{case} {direction}"
        return f"{MISSED}{case} does not find it"


def _ended(fields: dict[str, Any]) -> str:
    return "raised" if fields["outcome"] == "failed" and "elements" not in fields else str(fields["outcome"])


def main(framework: str, names: list[str]) -> None:
    """Print where each fault, or each of those named, is found."""
    bench = Bench(framework)
    rows = table(framework)
    json.dump({name: bench.find(**rows[name]) for name in names or rows}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
