"""ANS…: does the driver answer everything it is asked; a question without answer is never taken for good news."""

from __future__ import annotations

from collections.abc import Iterator

from gpusetup.doctor.gpu import nvml
from gpusetup.doctor.gpu.cards import shares_memory
from gpusetup.doctor.gpu.subjects import DRIVER_HANGS, GPU_LOST, NVML_SILENT, each_gpu
from gpusetup.doctor.rule import RuleResults, error, failure, fix, info, rule, unknown
from gpusetup.doctor.unrecorded import not_recorded
from gpusetup.machine.model import NOT_RECORDED, Gpu, Machine, Unread

RESET = "GPU004"
CRASHED = "ANS004"
VITAL = ("name", "uuid", "pci_address", "compute_capability", "memory_total", "memory_used", "temperature", "power")
EVERY_GPU_HAS = ("name", "uuid", "pci_address", "compute_capability", "memory_total")
OF_THE_DRIVER = ("nvml", "nvml_library", "cuda", "confidential", "confidential_ready")
A_VGPU = 2
NAMED = 6
"""So many of the readings that are not recorded are named in the evidence."""
AFTER = (CRASHED, GPU_LOST, RESET, DRIVER_HANGS, NVML_SILENT)
"""By name, although stages say it too of what is unknown: a lost GPU's silence is an error here."""


def unanswered(value: object, names: tuple[str, ...]) -> Iterator[tuple[str, Unread]]:
    """Yield the fields of `value` that have no answer although there should be one."""
    for name in names:
        one = getattr(value, name)
        if isinstance(one, Unread):
            # "not supported" is an answer; an absence without a code was never asked for
            nothing_there = one.unread == "unsupported" or (one.unread == "absent" and one.code is None)
            if one != NOT_RECORDED and not nothing_there:
                yield name, one
        elif name in {"peers", "mig_devices"}:
            for part in one:
                yield from unanswered(part, part.__struct_fields__)


def told(one: Unread) -> str:
    """Return why there is no answer, as evidence."""
    return f"{one.source}: {one.detail or nvml.meaning(one.code)}"


@rule(
    "ANS001",
    "nvml-query-failed",
    "NVML fails a vital query for a GPU",
    worst="error",
    after=AFTER,
    over=each_gpu,
    source=nvml.SOURCE,
    remedies=("kernel-log",),
)
def vital(machine: Machine, gpu: Gpu) -> RuleResults:
    """The driver shows this GPU but does not report its name, memory, temperature or power.

    No single answer proves a GPU well: one that is in trouble often answers some questions and fails at others. What
    the card does not offer at all ("not supported") is not counted.
    """
    found = dict(unanswered(gpu, VITAL))
    if found:
        names = ", ".join(found).replace("_", " ")
        evidence = tuple(dict.fromkeys(map(told, found.values())))
        # what this user may not ask says nothing of the GPU
        refused = all(one.unread == "denied" for one in found.values())
        say = unknown if refused else error
        yield say(f"the driver does not report this GPU's {names}", *evidence, fix=fix("kernel-log"))


@rule(
    "ANS002",
    "nvml-query-unanswered",
    "NVML leaves a query for a GPU unanswered",
    worst="unknown",
    after=AFTER,
    over=each_gpu,
    required=True,
    source=nvml.SOURCE,
)
def others(machine: Machine, gpu: Gpu) -> RuleResults:
    """Some question about this GPU that its driver should be able to answer was answered with an error or with
    nonsense.

    What hangs on that answer was not checked, so the GPU cannot be called healthy. A GPU that is one chip with its
    processor has no memory of its own to report.
    """
    rest = tuple(name for name in gpu.__struct_fields__ if name not in {"index", *VITAL})
    found = dict(unanswered(gpu, rest))
    # a vGPU has no sensor of its own
    had = EVERY_GPU_HAS if gpu.virtualization == A_VGPU else (*EVERY_GPU_HAS, "temperature")
    found |= {
        name: one
        for name in had
        if (one := failure(getattr(gpu, name), "ANS001 speaks of a vital question without an answer"))
        and one.unread == "unsupported"
        and not (name == "memory_total" and shares_memory(machine, gpu))
    }
    if found:
        names = ", ".join(found).replace("_", " ")
        yield unknown(f"no answer about this GPU's {names}", *dict.fromkeys(map(told, found.values())))


@rule(
    "ANS003",
    "driver-query-unanswered",
    "NVML leaves a query about the driver unanswered",
    worst="unknown",
    after=(CRASHED, DRIVER_HANGS, NVML_SILENT),
    required=True,
    source=nvml.SOURCE,
)
def driver(machine: Machine) -> RuleResults:
    """NVML works, but does not report the driver's or CUDA's version: what compares versions cannot be checked."""
    if failure(machine.gpus, nvml.SILENT):
        return
    found = dict(unanswered(machine.driver, OF_THE_DRIVER))
    if found:
        names = ", ".join(found).replace("_", " ")
        yield unknown(f"no answer from the driver about {names}", *dict.fromkeys(map(told, found.values())))


@rule(
    CRASHED,
    "nvml-crashed",
    "The NVML library crashed",
    worst="error",
    blocks="driver library",
    after=("GPU001", DRIVER_HANGS),
    source=nvml.SOURCE,
    remedies=("driver-userland",),
)
def crashed(machine: Machine) -> RuleResults:
    """The process in which the driver was asked was ended by a signal or ended itself: the library or the module is
    broken.

    Reinstall the driver so that all its parts are of one version; if it goes on, report it to NVIDIA.
    """
    silent = failure(machine.gpus, nvml.SILENT)
    gpus = () if isinstance(machine.gpus, Unread) else machine.gpus
    unread = [failure(one, nvml.UNANSWERED) for gpu in gpus for one in nvml.readings(gpu)]
    unread += [
        failure(getattr(machine.driver, name), "ANS003 and DRV001 speak of what the driver does not report of itself")
        for name in OF_THE_DRIVER
    ]
    for one in (silent, *unread):
        if one and "the process " in one.detail and "ended" in one.detail:
            yield error("the driver's library crashed while it was asked", told(one), fix=fix("driver-userland"))
            return


@rule(
    "ANS025",
    "readings-not-recorded",
    "Readings are not recorded: an older gpusetup saved this machine",
    worst="info",
    source="the saved machine's own fields",
    remedies=("detect-again",),
)
def saved_before(machine: Machine) -> RuleResults:
    """This machine was saved by a gpusetup that did not make all of today's readings. Rules that rest on one of them
    are skipped as *not recorded*, which is neither healthy nor a reading that failed; rules that judged without it
    then still do. Read the machine again to have all of them checked.
    """
    missing = not_recorded(machine)
    if missing:
        what = f"saved by an older version: {len(missing)} readings are not recorded"
        shown = ", ".join(missing[:NAMED]) + (" …" if missing[NAMED:] else "")
        yield info(what, f"saved by gpusetup {machine.gpusetup} at {machine.read_at}", shown, fix=fix("detect-again"))
