"""IMG…: is the host's driver enough for this image."""

from __future__ import annotations

from gpusetup.doctor.gpu.cards import driver_version
from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.image.code import how_it_runs
from gpusetup.doctor.image.hosts import driver_cuda, last_branch, placed
from gpusetup.doctor.image.needs import driver_needed, needs
from gpusetup.doctor.rule import RuleResults, error, fix, info, rule, warning
from gpusetup.doctor.software.min_driver import newer_driver
from gpusetup.machine.model import Machine
from gpusetup.machine.model.image import Image
from gpusetup.versions import cuda, driver

TOOLKIT = "https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/"
COMPATIBILITY = "https://docs.nvidia.com/deploy/cuda-compatibility/"


@rule(
    "IMG002",
    "image-needs-gpu",
    "The image needs an NVIDIA GPU or driver that is missing here",
    worst="error",
    after=("IMG001",),
    source=TOOLKIT,
    remedies=(
        "fitting-image",
        "install-driver",
    ),
)
def no_driver(machine: Machine, image: Image) -> RuleResults:
    """The driver belongs to the host; no image contains one. Without a GPU or a driver the frameworks in the image
    see no GPU.
    """
    wanted = needs(image)
    if not wanted.gpu:
        return
    if not has_gpu(machine):
        yield error("this image needs an NVIDIA GPU, and this machine has none", *_why(image), fix=fix("fitting-image"))
    elif driver_version(machine) is None:
        yield error("this image needs the NVIDIA driver on the host, which is not installed", fix=fix("install-driver"))


@rule(
    "IMG003",
    "image-driver-too-old",
    "The driver is older than the image requires",
    worst="error",
    after=("IMG002",),
    source=f"facts: cuda_major, cuda; {COMPATIBILITY}",
    remedies=(
        "fitting-image",
        "newer-driver",
        "update-wsl",
    ),
)
def old_driver(machine: Machine, image: Image) -> RuleResults:
    """The CUDA inside an image needs a driver of at least its floor: "CUDA driver version is insufficient".

    From CUDA 11 on, every minor runs on the driver of the major's first. The forward-compatibility package that
    NVIDIA's images contain allows older drivers, on data-centre GPUs only; a GeForce says "forward compatibility was
    attempted on non supported HW". Where the newest driver that still drives the card is older than the floor, no
    driver helps: that card needs an image of an older CUDA.
    """
    wanted, version = needs(image), driver_version(machine)
    floor = driver_needed(wanted) if version else None
    if floor is None or version is None or driver(version) >= driver(floor.driver):
        return
    found = placed(machine)
    evidence = [f"installed driver: {version}", f"{floor.driver} or newer: {floor.known_by}"]
    if wanted.forward_compat and found and all(one.market == "datacentre" for one in found):
        yield warning(
            f"driver {version} is too old for this image without its forward-compatibility package",
            *evidence,
            "the tables do not say which driver branches the package supports: try it, or install a newer driver",
            fix=newer_driver(machine),
        )
        return
    if wanted.forward_compat:
        others = ", ".join(one.card.name for one in found if one.market != "datacentre")
        evidence.append(f"its forward-compatibility package supports only data-centre GPUs, not: {others}")
    last = last_branch(machine)
    hopeless = last and driver(last) < driver(driver(floor.driver).branch)
    if hopeless:
        evidence.append(f"no driver branch newer than {last} supports the oldest GPU here, so none fits this image")
    else:
        evidence.append(f"for an image that runs on this driver: gpusetup container --driver {driver(version).branch}")
    yield error(
        f"driver {version} is too old for this image",
        *evidence,
        fix=fix("fitting-image") if hopeless else newer_driver(machine),
    )


@rule(
    "IMG004",
    "image-cuda-too-new-for-driver",
    "The image's CUDA is newer than the driver supports",
    worst="error",
    after=("IMG003",),
    source=COMPATIBILITY,
    remedies=("newer-driver", "update-wsl"),
)
def newer_minor(machine: Machine, image: Image) -> RuleResults:
    """Within one CUDA major an image of a newer minor runs on an older driver, with a restriction: such a driver
    cannot compile the newer PTX. Where a framework has no machine code for the card but PTX alone, it therefore fails:
    "the provided PTX was compiled with an unsupported toolchain".

    NVIDIA's images also contain cuda-compat, a newer libcuda. Where that is found before the driver's own, a GPU that
    is not a data-centre one fails with error 804, "forward compatibility was attempted on non supported HW".
    """
    wanted, newest = needs(image), driver_cuda(machine)
    for series in wanted.cuda if newest and driver_version(machine) else ():
        if cuda(series) <= cuda(newest) or cuda(series).major != cuda(newest).major:
            continue
        jit = [
            f"{one.name} has only {how} for the {card.name}"
            for (card,) in placed(machine)
            for one in wanted.frameworks
            if one.cuda == series and (how := how_it_runs(one.code, card.capability)).startswith("PTX")
        ]
        said = (f"the driver reports CUDA {newest}", f"inside is CUDA {series}")
        if jit:
            yield error(f"the driver cannot compile the PTX of CUDA {series}", *said, *jit, fix=newer_driver(machine))
        elif wanted.forward_compat and (others := _without_forward_compat(machine)):
            yield warning(
                f"CUDA {series} runs on this driver unless the image's cuda-compat is loaded: CUDA error 804",
                *said,
                f"forward compatibility (cuda-compat in the image) supports only data-centre GPUs, not: {others}",
                fix=newer_driver(machine),
            )
        else:
            yield info(f"CUDA {series} runs on this driver by minor-version compatibility", *said)


def _without_forward_compat(machine: Machine) -> str:
    return ", ".join(one.card.name for one in placed(machine) if one.market != "datacentre")


def _why(image: Image) -> list[str]:
    wanted = needs(image)
    return [f"CUDA {', '.join(wanted.cuda)} inside"] if wanted.cuda else []
