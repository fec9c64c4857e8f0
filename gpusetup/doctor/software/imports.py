"""What the rules about imported frameworks share: each one that was tried, and what it answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import UntriedError, failure, known, optional

if TYPE_CHECKING:
    from gpusetup.machine.model import Framework, Machine, Trial, Unread

NO_IMPORT = "FWK001 to FWK004 speak of a framework that cannot be imported"
PYPI_NAMES = {"pytorch": "torch"}


def each_import(machine: Machine) -> Iterator[tuple[str, Framework]]:
    """Every framework that was to be imported, refused ones too; raises `UntriedError` where nobody asked for it."""
    if machine.frameworks is None:
        raise UntriedError("gpusetup doctor --deep imports each framework and lets it compute")
    for one in machine.frameworks:
        version = optional(one.version, NO_IMPORT)
        yield f"{distribution(one)} {version}" if version else distribution(one), one


def import_failure(framework: Framework) -> Unread | None:
    """Return why the import failed, None where it did not; the rule ends as unknown where nothing was imported."""
    if refused(framework):
        known(framework.version)
    return failure(framework.version, NO_IMPORT)


def refused(framework: Framework) -> str:
    """Return why it was not imported at all: its interpreter is not to be relied on; "" when it was."""
    why = failure(framework.version, NO_IMPORT)
    return why.detail or why.source if why and why.unread == "denied" else ""


def failed_trials(framework: Framework, because: str) -> Iterator[tuple[Trial, Unread]]:
    """Every computation that gave no answer, with the reason; `because` as in `optional`."""
    for one in framework.trials:
        if why := failure(one.answer, because):
            yield one, why


def texts(machine: Machine, framework: Framework) -> list[str]:
    """Return what a framework that failed has said: why it sees no GPU, why computations failed, its standard error.

    Of one that works nothing is returned: TensorFlow warns of much that is no fault.
    """
    refused = failure(framework.gpus, "this machine has no GPU that it could see")
    failed = [why.detail for _, why in failed_trials(framework, "FWK103 and FWK105 speak of it")]
    unseen = framework.gpus == () and has_gpu(machine)
    return [*([refused.detail] if refused else []), *failed, *(framework.said if refused or failed or unseen else ())]


def said_of(framework: Framework, *words: str) -> list[str]:
    """Return the lines it wrote to its standard error that hold one of `words`."""
    return [f"it reported: {line}" for line in framework.said if any(word in line.lower() for word in words)]


def distribution(framework: Framework) -> str:
    """Return the name under which pip installs it."""
    return PYPI_NAMES.get(framework.name, framework.name)


def requirement(machine: Machine, framework: Framework) -> str:
    """Return ``torch==2.13.0``, which is what pip would install again; the name alone where no version is known."""
    name = distribution(framework)
    installed = next((one for one in machine.distributions if one.name == name), None)
    return f"{name}=={installed.version}" if installed else name


def died(why: Unread) -> bool:
    """Say whether the process ended before it could answer: it crashed, was killed or was still at it."""
    return why.unread == "timeout" or "the process" in why.detail or why.detail.startswith("no answer within")
