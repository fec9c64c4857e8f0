"""PYT…: the interpreter and what is installed for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.doctor.gpu.cards import cite
from gpusetup.doctor.rule import RuleResults, fix, info, rule, unlisted, warning
from gpusetup.doctor.software.frameworks import TENSORFLOW, each_framework, interpreter, python_of, release
from gpusetup.facts import facts
from gpusetup.machine.model import Distribution, Machine
from gpusetup.versions import dotted

if TYPE_CHECKING:
    from gpusetup.facts.model.frameworks import Tensorflow, Torch


@rule(
    "PYT001",
    "framework-python-unsupported",
    "A framework does not support this Python version",
    worst="warning",
    over=each_framework,
    source="facts: torch, tensorflow",
    remedies=("fitting-python",),
)
def unsupported_python(machine: Machine, framework: Distribution) -> RuleResults:
    """This release of the framework does not support the Python version that it is installed for. It was built from
    source, or its installation was forced.
    """
    rows: tuple[Torch | Tensorflow, ...] = facts().torch if framework.name == "torch" else facts().tensorflow
    found = (row for row in rows if row.release == release(framework))
    row = unlisted(
        found, f"{framework.name} {release(framework)}", "pip installs no release for a Python that it refuses"
    )
    python = python_of(machine, framework)
    if row and python and python not in row.python:
        yield warning(
            f"{framework.name} {framework.version} does not support Python {python}",
            f"installed in {framework.location}",
            cite(row, f"supports Python {', '.join(row.python)}"),
            fix=fix("fitting-python", python=row.python[-1]),
        )


@rule(
    "PYT002",
    "no-tensorflow-for-python",
    "No TensorFlow release for this Python version",
    worst="info",
    source="facts: tensorflow",
    remedies=("fitting-python",),
)
def no_tensorflow(machine: Machine) -> RuleResults:
    """This Python is newer than any that a known TensorFlow release supports: pip reports "No matching distribution
    found".

    Fedora's default Python often is; the distribution also has packages of older versions.
    """
    python = ".".join(machine.system.python.split(".")[:2])
    newest = max((version for row in facts().tensorflow for version in row.python), key=dotted)
    if python and dotted(python) > dotted(newest):
        row = next(row for row in facts().tensorflow if newest in row.python)
        yield info(
            f"no TensorFlow release supports Python {python}",
            cite(row, f"TensorFlow {row.release} runs on Python up to {newest}"),
            fix=fix("fitting-python", python=newest),
        )


@rule(
    "PYT003",
    "pynvml-deprecated",
    "The deprecated pynvml package is installed",
    worst="warning",
    source="https://github.com/gpuopenanalytics/pynvml",
    remedies=("remove-pynvml",),
)
def old_pynvml(machine: Machine) -> RuleResults:
    """Two distributions contain a module called ``pynvml``: NVIDIA's nvidia-ml-py, and the deprecated pynvml.

    Before release 12 pynvml contained its own, outdated module, which hides NVIDIA's: which one is imported depends on
    the order of installation.
    """
    for one in machine.distributions:
        if one.name == "pynvml":
            yield warning(
                "the deprecated pynvml package is installed; nvidia-ml-py replaces it",
                f"pynvml {one.version} in {one.location}",
                fix=fix("remove-pynvml", python=interpreter(one)),
            )


@rule(
    "PYT004",
    "framework-installed-twice",
    "A framework is installed twice",
    worst="warning",
    source="Python packaging: recording installed projects",
    remedies=("one-copy",),
)
def twice(machine: Machine) -> RuleResults:
    """Two copies of one framework are installed; where both are on an interpreter's path, the first wins.

    Usually a copy in the user's folder (``pip install --user``) or the system's hides the one in the environment.
    """
    copies: dict[str, list[Distribution]] = {}
    for one in machine.distributions:
        name = "tensorflow" if one.name in TENSORFLOW else one.name
        if name in {"torch", "tensorflow", "jax", "jaxlib"}:
            copies.setdefault(name, []).append(one)
    for name, found in copies.items():
        if len(found) > 1:
            yield warning(
                f"{len(found)} copies of {name} are installed; one may hide the other",
                *(f"{one.name} {one.version} in {one.location}" for one in found),
                fix=fix("one-copy", name=name),
            )


@rule(
    "PYT005",
    "pip-and-conda",
    "pip and conda packages are mixed in one environment",
    worst="info",
    source="conda documentation: using pip in a conda environment",
)
def two_managers(machine: Machine) -> RuleResults:
    """Frameworks and NVIDIA's libraries in one environment come from two package managers, each of which overwrites the
    other's files unknowingly.
    """
    installers: dict[str, set[str]] = {}
    for one in machine.distributions:
        installers.setdefault(one.location, set()).update({one.installer} - {""})
    for location, by in installers.items():
        if "conda" in by and len(by) > 1:
            yield info(
                "one environment contains packages of conda and of another installer",
                location,
                f"installers: {', '.join(sorted(by))}",
            )
