"""Installed frameworks, from the names of their distributions: which one, which CUDA it brings, for which Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.doctor.once import once
from gpusetup.doctor.rule import UnreadError, listed, unlisted
from gpusetup.facts import facts
from gpusetup.facts.find import torch_builds
from gpusetup.machine.model import Unread

if TYPE_CHECKING:
    from gpusetup.facts.model.frameworks import TorchBuild
    from gpusetup.machine.model import Distribution, Machine

TENSORFLOW = ("tensorflow", "tensorflow-cpu", "tensorflow-gpu")


def each_torch(machine: Machine) -> Iterator[tuple[str, Distribution]]:
    """Every installed PyTorch."""
    for one in machine.distributions:
        if one.name == "torch":
            yield f"torch {one.version}", one


def each_tensorflow(machine: Machine) -> Iterator[tuple[str, Distribution]]:
    """Every installed TensorFlow."""
    for one in machine.distributions:
        if one.name in TENSORFLOW:
            yield f"{one.name} {one.version}", one


def each_jax(machine: Machine) -> Iterator[tuple[str, Distribution]]:
    """Every installed jaxlib, which is JAX's compiled part."""
    for one in machine.distributions:
        if one.name == "jaxlib":
            yield f"jaxlib {one.version}", one


def each_framework(machine: Machine) -> Iterator[tuple[str, Distribution]]:
    """Every installed PyTorch and TensorFlow."""
    yield from each_torch(machine)
    yield from each_tensorflow(machine)


def framework_of(subject: str) -> str:
    """Return which framework a finding's subject (``tensorflow-cpu 2.21.0``) is, "" when it is none."""
    name = subject.partition(" ")[0]
    return "tensorflow" if name in TENSORFLOW else name if name in {"torch", "jax"} else ""


@once
def by_folder(machine: Machine) -> dict[str, dict[str, str]]:
    """Return folder → the distributions in it: name → version."""
    found: dict[str, dict[str, str]] = {}
    for one in machine.distributions:
        found.setdefault(one.location, {})[one.name] = one.version
    return found


def beside(machine: Machine, one: Distribution) -> dict[str, str]:
    """Return the distributions in the same folder as `one`, by name."""
    return by_folder(machine)[one.location]


def release(one: Distribution) -> str:
    """Return the version without its local part: ``2.13.0`` of ``2.13.0+cu126``."""
    return one.version.partition("+")[0]


def torch_variant(machine: Machine, torch: Distribution) -> str:
    """Return ``cpu``, ``cu126`` …; raises `UnreadError` when it is not known.

    Wheels of PyTorch's own index have it in their version, and the files of every build name its CUDA. Otherwise the
    plain wheel is the tables' default of that release, if NVIDIA's wheels are installed beside it; without them it may
    be a build of conda, a distribution or somebody else.
    """
    said = re.match(r"cpu|cu\d+", torch.version.partition("+")[2])
    if said:
        return said[0]
    if torch.cuda:
        return "cpu" if torch.cuda == "cpu" else "cu" + "".join(torch.cuda.split(".")[:2])
    if "+" in torch.version or not any(name.startswith("nvidia-") for name in beside(machine, torch)):
        raise UnreadError(Unread(unread="failed", source="", detail=f"the CUDA version of {_named(torch)} is unknown"))
    rows = (row for row in facts().torch if row.release == release(torch))
    return listed(rows, f"torch {release(torch)}, so that its CUDA version is unknown").default_variant


def is_cpu_torch(machine: Machine, torch: Distribution) -> bool:
    """Say whether this PyTorch is a build for the CPU alone; raises `UnreadError` when it is not known."""
    if torch.cuda or "+" in torch.version or not any(name.startswith("nvidia-") for name in beside(machine, torch)):
        return torch_variant(machine, torch) == "cpu"
    rows = (row for row in facts().torch if row.release == release(torch))
    with_cuda = "NVIDIA's wheels are installed beside it, so that it is a build with CUDA"
    row = unlisted(rows, f"torch {release(torch)}", with_cuda)
    return row is not None and row.default_variant == "cpu"


def _named(torch: Distribution) -> str:
    return f"torch {torch.version} in {torch.location}"


def torch_cuda(machine: Machine, torch: Distribution) -> str:
    """Return the CUDA series that this PyTorch brings: its files say, else its variant (``cu126`` is 12.6); or ``cpu``.

    Raises `UnreadError` when it is not known.
    """
    if torch.cuda:
        return torch.cuda
    variant = torch_variant(machine, torch)
    number = variant.removeprefix("cu")
    return f"{number[:-1]}.{number[-1:]}" if number.isdecimal() and len(number) > 1 else variant


def torch_build(machine: Machine, torch: Distribution) -> Iterator[TorchBuild]:
    """Yield what the tables say about how this PyTorch was compiled; raises what `torch_variant` raises."""
    variant = torch_variant(machine, torch)
    builds = torch_builds(facts(), release(torch), machine.system.arch)
    return (row for row in builds if row.variant == variant)


def python_of(machine: Machine, one: Distribution) -> str:
    """Return the Python ``3.13`` that `one` is installed for: its folder tells, else the one we run under."""
    named = (part.removeprefix("python") for part in one.location.split("/") if part.startswith("python3."))
    return next(named, ".".join(machine.system.python.split(".")[:2]))


def interpreter(one: Distribution) -> str:
    """Return the interpreter of the environment that `one` is installed in."""
    prefix = re.match(r"(.*)/lib(?:64)?/python3[\d.]*/(?:site|dist)-packages$", one.location)
    return f"{prefix[1]}/bin/python3" if prefix else "python3"
