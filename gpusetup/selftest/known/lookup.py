"""Which known defect explains a wrong case: package × version × operation × settings, by the one table of facts."""

from __future__ import annotations

import os
import platform
import re
from typing import TYPE_CHECKING

from gpusetup.facts import facts
from gpusetup.facts.defects import Where, assignments, concerns, defects_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gpusetup.facts.model.defects import Defect
    from gpusetup.selftest.model import Job

# framework → the table's name of a package, and the key of an environment that has its version
_PACKAGES = {
    "pytorch": (("torch", "torch"), ("nvidia-cudnn", "cudnn")),
    "tensorflow": (("tensorflow", "tensorflow"), ("keras", "keras")),
    "jax": (("jax", "jaxlib"),),
}
_WRONG_OR_ENDS = {"", "cases"}
"""Effects of a defect that make a case fail; another installs badly or is slow."""
_TYPES = {"bf16": "bfloat16", "fp16": "float16"}


def explanation(case: str, job: Job, environment: Mapping[str, str]) -> tuple[Defect, str] | None:
    """Return the first defect that explains why `case` is wrong in this job, with the release that has it."""
    return next(_explanations(case, job, environment), None)


def _explanations(case: str, job: Job, environment: Mapping[str, str]) -> Iterator[tuple[Defect, str]]:
    where = _where(job, environment)
    for package, version in releases(job.framework, environment):
        for row in defects_of(facts(), package, version):
            if _speaks_of(row, case, job) and concerns(row, where) and not in_force(row, os.environ):
                yield row, f"{package} {version}"


def related(case: str, job: Job) -> Iterator[Defect]:
    """Return the defects that are listed for this operation in any release: a range is what threads state."""
    packages = {package for package, _ in _PACKAGES.get(job.framework, ())}
    return (row for row in facts().defect if row.package in packages and _speaks_of(row, case, job))


def _speaks_of(row: Defect, case: str, job: Job) -> bool:
    """Return whether a row is about this operation, on the kind of device that the job computes on."""
    elsewhere = "gpu" if job.device == "cpu" else "cpu"
    return row.build != elsewhere and row.effect in _WRONG_OR_ENDS and names(row.operations, case, job.precision)


def names(operations: tuple[str, ...], case: str, precision: str) -> bool:
    """Return whether one of the operations is `case` or its family, or either of them in this precision.

    ``matmul.rank4_rank2`` also names its variants, such as ``matmul.rank4_rank2_one``.
    """
    family = case.partition(".")[0]
    dtype = _TYPES.get(precision, precision)
    same = {case, family, f"{family}.{dtype}", f"{case}.{dtype}"}
    return any(one in same or ("." in one and case.startswith(f"{one}_")) for one in operations)


def releases(framework: str, environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the packages that a run computed with, as the table calls them, and their versions."""
    for package, key in _PACKAGES.get(framework, ()):
        if version := environment.get(key, ""):
            yield package, _of_cudnn(version) if package == "nvidia-cudnn" else version


def in_force(row: Defect, environment: Mapping[str, str]) -> bool:
    """Return whether every variable of its work-around is set already: then the defect explains nothing."""
    wanted = assignments([row])
    return bool(wanted) and all(value in environment.get(name, "").split() for name, value in wanted.items())


def _where(job: Job, environment: Mapping[str, str]) -> Where:
    capability = environment.get("compute capability", "")
    return Where(
        gpu=job.device != "cpu",
        cards=(capability,) if re.fullmatch(r"\d+\.\d+", capability) else None,
        arch=platform.machine(),
        environment=os.environ,
    )


def _of_cudnn(number: str) -> str:
    """Return ``9.10.2`` for 91002 and ``8.9.7`` for 8907, as cuDNN numbers its releases (cudnn_version.h)."""
    if not re.fullmatch(r"\d{4,6}", number):
        return number
    whole, unit = int(number), 1000 if int(number) < 10000 else 10000
    return f"{whole // unit}.{whole % unit // 100}.{whole % 100}"
