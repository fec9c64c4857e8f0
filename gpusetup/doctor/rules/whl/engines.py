"""WHL402: inference engines on cards that their own kernels do not know."""

from __future__ import annotations

from collections.abc import Iterator

from gpusetup.doctor.gpu.cards import cards
from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import RuleResults, error, fix, rule
from gpusetup.machine.model import Distribution, Machine
from gpusetup.versions import capability

LEAST = {"vllm": "7.0", "sglang": "7.5"}
"""The lowest compute capability by the engines' own installation guides (docs.vllm.ai: installation, GPU, "compute
capability 7.0 or higher"; docs.sglang.ai: installation, "sm75 and above"; read 2026-11-30)."""


def each_engine(machine: Machine) -> Iterator[tuple[str, Distribution]]:
    """Every installed inference engine whose lowest compute capability is known."""
    for one in machine.distributions:
        if one.name in LEAST:
            yield f"{one.name} {one.version}", one


@rule(
    "WHL402",
    "engine-unsupported-gpu",
    "The wheel of an inference engine (vLLM, SGLang) has no kernel image for this GPU",
    worst="error",
    after=("GPU001",),
    over=each_engine,
    required=False,
    source="docs.vllm.ai and docs.sglang.ai: installation; github.com/vllm-project/vllm: issue 19542",
    remedies=("other-engine",),
)
def unsupported(machine: Machine, one: Distribution) -> RuleResults:
    """The engine's own CUDA kernels are compiled for newer GPUs than this one: "no kernel image is available for
    execution on the device", although the PyTorch beside it has code for the card.
    """
    for card in cards(machine) if has_gpu(machine) else ():
        if capability(card.capability) < capability(LEAST[one.name]):
            named = {"vllm": "vLLM", "sglang": "SGLang"}[one.name]
            yield error(
                f"{named} {one.version} has no kernels for the {card.name} ({card.subject})",
                f"compute capability {card.capability} ({card.known_by}); {named} needs {LEAST[one.name]}",
                fix=fix("other-engine", engine=named, least=LEAST[one.name]),
            )
