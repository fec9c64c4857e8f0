"""WHL…: do the installed frameworks fit this driver and these cards."""

from __future__ import annotations

from collections.abc import Generator

from gpusetup.doctor.gpu.cards import cards, driver_version
from gpusetup.doctor.gpu.subjects import has_gpu
from gpusetup.doctor.rule import RuleResult, RuleResults, error, fix, rule, warning
from gpusetup.doctor.software.built_for import compiled, has_target
from gpusetup.doctor.software.frameworks import (
    beside,
    by_folder,
    each_tensorflow,
    each_torch,
    is_cpu_torch,
    torch_build,
    torch_cuda,
)
from gpusetup.doctor.software.min_driver import known_floor, newer_driver
from gpusetup.machine.model import Distribution, Machine
from gpusetup.versions import cuda, driver, runs_on

PYTORCH = "https://pytorch.org/get-started/locally/"


@rule(
    "WHL001",
    "torch-cpu-only",
    "CPU-only PyTorch is installed",
    worst="error",
    blocks="framework",
    after=("GPU001",),
    over=each_torch,
    source=PYTORCH,
    remedies=("cuda-torch",),
)
def cpu_torch(machine: Machine, torch: Distribution) -> RuleResults:
    """There is an NVIDIA GPU, but this PyTorch is a CPU-only build: ``torch.cuda.is_available()`` is always False.

    It was installed from PyTorch's CPU index, or from an index that has no other build for this machine.
    """
    if has_gpu(machine) and is_cpu_torch(machine, torch):
        yield error(
            "this PyTorch is a CPU-only build and cannot use the GPU",
            f"torch {torch.version} in {torch.location}",
            fix=fix("cuda-torch"),
        )


@rule(
    "WHL002",
    "tensorflow-cpu-only",
    "CPU-only TensorFlow is installed",
    worst="error",
    blocks="framework",
    after=("GPU001",),
    over=each_tensorflow,
    source="https://www.tensorflow.org/install/pip",
    remedies=("cuda-tensorflow",),
)
def cpu_tensorflow(machine: Machine, tensorflow: Distribution) -> RuleResults:
    """There is an NVIDIA GPU, but TensorFlow cannot use it: it is the CPU build, or NVIDIA's libraries are not
    installed.

    TensorFlow then reports "Cannot dlopen some GPU libraries" and lists no GPU. ``tensorflow[and-cuda]`` brings them.
    """
    if not has_gpu(machine):
        return
    wheels = [name for name in beside(machine, tensorflow) if name.startswith("nvidia-cudnn")]
    system = [one.path for one in machine.libraries if one.soname.startswith("libcudnn.so") and one.origin != "wheel"]
    if tensorflow.name == "tensorflow-cpu" or not (wheels or system):
        yield error(
            "this TensorFlow cannot use the GPU",
            f"{tensorflow.name} {tensorflow.version} in {tensorflow.location}",
            f"cuDNN wheels in this environment: {', '.join(wheels) or 'none'}",
            fix=fix("cuda-tensorflow"),
        )


@rule(
    "WHL003",
    "torch-no-kernel-image",
    "PyTorch has no kernel image for this GPU's compute capability",
    worst="error",
    after=("GPU001", "WHL001"),
    over=each_torch,
    source="the wheel's own library; facts: torch_build; CUDA C++ programming guide, binary and PTX compatibility",
    remedies=("fitting-torch",),
)
def no_kernels(machine: Machine, torch: Distribution) -> RuleResults:
    """A wheel is compiled for a list of compute capabilities. Code for X.y runs on X.z with z at least y, never on
    another major number; PTX, where the wheel carries it, is compiled by the driver for newer cards.

    When neither fits, every operation ends with "no kernel image is available for execution on the device".
    """
    if not has_gpu(machine) or torch.cuda == "cpu" or torch_cuda(machine, torch) == "cpu":
        return
    beyond = yield from _beyond_its_cuda(machine, torch)
    # no card is left for the rest to judge
    if beyond and len(beyond) == len(list(cards(machine))):
        return
    built = compiled(torch, lambda: torch_build(machine, torch), f"torch {torch.version}")
    for card in (card for card in cards(machine) if card.subject not in beyond):
        how = runs_on(built.code, built.ptx, card.capability)
        if not how:
            yield error(
                f"torch {torch.version} has no kernels for the {card.name} ({card.subject})",
                f"compute capability {card.capability} ({card.known_by})",
                built.known_by,
                fix=fix("fitting-torch"),
            )
        elif how.startswith("PTX"):
            yield warning(
                f"torch {torch.version} compiles its kernels for the {card.name} at first use ({card.subject})",
                f"compute capability {card.capability} ({card.known_by}) is served by {how}",
                built.known_by,
                fix=fix("fitting-torch"),
            )


