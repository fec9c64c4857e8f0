"""Says before anything runs whether an image fits a host: pure functions over `Machine` and `Image`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from gpusetup.doctor.image.rules import cards, container, driver
from gpusetup.doctor.rule import Rule, Subject
from gpusetup.machine.model import Machine

if TYPE_CHECKING:
    from gpusetup.doctor.finding import Finding
    from gpusetup.machine.model.image import Image


def image_rules() -> dict[str, Rule]:
    """Return the rules over an image, by id."""
    values = [value for module in (cards, container, driver) for value in vars(module).values()]
    return {one.id: one for one in sorted((one for one in values if isinstance(one, Rule)), key=lambda one: one.id)}


def rules_for(image: Image) -> list[Rule]:
    """Return the rules over this very image, as rules over a machine."""

    def the_image(_machine: Machine) -> Iterator[Subject]:
        yield image.name, image

    return [msgspec.structs.replace(one, over=the_image) for one in image_rules().values()]


def fit(machine: Machine, image: Image) -> tuple[Finding, ...]:
    """Return what keeps `image` from running on `machine`, what restricts it, and what could not be told."""
    from gpusetup.doctor.examine import examine  # with the commands that examine

    return examine(machine, rules_for(image))
