"""EXP01…: PCIe and NVLink."""

from __future__ import annotations

from gpusetup.doctor.expect.making import ExpectedGpu, gpu_expectation, unmet
from gpusetup.doctor.gpu.nvlink import UNHEALTHY, mask_problems
from gpusetup.doctor.rule import RuleResults, known, there
from gpusetup.machine.model import Gpu, Machine

REGISTERED = (3, 0)
WORKS = 0.5
"""Share of the power limit above which a GPU is at work, as in PCI002."""


@gpu_expectation("EXP011", "expected-pcie-link", "The PCIe link of a GPU is not as expected")
def pcie(machine: Machine, place: ExpectedGpu) -> RuleResults:
    """``[pcie]`` with ``width = 16`` and ``generation = 5``: the link has fewer lanes, or cannot reach the generation.

    An idle GPU lowers its generation, so what the link can do is compared; under load also what it does.
    """
    said, gpu = place.expected.said.pcie, place.gpu
    if said.width is not None and (width := known(gpu.pcie_width))[0] < said.width:
        yield unmet(place.expected, "pcie.width", said.width, f"{width[0]} of {width[1]} lanes")
    if said.generation is None:
        return
    now, most = known(gpu.pcie_gen)
    if most < said.generation:
        yield unmet(place.expected, "pcie.generation", said.generation, f"at most {most}")
    elif now < said.generation and _works(gpu):
        yield unmet(place.expected, "pcie.generation", said.generation, f"{now} under load")


def _works(gpu: Gpu) -> bool:
    power, limit = there(gpu.power), there(gpu.power_limit)
    return bool(power and limit and power > WORKS * limit)


@gpu_expectation("EXP012", "expected-nvlink", "The NVLinks of a GPU are not as expected")
def nvlink(machine: Machine, place: ExpectedGpu) -> RuleResults:
    """``[nvlink]`` with ``active = 18``, ``speed_mbytes = 26562``, ``registered = true``, ``healthy = true``, ``peers =
    true``: links are down or slow, the GPU is not registered with its fabric, the fabric's health is bad, or a GPU
    cannot read another one's memory.
    """
    said, gpu = place.expected.said.nvlink, place.gpu
    if said.active is not None and (found := sum(there(gpu.nvlinks) or ())) != said.active:
        yield unmet(place.expected, "nvlink.active", said.active, str(found))
    if said.speed_mbytes is not None:
        slowest = min(there(gpu.nvlink_speeds) or (0,))
        if slowest < said.speed_mbytes:
            yield unmet(place.expected, "nvlink.speed_mbytes", said.speed_mbytes, f"{slowest} MB/s")
    if said.registered is not None and ((state := there(gpu.fabric)) == REGISTERED) is not said.registered:
        words = "off: it has no fabric" if state is None else f"off: state {state[0]}, status {state[1]}"
        yield unmet(place.expected, "nvlink.registered", said.registered, words)
    if said.healthy:
        mask, summary = there(gpu.fabric_mask), there(gpu.fabric_summary)
        if mask is None and summary is None:
            yield unmet(place.expected, "nvlink.healthy", True, "not reported")
        elif (problems := mask_problems(mask or 0)) or summary == UNHEALTHY:
            words = ", ".join(field for field, _, _ in problems) or "bad"
            yield unmet(place.expected, "nvlink.healthy", True, words)
    if said.peers:
        blocked = [peer.index for peer in there(gpu.peers) or () if known(peer.p2p_read)]
        if blocked:
            words = f"missing to GPU {', '.join(map(str, blocked))}"
            yield unmet(place.expected, "nvlink.peers", True, words)