def _beyond_its_cuda(machine: Machine, torch: Distribution) -> Generator[RuleResult, None, set[str]]:
    """Yield an error for each GPU that the CUDA of an unlisted build cannot compile for, and return which those are.

    A release may be newer than the tables; which GPUs a CUDA series has dropped is known all the same.
    """
    # the build's own list goes before what its CUDA could compile
    if torch.architectures or any(row.cc for row in torch_build(machine, torch)):
        return set()
    series = cuda(torch_cuda(machine, torch)).series
    lost = [card for card in cards(machine) if not has_target(series, card.capability)]
    for card in lost:
        yield error(
            f"torch {torch.version} has no kernels for the {card.name} ({card.subject})",
            f"compute capability {card.capability} ({card.known_by})",
            f"it is built with CUDA {series}, which has no target for it",
            fix=fix("fitting-torch"),
        )
    return {card.subject for card in lost}


def too_old(machine: Machine, framework: Distribution, series: str) -> RuleResults:
    """Yield an error where the driver is older than the lowest for programs of the CUDA `series`."""
    version = driver_version(machine) if has_gpu(machine) else None
    floor = known_floor(series) if version else None
    if floor and version and driver(version) < driver(floor.driver):
        yield error(
            f"driver {version} is too old for {framework.name} {framework.version}",
            f"installed driver: {version}",
            f"built with CUDA {series}: {floor.known_by}",
            fix=newer_driver(machine),
        )


@rule(
    "WHL004",
    "torch-driver-too-old",
    "The driver is too old for PyTorch's CUDA",
    worst="error",
    blocks="framework",
    after=("GPU001", "DRV003"),
    over=each_torch,
    source="facts: cuda_major, cuda (CUDA release notes, minor-version compatibility)",
    remedies=("newer-driver", "update-wsl"),
)
def old_driver(machine: Machine, torch: Distribution) -> RuleResults:
    """The CUDA runtime in the wheel needs a newer driver than the installed one: "CUDA driver version is
    insufficient".

    Within one CUDA major every minor runs on the driver of the first; the next major needs a newer driver.
    """
    series = torch_cuda(machine, torch) if has_gpu(machine) else "cpu"
    if series != "cpu":
        yield from too_old(machine, torch, cuda(series).series)


@rule(
    "WHL005",
    "cudnn-cu12-cu13",
    "cuDNN wheels for CUDA 12 and CUDA 13 in one environment",
    worst="error",
    source="the wheels' own file lists: both unpack nvidia/cudnn/lib",
    remedies=("separate-environments",),
)
def two_cudnns(machine: Machine) -> RuleResults:
    """nvidia-cudnn-cu12 and nvidia-cudnn-cu13 unpack their libraries to the same files, so the one installed last
    overwrote the other.

    One of the frameworks now runs on a cuDNN built for another CUDA. It happens when torch (CUDA 13) and
    tensorflow[and-cuda] (CUDA 12) are installed together: give each its own environment, or install torch's CUDA 12
    build.
    """
    for location, names in by_folder(machine).items():
        found = [
            f"{name} {version}"
            for name, version in names.items()
            if name in {"nvidia-cudnn-cu11", "nvidia-cudnn-cu12", "nvidia-cudnn-cu13"}
        ]
        if len(found) > 1:
            yield error(
                "two cuDNN wheels share one environment and have overwritten each other's files",
                *found,
                f"both in {location}",
                fix=fix("separate-environments"),
            )
