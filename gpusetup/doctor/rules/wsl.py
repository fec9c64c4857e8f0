"""WSL: Windows Subsystem for Linux: its device, its libraries, its driver model."""

from __future__ import annotations

from gpusetup.doctor.gpu import nvml
from gpusetup.doctor.rule import RuleResults, error, fix, rule, there, warning
from gpusetup.doctor.software.containers import passing
from gpusetup.doctor.software.linker import linker_finds
from gpusetup.machine.model import Machine

GUIDE = "https://docs.nvidia.com/cuda/wsl-user-guide/"
OWN = "/usr/lib/wsl/"


def is_wsl(machine: Machine) -> bool:
    """Say whether we run inside WSL."""
    return machine.system.virtualization == "wsl"


@rule(
    "WSL001",
    "wsl-dxg-missing",
    "WSL has no GPU device /dev/dxg",
    worst="error",
    stage="device nodes",
    blocks="driver library",
    source=GUIDE,
    remedies=("update-wsl", "container-gpu", "cluster-gpu", "container-gpu-lxc"),
)
def no_device(machine: Machine) -> RuleResults:
    """WSL reaches the GPU through /dev/dxg. Without it, this is WSL 1, Windows is too old, or Windows has no NVIDIA
    driver. A container inside WSL has it only if it was started with the GPU.
    """
    if is_wsl(machine) and "/dev/dxg" not in {node.path for node in there(machine.device_nodes) or ()}:
        if machine.system.container:
            said = "this container was started without the GPU: it has no /dev/dxg"
            yield error(said, f"container: {machine.system.container}", fix=passing(machine))
        else:
            yield error("/dev/dxg is missing: WSL cannot reach the GPU", "no /dev/dxg", fix=fix("update-wsl"))


@rule(
    "WSL002",
    "wsl-linux-libcuda",
    "A Linux libcuda hides WSL's own",
    worst="error",
    stage="libraries",
    blocks="framework",
    after=("WSL001",),
    source=GUIDE,
    remedies=("remove-linux-driver",),
)
def own_driver(machine: Machine) -> RuleResults:
    """The linker finds a libcuda.so.1 outside /usr/lib/wsl/lib first: a Linux driver was installed inside WSL, where
    only the one of Windows works.
    """
    # WSL mounts Windows' copy at /usr/lib/wsl/lib; which one the linker takes first is all that counts
    first = next(iter(linker_finds(machine, "libcuda.so.1")), None)
    if is_wsl(machine) and first and not first.path.startswith(OWN):
        yield error(
            "a Linux libcuda inside WSL hides the one of Windows",
            f"found first: {first.path}",
            fix=fix("remove-linux-driver"),
        )


@rule(
    "WSL003",
    "wsl-libcuda-not-found",
    "WSL's libcuda is not on the linker path",
    worst="error",
    stage="libraries",
    blocks="framework",
    after=("WSL001", "WSL002"),
    source=GUIDE,
    remedies=("wsl-library-path",),
)
def not_on_path(machine: Machine) -> RuleResults:
    """The dynamic linker finds no libcuda.so.1; Windows provides it in /usr/lib/wsl/lib, which has to be on the
    linker's path.
    """
    if is_wsl(machine) and not linker_finds(machine, "libcuda.so.1"):
        yield error(
            "the dynamic linker finds no libcuda.so.1",
            "neither in /usr/lib/wsl/lib nor in the ld.so cache",
            fix=fix("wsl-library-path"),
        )


@rule(
    "WSL004",
    "wsl-builds-modules",
    "WSL builds NVIDIA kernel modules that it cannot use",
    worst="warning",
    source=GUIDE,
    remedies=("remove-linux-driver",),
)
def modules(machine: Machine) -> RuleResults:
    """A Linux kernel module of NVIDIA's is installed; WSL's kernel cannot use it, and its package may bring a wrong
    libcuda.
    """
    built = [release for release, files in machine.system.kernel.modules_on_disk.items() if files]
    if is_wsl(machine) and built:
        yield warning(
            "NVIDIA kernel modules are installed inside WSL",
            f"for kernels: {', '.join(built)}",
            fix=fix("remove-linux-driver"),
        )


@rule(
    "WSL005",
    "wsl-gpu-blocked",
    "Windows blocks the GPU for WSL (driver model TCC or MCDM, or an old driver)",
    worst="error",
    after=("WSL001", "WSL002"),
    source=f"{GUIDE}; github.com/microsoft/WSL: issues 11865, 12835, 14339",
    remedies=("windows-driver-model",),
)
def blocked(machine: Machine) -> RuleResults:
    """NVML answers 17, "GPU access blocked by the operating system". WSL reaches a GPU through Windows' display
    driver model WDDM. A data-centre card that runs in TCC or MCDM, its compute modes, is not visible to WSL though
    nvidia-smi in Windows shows it; an old Windows, WSL or driver gives the same answer.
    """
    # 17 is what the threads report; 4 is the same refusal without its reason
    said = nvml.refusal(machine, nvml.OPERATING_SYSTEM, nvml.NO_PERMISSION) if is_wsl(machine) else None
    if said:
        yield error(
            "Windows gives WSL no access to the GPU",
            f"NVML answers {said.code}: {nvml.meaning(said.code)}",
            "which driver model the card runs in is shown by nvidia-smi.exe, column Driver-Model",
            fix=fix("windows-driver-model"),
        )
