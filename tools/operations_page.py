"""Write docs/operations.md from the families' own texts and cases: ``python -m tools.operations_page``.

With ``--proof FILE`` it prints instead what the self-test of a saved proof covered; with ``--ran FILE…`` it writes what
several covered into docs/evidence/operations-ran.md.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from checks.operations.case import FRAMEWORKS, Case
from checks.operations.families import families, purposes
from gpusetup.selftest.proof import Proof
from gpusetup.value import load
from tools.operations_covered import write_ran
from tools.operations_ran import write_table

PAGE = Path(__file__).resolve().parents[1] / "docs" / "operations.md"
RAN = PAGE.parent / "evidence" / "operations-ran.md"
_HEAD = """# What the `operations` check covers

Each case is one operation on drawn inputs, in every framework that has it, forward and (where there is a gradient)
backward. Shapes and options come from the seed, so `gpusetup selftest --full --check operations --seed 0-99` is a
campaign. Every element is held against a float64 reference, within the first-order bound of running error analysis
(`checks/operations/bounded.py`) times two; a case that fails prints a script that needs only the framework and NumPy.

The tables count the cases that are declared, and say what has none and why. What ran, and how it ended, is in the
proof of a run, case by case (`--save`, `cases`): from a checkout, `python -m tools.operations_page --proof FILE` prints
it as such a table, by framework, precision and device.

Modes: PyTorch eager, and by `torch.compile` for `fused` and the cases of a quick run; TensorFlow eager, as a graph and
by XLA; JAX under `jit`, and primitive by primitive, which compiles each for each shape: there cases share their
extents, the seed draws options and numbers alone, and `fused` is left to `jit`. A gradient is compiled together with
its way forward, which in
`fused` is compiled alone too. Cases of Keras's layers belong to the families they compute (`matmul`, `norms`, …) and
run eagerly in TensorFlow. All but PyTorch eager, TensorFlow eager and JAX under `jit` run with `--full` only.
Precisions: float32 and float64 (`--precision float64`); products in half precision are judged by `numerics`, trainings
in half precision by `gru` and `transformer`. Devices: the CPU, and a card where there is one.

A quick run costs 1.10 times the same work without the engine, in processor time on two shared cores (2026-11-30,
`benchmarks/selftest_overhead.py operations`). A whole quick run takes 1.06 times
that of the commit before it in PyTorch (16.9 and 15.9 s of processor time) and in TensorFlow (40.9 and 38.5 s; each the
median of three, run in turn). In a full run each
framework and round is a process of its own, and where cores are left the families of `operations` are divided between
them. `benchmarks/selftest_scaling.py` measures what cores bring; it was not run, for want of a quiet machine.

"""


def write_page() -> str:
    """Return the text of the page."""
    return _HEAD + "\n".join([*_table(), "", *_families(), *_absent()]).rstrip() + "\n"


def _table() -> Iterator[str]:
    yield "| family | direction | PyTorch | TensorFlow | JAX |"
    yield "|---|---|---|---|---|"
    for name, cases in families().items():
        for direction in ("forward", "backward"):
            cells = [_cell(cases, framework, direction) for framework in FRAMEWORKS]
            yield f"| {name.replace('_', ' ')} | {direction} | {' | '.join(cells)} |"


def _cell(cases: tuple[Case, ...], framework: str, direction: str) -> str:
    here = [case for case in cases if framework in case.code]
    ran = [case for case in here if direction == "forward" or case.wrt()]
    if ran:
        return str(len(ran))
    reasons = [case.no_gradient for case in here] or [case.absent[framework] for case in cases]
    return f"none: {Counter(reasons).most_common(1)[0][0]}"


def _families() -> Iterator[str]:
    for name, text in purposes().items():
        yield f"## {name.replace('_', ' ').capitalize()}\n"
        yield f"{text}\n"


def _absent() -> Iterator[str]:
    yield "## What a framework has no case of, and why\n"
    yield "| case | framework | reason |"
    yield "|---|---|---|"
    for family, cases in families().items():
        for case in cases:
            for framework in FRAMEWORKS:
                if framework not in case.code:
                    yield f"| {family}.{case.name} | {framework} | {case.absent[framework]} |"


def main() -> None:
    """Write the page, or print or write the table of a proof."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proof", type=Path, metavar="FILE", help="print what a saved self-test covered")
    parser.add_argument(
        "--ran",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="write what several covered into docs/evidence/operations-ran.md",
    )
    given = parser.parse_args()
    if given.proof:
        sys.stdout.write(write_table(load(given.proof, Proof)))
    elif given.ran:
        RAN.write_text(write_ran([load(file, Proof) for file in given.ran]), "utf-8")
    else:
        PAGE.write_text(write_page(), "utf-8")


if __name__ == "__main__":
    main()
