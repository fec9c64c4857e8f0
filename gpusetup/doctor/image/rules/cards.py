"""IMG…: are this processor and these cards the ones that the image was made for."""

from __future__ import annotations

from gpusetup.doctor.gpu.cards import HostCard, driver_version
from gpusetup.doctor.image.code import how_it_runs
from gpusetup.doctor.image.conditions import holds
from gpusetup.doctor.image.hosts import condition_hosts, placed
from gpusetup.doctor.image.needs import ImageFramework, needs
from gpusetup.doctor.rule import RuleResults, error, fix, rule, unknown, warning
from gpusetup.doctor.software.built_for import has_target
from gpusetup.machine.model import Machine
from gpusetup.machine.model.image import Image

TOOLKIT = "https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/"


@rule(
    "IMG001",
    "image-wrong-architecture",
    "The image is for another CPU architecture",
    worst="error",
    source="OCI image specification, image config",
    remedies=("other-arch-image",),
)
def other_processor(machine: Machine, image: Image) -> RuleResults:
    """An image is built for one architecture; on another it ends with "exec format error", or runs emulated."""
    if image.architecture and image.architecture != machine.system.arch:
        yield error(
            f"this image is for {image.architecture}, the machine is {machine.system.arch}",
            f"read from {image.read_from}",
            fix=fix("other-arch-image", arch=machine.system.arch, image=image.name),
        )


@rule(
    "IMG005",
    "image-no-kernel-image",
    "The image has no kernel image for this GPU's compute capability",
    worst="error",
    after=("IMG002",),
    source="facts: torch_build, tensorflow, arch; CUDA C++ programming guide, binary and PTX compatibility",
    required=False,
    remedies=("fitting-image",),
)
def no_kernels(machine: Machine, image: Image) -> RuleResults:
    """A framework in an image is compiled for a list of compute capabilities; on any other GPU every operation ends
    with "no kernel image is available for execution on the device".

    What it was compiled for is in the label ``io.gpusetup.code.<framework>``. Where that is not recorded, the range of
    its CUDA can still exclude a GPU.
    """
    wanted = needs(image)
    for (card,) in placed(machine) if wanted.gpu else ():
        for framework in wanted.frameworks:
            yield from _kernels(framework, card)
        if wanted.cuda and not wanted.frameworks and not any(has_target(one, card.capability) for one in wanted.cuda):
            yield error(
                f"CUDA {', '.join(wanted.cuda)} has no target for the {card.name}", _is(card), fix=fix("fitting-image")
            )


def _kernels(framework: ImageFramework, card: HostCard) -> RuleResults:
    name, how = framework.name, how_it_runs(framework.code, card.capability)
    if framework.code and not how:
        compiled = f"compiled for {framework.code}"
        yield error(f"its {name} has no kernels for the {card.name}", _is(card), compiled, fix=fix("fitting-image"))
    elif how.startswith("PTX"):
        yield warning(f"its {name} compiles its kernels for the {card.name} at first use", _is(card), how)
    elif not framework.code and not has_target(framework.cuda, card.capability):
        why = f"CUDA {framework.cuda} has no target for it"
        yield error(f"its {name} has no kernels for the {card.name}", _is(card), why, fix=fix("fitting-image"))
    elif not framework.code:
        why = "the image does not record what it was compiled for"
        yield unknown(f"cannot check whether its {name} has kernels for the {card.name}", _is(card), why)


def _is(card: HostCard) -> str:
    return f"compute capability {card.capability} ({card.known_by})"


@rule(
    "IMG006",
    "image-requirements-unmet",
    "NVIDIA_REQUIRE_* conditions of the image are not met",
    worst="error",
    after=("IMG002", "IMG003"),
    source=f"{TOOLKIT}docker-specialized.html",
    required=False,
    remedies=("fitting-image",),
)
def conditions(machine: Machine, image: Image) -> RuleResults:
    """The variables NVIDIA_REQUIRE_* state what an image was tested with. NVIDIA's runtime refuses to start it
    elsewhere: "unsatisfied condition". With CDI they are not checked, and the program may fail later.
    NVIDIA_DISABLE_REQUIRE=1 waives them.
    """
    wanted = needs(image)
    for one, host in condition_hosts(machine) if wanted.conditions and driver_version(machine) else ():
        for name, expression in wanted.conditions.items():
            said = holds(expression, host)
            evidence = (
                f"{name}={expression}",
                f"driver {host.driver}, CUDA {host.cuda}, {one.card.name} ({host.arch})",
            )
            if said is False:
                yield error(f"NVIDIA_REQUIRE_* conditions of this image are not met ({one.card.subject})", *evidence,
                            fix=fix("fitting-image"))  # fmt: skip
            elif said is None:
                yield unknown(
                    f"cannot check the NVIDIA_REQUIRE_* conditions of this image ({one.card.subject})", *evidence
                )
