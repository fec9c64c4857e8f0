"""CTR…: containers, from inside and from the host."""

from __future__ import annotations

from gpusetup.doctor.gpu.subjects import has_card, has_gpu
from gpusetup.doctor.rule import RuleResults, error, failure, fix, info, known, rule, there, warning
from gpusetup.doctor.software.containers import passing
from gpusetup.machine.model import Machine

# the name that the toolkit's documentation uses, so that a later guide replaces this file and adds none
CDI = "/etc/cdi/nvidia.yaml"
TOOLKIT = "https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/"


@rule(
    "CTR001",
    "container-without-gpu",
    "The container was not given the GPU",
    worst="error",
    stage="device nodes",
    blocks="device nodes",
    after=("GPU001",),
    source=TOOLKIT,
    remedies=("container-gpu", "cluster-gpu", "container-gpu-lxc"),
)
def no_gpu_inside(machine: Machine) -> RuleResults:
    """This is a container on a host with an NVIDIA GPU, but none of its device nodes was passed in.

    A container gets a GPU only on request: ``--device nvidia.com/gpu=all`` with podman and CDI, ``--gpus
    all`` with docker. The driver stays on the host; it is never installed inside.
    """
    if not machine.system.container or not has_card(machine):
        return
    if not failure(machine.gpus, "the device nodes in here decide"):
        return
    nodes = [node.path for node in there(machine.device_nodes) or () if node.path.startswith("/dev/nvidia")]
    if not nodes:
        yield error(
            "this container was started without the GPU",
            f"container: {machine.system.container}",
            f"GPUs on the host's PCI bus: {len(known(machine.pci))}",
            "no /dev/nvidia* in this container",
            fix=passing(machine),
        )


@rule(
    "CTR002",
    "container-toolkit-missing",
    "NVIDIA Container Toolkit is not installed",
    worst="info",
    after=("GPU001", "DRV208"),
    source=TOOLKIT,
    remedies=("container-toolkit",),
)
def no_toolkit(machine: Machine) -> RuleResults:
    """A container engine is installed beside an NVIDIA GPU, but not ``nvidia-ctk``, which configures the
    engine to pass GPUs into containers.
    """
    engines = sorted({"podman", "docker", "containerd", "crio"} & set(machine.containers.engines))
    if engines and has_gpu(machine) and not machine.system.container and "nvidia-ctk" not in machine.containers.engines:
        yield info(
            "containers cannot use the GPU: nvidia-ctk is not installed",
            f"engines: {', '.join(engines)}",
            fix=fix("container-toolkit"),
        )


@rule(
    "CTR003",
    "cdi-missing",
    "No CDI specification for the GPUs",
    worst="warning",
    after=("GPU001", "CTR002", "DRV001"),
    source=TOOLKIT,
    remedies=("generate-cdi",),
)
def no_cdi(machine: Machine) -> RuleResults:
    """The toolkit is installed, but no file under /etc/cdi or /var/run/cdi names the GPUs: ``nvidia.com/gpu=all``
    cannot be resolved.
    """
    engines = machine.containers.engines
    # podman is given GPUs by CDI; Docker may have the runtime instead
    if "nvidia-ctk" in engines and "podman" in engines and has_gpu(machine) and not machine.containers.cdi_specs:
        yield warning(
            "podman cannot resolve nvidia.com/gpu=all: there is no CDI specification",
            "neither /etc/cdi nor /var/run/cdi has one for NVIDIA",
            fix=fix("generate-cdi", path=CDI),
        )


@rule(
    "CTR004",
    "driver-capabilities-missing",
    "NVIDIA_DRIVER_CAPABILITIES lacks compute",
    worst="error",
    source=TOOLKIT,
    remedies=("driver-capabilities",),
)
def capabilities(machine: Machine) -> RuleResults:
    """NVIDIA_DRIVER_CAPABILITIES decides which driver libraries are mounted: CUDA needs ``compute``, NVML needs
    ``utility``.
    """
    said = machine.system.environment.get("NVIDIA_DRIVER_CAPABILITIES", "")
    have = {part.strip() for part in said.split(",")}
    missing = [name for name in ("compute", "utility") if name not in have]
    # unset or empty, the runtime takes its default: utility and compute (nvidia-container-toolkit:
    # internal/config/image/capabilities.go)
    if machine.system.container and said and "all" not in have and missing:
        yield error(
            f"NVIDIA_DRIVER_CAPABILITIES lacks {' and '.join(missing)}",
            f"NVIDIA_DRIVER_CAPABILITIES={said}",
            fix=fix("driver-capabilities"),
        )
