"""Which frameworks are installed for whom, and what each does when it is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from functools import cache

from gpusetup.machine.frameworks.ask import ProbeRequest
from gpusetup.machine.model import Distribution, Framework
from gpusetup.trust.owner import runs_as

DISTRIBUTIONS = {
    "torch": "pytorch",
    "tensorflow": "tensorflow",
    "tensorflow-cpu": "tensorflow",
    "tensorflow-gpu": "tensorflow",
    "tf-nightly": "tensorflow",
    "jax": "jax",
}
ENVIRONMENTS = ("VIRTUAL_ENV", "CONDA_PREFIX")


def read_frameworks(
    distributions: Iterable[Distribution], pythons: Mapping[str, str], deadline: float
) -> tuple[Framework, ...]:
    """Return what every installed framework does, all asked at once, each within `deadline` seconds.

    `pythons` names the interpreter of a framework that is installed elsewhere. The others are imported by the
    interpreter that they are installed for: ours, or that of the active environment.
    """
    questions: list[ProbeRequest] = []
    whose = cache(runs_as)  # an environment that several frameworks are in is looked through once
    try:
        for name, python in places(distributions, pythons):
            questions.append(ProbeRequest(name, os.path.abspath(python), whose, deadline))
        for question in questions:
            question.listen()
        return tuple(question.answer() for question in questions)
    finally:
        for question in questions:
            question.abandon()


def places(distributions: Iterable[Distribution], pythons: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (framework, interpreter) of each to be asked."""
    installed = {
        (DISTRIBUTIONS[one.name], _interpreter(one.location))
        for one in distributions
        if one.name in DISTRIBUTIONS and DISTRIBUTIONS[one.name] not in pythons
    }
    return sorted(installed | set(pythons.items()))


def _interpreter(location: str) -> str:
    """Return the Python of the active environment if `location` lies in it and it is not ours."""
    for name in ENVIRONMENTS:
        prefix = os.path.realpath(os.environ.get(name) or sys.prefix)
        python = os.path.join(prefix, "bin", "python")
        if prefix != os.path.realpath(sys.prefix) and location.startswith(prefix + os.sep) and os.path.exists(python):
            return python
    return sys.executable
