"""EXP00…: the GPUs themselves: how many, which, and how they are set."""

from __future__ import annotations

from gpusetup.doctor.expect.making import ExpectedGpu, expectation, gpu_expectation, spoken, unmet
from gpusetup.doctor.expect.model import Expected
from gpusetup.doctor.rule import RuleResults, failure, known, optional, there
from gpusetup.machine.model import Machine

GIB = 1 << 30
WATT = 1.0
"""How far a power limit may be off: NVML gives milliwatts, of which nvidia-smi shows two decimals."""
MODES = {0: "default", 2: "prohibited", 3: "exclusive-process"}
BY_NVML = "NVML counts the GPUs"
FEW_ON_BUS = "the PCI bus already shows fewer GPUs than expected"


@expectation("EXP001", "expected-gpu-count", "The number of GPUs is not the expected one")
def count(machine: Machine, expected: Expected) -> RuleResults:
    """``gpus = 8``: NVML shows another number of GPUs. Where NVML does not answer, a PCI bus with fewer of them is
    reported as well.
    """
    wanted = expected.said.gpus
    if wanted is None:
        return
    cards = optional(machine.pci, BY_NVML)
    if cards is not None and len(cards) < wanted and failure(machine.gpus, FEW_ON_BUS):
        yield unmet(expected, "gpus", wanted, f"{len(cards)} on the PCI bus")
        return
    found = len(known(machine.gpus))
    if found != wanted:
        on_bus = "" if cards is None else f" ({len(cards)} on the PCI bus)"
        yield unmet(expected, "gpus", wanted, f"{found}{on_bus}")


@gpu_expectation("EXP002", "expected-model", "A GPU is not of the expected model")
def model(machine: Machine, place: ExpectedGpu) -> RuleResults:
    """``model = "H100"`` or ``model = ["H100", "H200"]``: the GPU's name has none of these in it."""
    wanted = place.expected.said.model
    if wanted is None:
        return
    name = known(place.gpu.name)
    if not any(part.lower() in name.lower() for part in _all(wanted)):
        yield unmet(place.expected, "model", wanted, name)


@gpu_expectation("EXP003", "expected-memory", "A GPU has less memory than expected")
def memory(machine: Machine, place: ExpectedGpu) -> RuleResults:
    """``memory_gib = 79``: the GPU shows less memory, or has none of its own."""
    wanted = place.expected.said.memory_gib
    if wanted is None:
        return
    total = there(place.gpu.memory_total)
    if total is None or total < wanted * GIB:
        found = "no memory of its own" if total is None else f"{total / GIB:.1f} GiB"
        yield unmet(place.expected, "memory_gib", wanted, found)


@gpu_expectation("EXP004", "expected-setting", "A GPU is not set as expected")
def settings(machine: Machine, place: ExpectedGpu) -> RuleResults:
    """``ecc``, ``mig``, ``persistence`` (true or false), ``compute_mode``: the GPU is set otherwise, or does not
    support it.
    """
    said, gpu = place.expected.said, place.gpu
    for name in ("ecc", "mig", "persistence"):
        wanted = getattr(said, name)
        found = None if wanted is None else there(getattr(gpu, name))
        if wanted is not None and found is not wanted and (wanted or found is not None):
            yield unmet(place.expected, name, wanted, "not supported" if found is None else spoken(found))
    if said.compute_mode is not None and (mode := MODES.get(known(gpu.compute_mode), "")) != said.compute_mode:
        yield unmet(place.expected, "compute_mode", said.compute_mode, mode or str(gpu.compute_mode))


@gpu_expectation("EXP005", "expected-power-limit", "The power limit of a GPU is not the expected one")
def power_limit(machine: Machine, place: ExpectedGpu) -> RuleResults:
    """``power_limit_watts = 700``: the enforced limit is another one, or the GPU has none."""
    wanted = place.expected.said.power_limit_watts
    if wanted is None:
        return
    found = there(place.gpu.power_limit)
    if found is None or abs(found - wanted) > WATT:
        yield unmet(place.expected, "power_limit_watts", wanted, "none" if found is None else f"{found:g} W")


@gpu_expectation("EXP006", "expected-vbios", "The VBIOS of a GPU is not the expected one")
def vbios(machine: Machine, place: ExpectedGpu) -> RuleResults:
    """``vbios = "96.00.89.00.01"``, or several: the GPU has another version."""
    wanted = place.expected.said.vbios
    if wanted is not None and (found := known(place.gpu.vbios)) not in _all(wanted):
        yield unmet(place.expected, "vbios", wanted, found)


def _all(wanted: str | tuple[str, ...]) -> tuple[str, ...]:
    return (wanted,) if isinstance(wanted, str) else wanted
