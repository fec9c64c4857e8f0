"""Every planted fault of every check, and whether the verdict that should catch it did.

``… [--framework NAME] [--minutes N] [CHECK…]``. A few seconds per fault, JAX's more. What became of each is kept in
``build/planted-faults/``, with a digest of all that decides it: the check, what it imports of others, the fault and the
judges. So the campaign can be run in pieces. The rows of a check in the page, ``docs/evidence/planted-faults.md``, are
written anew when each of its faults has a result of the present sources, never before.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import itertools
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import msgspec

from benchmarks.check_sources import sources
from gpusetup.selftest.verdict import Verdict
from gpusetup.value import Value
from tests.checks.planted import ROOT, Fault, caught, faults, run

PAGE = ROOT / "docs" / "evidence" / "planted-faults.md"
KEPT = ROOT / "build" / "planted-faults"
JUDGES = ("judge", "registry.py", "ulps.py")
BATCH = 8  # faults that share an import
CACHE = {
    "JAX_COMPILATION_CACHE_DIR": str(KEPT / "jax"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
"""A fault changes one function of many: JAX need not compile the others anew."""
HEAD = """# Planted faults

Each row is one thing broken on purpose in a check or in what it stands on (`tests/checks/faults/`), the verdicts that
failed, and where the comparison with the float64 reference first differs. A fault counts as caught when a verdict that
should catch it did, at the place where it is. `python benchmarks/selftest_planted_faults.py` writes this page, the rows
of each check from results of one state of its sources. *Run on these sources*: the state that the sources of the check
were in when the page was last written, and how many of its faults had been run on it. Where that is not all, the rows
are of an earlier state.
"""


MISSED = "**missed**"


class Outcome(Value):
    """What became of one fault; `digest` is that of the sources it came from."""

    digest: str
    held: bool
    kinds: tuple[str, ...]
    where: str


def digest(fault: Fault) -> str:
    """Return the digest of what decides whether the fault is caught."""
    return hashlib.sha256(sources(fault.check) + judges() + msgspec.json.encode(fault)).hexdigest()[:16]


@functools.cache
def judges() -> bytes:
    """Return the sources of what judges a run."""
    paths = [ROOT / "gpusetup" / "selftest" / name for name in JUDGES]
    files = [file for path in paths for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    return b"".join(file.read_bytes() for file in files)


def results() -> dict[str, Outcome]:
    """Return by title what is kept and still of the present sources."""
    kept: dict[str, Outcome] = {}
    for file in KEPT.glob("*.json"):
        kept |= msgspec.json.decode(file.read_bytes(), type=dict[str, Outcome])
    return {
        one.title: kept[one.title] for one in faults() if one.title in kept and kept[one.title].digest == digest(one)
    }


def references(check: str) -> Path:
    """Return where the references of the present sources are kept."""
    return KEPT / "references" / hashlib.sha256(sources(check)).hexdigest()[:16]


def keep(fault: Fault, found: dict[str, Outcome]) -> None:
    """Add to what is kept of a check in a framework: campaigns in two frameworks can run beside each other."""
    KEPT.mkdir(parents=True, exist_ok=True)
    file = KEPT / f"{fault.check}-{fault.framework}.json"
    before = msgspec.json.decode(file.read_bytes(), type=dict[str, Outcome]) if file.exists() else {}
    file.write_bytes(msgspec.json.format(msgspec.json.encode(before | found), indent=1))


def batches(chosen: Sequence[Fault]) -> Iterator[list[Fault]]:
    """Yield the faults by what they can share a worker with, some at a time, and those that compile for long last."""

    def together(fault: Fault) -> tuple[bool, bool, str, str]:
        return fault.framework == "jax", fault.precision != "float32", fault.framework, fault.precision

    for _, group in itertools.groupby(sorted(chosen, key=together), key=together):
        rest = list(group)
        yield from (rest[first : first + BATCH] for first in range(0, len(rest), BATCH))


def outcome(fault: Fault, failures: Sequence[Verdict]) -> Outcome:
    place = next((one.divergence for one in failures if one.kind == "parity" and one.divergence), None)
    where = f"{place.tensor}, step {place.step}" if place else ""
    kinds = tuple(sorted({one.kind for one in failures}))
    return Outcome(digest=digest(fault), held=caught(fault, failures), kinds=kinds, where=where)


def rows(planted: Sequence[Fault], found: dict[str, Outcome]) -> list[str]:
    """Return a line of the page for every fault."""
    lines = []
    for one in planted:
        here = found[one.title]
        kinds = ", ".join(here.kinds) if here.held else MISSED
        lines.append(f"| {one.check} | {one.framework} | {one.name} | {kinds} | {here.where.replace('|', '/')} |")
    return lines


def page(lines: Sequence[str], states: dict[str, str]) -> str:
    """Return the totals per check with the state of its sources, then every line."""
    of = [line.split("|")[1].strip() for line in lines]
    count, held = Counter(of), Counter(one for one, line in zip(of, lines, strict=True) if MISSED not in line)
    head = [HEAD, "| check | planted | caught | run on these sources |", "|---|---|---|---|"]
    head += [f"| {check} | {number} | {held[check]} | {states[check]} |" for check, number in sorted(count.items())]
    head += [f"| all | {count.total()} | {held.total()} | |", ""]
    head += ["| check | framework | planted fault | caught by | first difference |", "|---|---|---|---|---|"]
    return "\n".join([*head, *sorted(lines, key=lambda line: line.split("|")[1:3]), ""])


def state(planted: Sequence[Fault], found: dict[str, Outcome]) -> str:
    """Return by what the sources of a check are known, and how many of its faults have a result of them."""
    done = sum(one.title in found for one in planted)
    known = hashlib.sha256(sources(planted[0].check) + judges()).hexdigest()[:8]
    return f"`{known}`: {'all' if done == len(planted) else done or 'none'} of {len(planted)}"


def written(check: str) -> list[str]:
    """Return the lines of a check that the page has."""
    return [
        line
        for line in PAGE.read_text("utf-8").splitlines()
        if line.startswith(f"| {check} |") and line.count("|") == 6
    ]


def write(every: Sequence[Fault], found: dict[str, Outcome]) -> None:
    """Write the lines of each check whose faults all have a result, and keep those of the others."""
    lines, states = list[str](), dict[str, str]()
    for check in sorted({one.check for one in every}):
        planted = [one for one in every if one.check == check]
        whole = all(one.title in found for one in planted)
        lines += rows(planted, found) if whole else written(check)
        states[check] = state(planted, found)
        print(f"{check}: {'written' if whole else 'as it was'}")
    PAGE.write_text(page(lines, states), "utf-8")


def main(wanted: list[str], frameworks: list[str], minutes: float, jobs: int) -> int:
    os.environ.update(CACHE)
    every, started = faults(), time.monotonic()
    done = results()
    left = [
        fault
        for fault in sorted(every, key=lambda one: wanted.index(one.check) if one.check in wanted else 0)
        if fault.title not in done
        and (not wanted or fault.check in wanted)
        and (not frameworks or fault.framework in frameworks)
    ]
    for batch in batches(left):
        if time.monotonic() - started > 60 * minutes:
            break
        with tempfile.TemporaryDirectory() as folder:
            failures = run(batch, Path(folder), jobs, references=references)
        for fault in batch:
            keep(fault, {fault.title: outcome(fault, failures[fault.title])})
    found = results()
    missed = [title for title, one in found.items() if not one.held]
    print(f"{len(found)} of {len(every)} faults run on the present sources, {len(found) - len(missed)} caught")
    for title in missed:
        print(f"MISSED {title}")
    write(every, found)
    return 1 if missed else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("checks", nargs="*")
    parser.add_argument("--framework", action="append", default=[])
    parser.add_argument("--minutes", type=float, default=float("inf"))
    parser.add_argument("--jobs", type=int, default=2, help="workers at a time (default 2)")
    given = parser.parse_args()
    sys.exit(main(given.checks, given.framework, given.minutes, given.jobs))
