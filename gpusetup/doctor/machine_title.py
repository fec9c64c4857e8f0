"""A machine's name for people: its system, kernel and cards, and its frameworks where they were imported."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gpusetup.doctor.imports import refused
from gpusetup.doctor.rule import either
from gpusetup.machine.model import Unread

if TYPE_CHECKING:
    from gpusetup.machine.model import Framework, Machine


def machine_name(machine: Machine) -> str:
    """Return ``Fedora Linux 44, kernel 6.19.2, 2 × NVIDIA GeForce RTX 4090``."""
    system = either(machine.system.pretty_name) or either(machine.system.distro) or "unknown system"
    kernel = either(machine.system.kernel.release) or "unknown"
    where = f" in {machine.system.container}" if machine.system.container else ""
    cards = Counter(either(gpu.name) or "unnamed GPU" for gpu in either(machine.gpus) or ())
    if not cards:
        cards = Counter(f"NVIDIA device {card.device_id}" for card in either(machine.pci) or ())
    named = [name if count == 1 else f"{count} × {name}" for name, count in cards.items()]
    blind = isinstance(machine.pci, Unread) and machine.pci.unread not in {"absent", "unsupported"}
    nothing = "GPUs unknown" if blind else "no NVIDIA GPU"
    return ", ".join([system + where, f"kernel {kernel}", *(named or [nothing])])


def framework_names(machine: Machine) -> tuple[str, ...]:
    """Return ``torch 2.14.1 for CUDA 13.0: cudart 13.0, cudnn 9.24.0; right numbers on cpu, cuda:0`` for each."""
    return tuple(map(_framework, machine.frameworks or ()))


def _framework(one: Framework) -> str:
    version, cuda = either(one.version), either(one.cuda)
    whose = f", as {one.user}" if one.user else ""
    if version is None:
        return f"{one.name}: {'was not' if refused(one) else 'cannot be'} imported by {one.python}{whose}"
    built = "the processor alone" if cuda == "cpu" else f"CUDA {cuda or 'unknown'}"
    loaded = ", ".join(f"{name} {said}" for name, said in either(one.loaded) or ())
    wrong = {trial.device for trial in one.trials if trial.answer != trial.expected}
    right = ", ".join(dict.fromkeys(trial.device for trial in one.trials if trial.device not in wrong))
    return (
        f"{one.name} {version} for {built}"
        + (f", loaded {loaded}" if loaded else "")
        + f"; right on {right or 'none'}{whose}"
    )
