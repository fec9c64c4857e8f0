"""GPUs of one model in one machine, compared with each other: what most of them have is the measure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from gpusetup.doctor.gpu import nvml
from gpusetup.doctor.gpu.nvlink import is_baseboard
from gpusetup.doctor.gpu.subjects import gpu_rule
from gpusetup.doctor.once import once
from gpusetup.doctor.rule import Rule, RuleResults, fix, info, known, optional, recorded, there, warning

if TYPE_CHECKING:
    from gpusetup.machine.model import Gpu, Machine

NO_MEASURE = "a GPU that does not answer is not compared with"
COMMON = ("name", "pci_device", "ecc", "mig", "virtualization")
"""What equal GPUs have in common; among it the settings that change how much memory is shown."""
Amount = int | float | str


class Trait(msgspec.Struct, frozen=True):
    """What GPUs of one model, set alike, have alike: how it is read, and how it is written."""

    field: str
    words: str
    value: Callable[[Any], Amount] = lambda reading: reading
    text: Callable[[Any], str] = str


Measure = Callable[["Machine"], dict[object, tuple[Amount, int]]]


def measure(trait: Trait) -> Measure:
    """Return what works out, once for a machine, what most GPUs of each model have and how many have it.

    Where as many have either, the larger counts.
    """

    @once
    def usual(machine: Machine) -> dict[object, tuple[Amount, int]]:
        counts: dict[object, Counter[Amount]] = {}
        for gpu in known(machine.gpus):
            reading = optional(getattr(gpu, trait.field), NO_MEASURE)
            if reading is not None:
                counts.setdefault(_model(gpu), Counter())[trait.value(reading)] += 1
        return {model: max(count.items(), key=lambda one: one[::-1]) for model, count in counts.items()}

    return usual


def _model(gpu: Gpu) -> object:
    return tuple(optional(getattr(gpu, name), NO_MEASURE) for name in COMMON)


def unlike(machine: Machine, gpu: Gpu, trait: Trait, usual: Measure) -> tuple[Amount, Amount, int] | None:
    """Return what this GPU has, what most have and how many, where they differ."""
    reading = there(getattr(gpu, trait.field))
    for name in COMMON:
        there(recorded(getattr(gpu, name), None))
    if reading is None:
        return None
    own, (most, count) = trait.value(reading), usual(machine)[_model(gpu)]
    return None if own == most else (own, most, count)


def always(_machine: Machine, _gpu: Gpu) -> bool:
    """Say that a difference matters on any machine."""
    return True


def never(_machine: Machine, _gpu: Gpu) -> bool:
    """Say that a difference is only worth knowing."""
    return False


def beside_switches(machine: Machine, _gpu: Gpu) -> bool:
    """Say whether NVSwitches join the GPUs; bridges can join some of them on purpose."""
    return bool(there(recorded(machine.nvswitches, 0))) or is_baseboard(machine)


def equal_rule(
    rule_id: str, slug: str, title: str, trait: Trait, docs: str, matters: Callable[[Machine, Gpu], bool] = always
) -> Rule:
    """Make a rule that compares one trait of a GPU with that of its equals; where it `matters`, it warns."""
    usual = measure(trait)

    def differs(machine: Machine, gpu: Gpu) -> RuleResults:
        if found := unlike(machine, gpu, trait, usual):
            own, most, count = found
            say = warning if matters(machine, gpu) else info
            yield say(
                f"{trait.words} differs from GPUs of the same model: {trait.text(own)}, others {trait.text(most)}",
                f"{trait.words}: {trait.text(own)}",
                f"GPUs of the same model, set alike, with {trait.text(most)}: {count}",
                fix=fix("compare-gpus"),
            )

    differs.__doc__ = docs
    make = gpu_rule(
        rule_id, slug, title, worst="info" if matters is never else "warning", after=("ANS001",), required=False,
        source=nvml.SOURCE, remedies=("compare-gpus",),
    )  # fmt: skip
    return make(differs)
