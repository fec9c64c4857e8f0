"""IMG…: can a container get the GPU, and does the image state what it needs."""

from __future__ import annotations

from gpusetup.doctor.image.needs import needs, speaks
from gpusetup.doctor.rule import RuleResults, error, fix, info, rule, unknown
from gpusetup.doctor.rules.ctr.toolkit import CDI, TOOLKIT
from gpusetup.machine.model import Machine
from gpusetup.machine.model.image import Image


@rule(
    "IMG007",
    "image-no-gpu-runtime",
    "No container engine here can pass the GPU to a container",
    worst="error",
    after=("IMG002",),
    source=TOOLKIT,
    remedies=(
        "container-toolkit",
        "generate-cdi",
    ),
)
def not_handed(machine: Machine, image: Image) -> RuleResults:
    """A container gets a GPU through NVIDIA's container toolkit: podman by a CDI specification that it wrote, docker by
    its runtime or CDI. Apptainer needs neither (``--nv``).
    """
    engines = machine.containers.engines
    with_cdi = sorted({"podman", "docker", "containerd", "crio"} & set(engines))
    if not needs(image).gpu or machine.system.container or not with_cdi:
        return
    if "nvidia-ctk" not in engines and not machine.containers.cdi_specs:
        yield error("the NVIDIA container toolkit is not installed", f"engines: {', '.join(with_cdi)}",
                    fix=fix("container-toolkit"))  # fmt: skip
    elif "podman" in with_cdi and not machine.containers.cdi_specs:
        yield error(
            "podman cannot resolve nvidia.com/gpu=all: there is no CDI specification",
            "neither /etc/cdi nor /var/run/cdi has one for NVIDIA",
            fix=fix("generate-cdi", path=CDI),
        )


@rule(
    "IMG008",
    "image-capabilities-missing",
    "The image's NVIDIA_DRIVER_CAPABILITIES lack compute",
    worst="error",
    source=TOOLKIT,
    remedies=("driver-capabilities",),
)
def capabilities(machine: Machine, image: Image) -> RuleResults:
    """NVIDIA_DRIVER_CAPABILITIES in an image decides which driver libraries are mounted: CUDA needs ``compute``, and
    nvidia-smi ``utility``. With CDI all of them are.
    """
    said = needs(image).capabilities
    have = {one.strip() for one in said.split(",")}
    if said and not have & {"all", "compute"}:
        yield error(
            "the image does not request the driver's CUDA libraries (compute)",
            f"NVIDIA_DRIVER_CAPABILITIES={said}",
            fix=fix("driver-capabilities"),
        )
    elif said and not have & {"all", "utility"}:
        yield info("the image does not request nvidia-smi (utility)", f"NVIDIA_DRIVER_CAPABILITIES={said}")


@rule(
    "IMG009",
    "image-needs-unknown",
    "The image does not state what it needs",
    worst="unknown",
    source="labels and variables of the image",
    required=True,
)
def silent(machine: Machine, image: Image) -> RuleResults:
    """This image has neither gpusetup's labels nor NVIDIA's variables, so that its requirements are unknown.

    ``gpusetup container`` writes the labels; an image that builds upon one of NVIDIA's has CUDA_VERSION.
    """
    if not speaks(image):
        yield unknown("the image does not state which CUDA or driver it needs", f"read from {image.read_from}")
