"""Installed frameworks, from the names of their distributions: which one, which CUDA it brings, for which Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.facts import facts
from gpusetup.facts.find import torch_builds

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


def beside(machine: Machine, one: Distribution) -> dict[str, str]:
    """Return the distributions in the same folder as `one`, by name."""
    return {other.name: other.version for other in machine.distributions if other.location == one.location}


def release(one: Distribution) -> str:
    """Return the version without its local part: ``2.13.0`` of ``2.13.0+cu126``."""
    return one.version.partition("+")[0]


def torch_variant(machine: Machine, torch: Distribution) -> str:
    """Return ``cpu``, ``cu126`` …, "" when it cannot be told.

    Wheels of PyTorch's own index say it in their version. The plain one brings what the tables say is that release's
    default, if NVIDIA's wheels lie beside it; without them it may be conda's, a distribution's or anybody's.
    """
    _, _, local = torch.version.partition("+")
    if local:
        said = re.match(r"cpu|cu\d+", local)
        return said[0] if said else ""
    if not any(name.startswith("nvidia-") for name in beside(machine, torch)):
        return ""
    return next((row.default_variant for row in facts().torch if row.release == release(torch)), "")


def torch_cuda(machine: Machine, torch: Distribution) -> str:
    """Return the CUDA series that this PyTorch brings: its files say, else its variant (``cu126`` is 12.6), or ""."""
    if torch.cuda and torch.cuda != "cpu":
        return torch.cuda
    number = torch_variant(machine, torch).removeprefix("cu")
    return f"{number[:-1]}.{number[-1:]}" if number.isdigit() and len(number) > 1 else ""


def torch_build(machine: Machine, torch: Distribution) -> TorchBuild | None:
    """Return what the tables know of how this PyTorch was compiled, None when they know nothing."""
    variant = torch_variant(machine, torch)
    if variant in {"", "cpu"}:
        return None
    builds = torch_builds(facts(), release(torch), machine.system.arch)
    return next((row for row in builds if row.variant == variant), None)


def python_of(machine: Machine, one: Distribution) -> str:
    """Return the Python ``3.13`` that `one` is installed for: its folder tells, else the one we run under."""
    named = (part.removeprefix("python") for part in one.location.split("/") if part.startswith("python3."))
    return next(named, ".".join(machine.system.python.split(".")[:2]))


def interpreter(one: Distribution) -> str:
    """Return the interpreter of the environment that `one` is installed in."""
    prefix = re.match(r"(.*)/lib(?:64)?/python3[\d.]*/(?:site|dist)-packages$", one.location)
    return f"{prefix[1]}/bin/python3" if prefix else "python3"
