"""Write docs/operations.md from the families' own texts and cases: ``python -m tools.operations_page``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from checks.operations.case import FRAMEWORKS, Case
from checks.operations.families import families, purposes

PAGE = Path(__file__).resolve().parents[1] / "docs" / "operations.md"
_HEAD = """# What the `operations` check covers

Each case is one operation on drawn inputs, in every framework that has it, forward and (where there is a gradient)
backward. Shapes and options come from the seed, so `gpusetup selftest --full --check operations --seed 0-99` is a
campaign. Every element is held against a float64 reference, within the first-order bound of running error analysis
(`checks/operations/bounded.py`) times two; a case that fails prints a script that needs only the framework and NumPy.

Modes: PyTorch eager, and by `torch.compile` for the cases of a quick run; TensorFlow eager, as a graph, by XLA, with
Keras's layers eager; JAX under `jit`, and primitive by primitive. All but PyTorch eager, TensorFlow eager and JAX under
`jit` run with `--full` only. Precisions: float32 and float64 (`--precision float64`); products in half precision are
judged by `numerics`, trainings in half precision by `gru` and `transformer`. Devices: the CPU, and a card where there
is one. What a run covered is in its proof, case by case (`--save`, `cases`).

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


if __name__ == "__main__":
    PAGE.write_text(write_page(), "utf-8")
