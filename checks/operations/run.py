"""Run cases: announce each, run it in every mode, judge both directions, and hand on what to record."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from checks.common.needs import Unsupported, missing
from checks.operations.case import COMPILED_ALONE, shape_of
from checks.operations.engine import Array, Engine, Task
from checks.operations.isolate import Item
from checks.operations.judge import Truth, Verdict, find_truth, judge
from checks.operations.program import compile_function
from checks.operations.script import write_script

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.operations.case import Case, Direction


_NOT_COMPILED = (
    "Detected unsupported operations when trying to compile graph",
    "not compilable",
    "is not supported by XLA",
)
"""What TensorFlow says where an operation cannot be compiled by XLA: nothing was computed, so nothing is wrong."""
_NO_TYPE = ("Could not find device for node", "of double is not in the list of allowed values")
"""What TensorFlow says where an operation has no kernel of a type, such as 3-d pooling in float64."""


class Step(NamedTuple):
    """One case in one mode."""

    family: str
    case: Case
    mode: str

    @property
    def id(self) -> str:
        """Return ``matmul.rank4_rank2``."""
        return f"{self.family}.{self.case.name}"

    def name(self, direction: str) -> str:
        """Return how a step is announced and reported."""
        return f"{self.id} {direction} {self.mode}"


class Drawn(NamedTuple):
    """What the seed gave a case, and what is right for it."""

    sizes: dict[str, Any]
    inputs: dict[str, Array]
    truth: Truth
    precision: str

    def text(self) -> str:
        """Return shapes and sizes in words."""
        return describe(self.sizes, {name: one.shape for name, one in self.inputs.items()})


def describe(sizes: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> str:
    """Return shapes and sizes: ``a (13, 1, 3, 4), b (4, 16); axis=1``."""
    first = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
    second = ", ".join(f"{name}={value!r}" for name, value in sizes.items())
    return f"{first}; {second}" if sizes else first


def describe_drawn(step: Step, job: Job) -> str:
    """Return what the seed gives a case, without its numbers."""
    sizes = step.case.draw_sizes(step.family, job.seed, job.framework, step.mode)
    return describe(sizes, {name: shape_of(one.shape, sizes) for name, one in step.case.inputs.items()})


def draw(case: Case, family: str, job: Job, sizes: dict[str, Any] | None = None, mode: str = "eager") -> Drawn:
    """Return the inputs of a case and its reference, of the sizes that the seed gives unless others are stated."""
    sizes = case.draw_sizes(family, job.seed, job.framework, mode) if sizes is None else sizes
    inputs = case.draw_inputs(family, job.seed, sizes)
    precision = case.held_to(job.precision, job.framework, mode)
    return Drawn(sizes, inputs, find_truth(case, family, job.seed, sizes, inputs, precision), precision)


def run_steps(
    steps: list[Step], engine: Engine, job: Job, began: Callable[[str], None], done: Callable[[Item], None]
) -> None:
    """Run the steps one after another; those of one case that are of the same sizes share its reference."""
    drawn: dict[tuple[str, str, str], Drawn] = {}
    for step in steps:
        sizes = step.case.draw_sizes(step.family, job.seed, job.framework, step.mode)
        key = step.id, step.case.held_to(job.precision, job.framework, step.mode), str(sizes)
        if key not in drawn:
            drawn = {key: draw(step.case, step.family, job, sizes, step.mode)}
        for item in run_step(step, drawn[key], engine, job, began):
            done(item)


def run_step(step: Step, drawn: Drawn, engine: Engine, job: Job, began: Callable[[str], None]) -> Iterator[Item]:
    """Run one case in one mode and yield what to record of each direction."""
    case, truth = step.case, drawn.truth
    outputs: list[Array] = []
    code = case.code[job.framework]
    task = Task(
        function=compile_function(code, tuple(drawn.inputs), engine.NAMES, drawn.sizes),
        inputs=drawn.inputs,
        wrt=case.wrt(),
        cotangents=truth.cotangents,
        mode=step.mode,
        began=lambda direction: began(step.name(direction)),
        got=outputs.extend,
        alone=case.fused,
    )
    failure, gradients = "", list[Array]()
    try:
        gradients = engine.run(task, job)
    except Exception as error:
        failure = describe_error(error, job.precision)
    if outputs:
        names = [f"result {number}" for number in range(len(outputs))]
        yield _item(
            step,
            drawn,
            job,
            "forward",
            judge(outputs, truth.outputs, names, case, drawn.precision, job.device),
            outputs,
        )
    elif failure:
        yield _ended(step, drawn, job, "forward", failure)
    if gradients:
        names = [f"gradient of {name}" for name in task.wrt]
        found = judge(gradients, truth.gradients, names, case, drawn.precision, job.device)
        yield _item(step, drawn, job, "backward", found, gradients)
    elif failure and outputs:
        yield _ended(step, drawn, job, "backward", failure)


def describe_error(error: Exception, precision: str = "float32") -> str:
    """Return the error in one line, after ``unsupported: `` where this version lacks what the case asks for."""
    lacks = str(error) if isinstance(error, Unsupported) else missing(error, list(sys.modules["checks"].__path__))
    if not lacks and any(sign in str(error) for sign in _NOT_COMPILED):
        lacks = "XLA has no kernel for it here"
    if not lacks and precision != "float32" and any(sign in str(error) for sign in _NO_TYPE):
        lacks = f"there is no kernel of it in {precision}"
    if lacks:
        return f"unsupported: {lacks}"
    traceback.print_exception(error)
    return f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:300]}"


def _item(step: Step, drawn: Drawn, job: Job, direction: Direction, found: Verdict, arrays: list[Array]) -> Item:
    passed = found.share <= 1
    record = fields(step, job, direction, drawn.text()) | {
        "outcome": "passed" if passed else "failed",
        "elements": found.elements,
        "error": found.error,
        "bound": found.bound,
        "ulps": found.ulps,
        "detail": found.detail,
    }
    if not passed:
        record["script"] = script_of(step, job, direction=direction)
    kept = {f"{step.name(direction)} {n}": _finite(one) for n, one in enumerate(arrays) if one.size}
    return Item(record, kept)


def _ended(step: Step, drawn: Drawn, job: Job, direction: Direction, why: str) -> Item:
    """Return the record of a case that gave no numbers."""
    return Item(fields(step, job, direction, drawn.text()) | end(step, job, why, direction), {})


def end(step: Step, job: Job, why: str, direction: str = "forward") -> dict[str, Any]:
    """Return the outcome of a case that was ended: unsupported, crashed or failed."""
    if why.startswith("unsupported: "):
        return {"outcome": "unsupported", "detail": why.removeprefix("unsupported: ")}
    outcome = "crashed" if why.startswith("killed by ") else "failed"
    return {"outcome": outcome, "detail": why, "script": script_of(step, job, direction=direction)}


def script_of(step: Step, job: Job, sizes: dict[str, Any] | None = None, direction: str = "forward") -> str:
    """Return the stand-alone script of a direction of a step, of the sizes that the seed gives or those stated."""
    case, backward = step.case, direction == "backward"
    return write_script(step.family, case, job.seed, job.framework, job.precision, step.mode, sizes, backward=backward)


def fields(step: Step, job: Job, direction: str, drawn: str) -> dict[str, Any]:
    """Return what names a case in a report."""
    return {
        "case": step.id,
        "direction": direction,
        "mode": step.mode,
        "dtype": job.precision,
        "device": job.device,
        "drawn": drawn,
    }


def _finite(array: Array) -> Array:
    """Return the array with zeros for what is no number: those were judged, and a record of NaN means a fault."""
    return np.where(np.isfinite(array), array, 0) if array.dtype.kind == "f" else array


def steps_of(families: Mapping[str, tuple[Case, ...]], engine: Engine, job: Job) -> Iterator[tuple[str, list[Step]]]:
    """Yield each family with the steps of this job: in quick runs a sample of the cases."""
    for family, cases in families.items():
        steps = [
            Step(family, case, mode)
            for case in cases
            if job.framework in case.code and (case.quick or job.profile == "full")
            for mode in engine.modes(job)
            if runs_in(mode, case, job.framework) and job.wants(f"{family}.{case.name}", mode)
        ]
        if steps:
            yield family, steps


def runs_in(mode: str, case: Case, framework: str) -> bool:
    """Return whether a case runs in a mode.

    TorchInductor, which takes seconds for each, gets the sample and what it fuses. A Keras layer is made in the text of
    its case, and a function that is traced may not make variables.
    """
    if mode == "compiled" and not (case.quick or case.fused):
        return False
    # primitive by primitive there is nothing to fuse: what such a case is made of, other families run alone
    if case.fused and (framework, mode) in COMPILED_ALONE:
        return False
    if mode in {"graph", "xla"} and "keras.layers" in case.code[framework]:
        return False
    # under JAX's jit, optimisers and loops are what they are without it
    free = mode == "eager" or framework == "jax" or not case.eager_only
    return free and (not case.modes or mode in case.modes)
