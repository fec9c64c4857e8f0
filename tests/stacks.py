"""Two stacks as the solver makes them, written out by hand: a laptop's Pascal card and a desktop's Ada card."""

from __future__ import annotations

from gpusetup.resolve.model import (
    Archive,
    Card,
    Choice,
    Environment,
    HostDriver,
    Repository,
    RepositoryKey,
    Request,
    Requirement,
    Stack,
    Toolkit,
)

PASCAL = Card(name="GeForce GTX 1050 Mobile", arch="Pascal", compute_capability="6.1", known_by="name")
ADA = Card(name="GeForce RTX 4090", arch="Ada", compute_capability="8.9", known_by="NVML")

NONFREE = Repository(
    id="rpmfusion-nonfree",
    name="RPM Fusion nonfree",
    metalink="https://mirrors.rpmfusion.org/metalink?repo=nonfree-fedora-44&arch=x86_64",
    key=RepositoryKey(
        key_id="94843C65",
        fingerprint="79BDB88F9BBF73910FD4095B6A2AF96194843C65",
        url="https://rpmfusion.org/keys?action=AttachFile&do=get&target=RPM-GPG-KEY-rpmfusion-nonfree-fedora-2020",
    ),
)
CUDA = Repository(
    id="cuda-fedora44-x86_64",
    name="CUDA for Fedora 44",
    baseurl="https://developer.download.nvidia.com/compute/cuda/repos/fedora44/x86_64",
    key=RepositoryKey(
        key_id="73CD9B30",
        fingerprint="129994480EC63D2789BC98E490DFED2F73CD9B30",
        url="https://developer.download.nvidia.com/compute/cuda/repos/fedora44/x86_64/73CD9B30.pub",
    ),
    exclude=("nvidia-driver*", "nvidia-modprobe", "nvidia-persistenced", "nvidia-settings"),
)
TORCH_INDEX = "https://download.pytorch.org/whl/"


def laptop() -> Stack:
    """Return the stack of a GTX 1050 Mobile on Fedora 44: legacy driver, toolkit in a container, two environments."""
    return Stack(
        request=Request(distro="fedora", release="44", cards=(PASCAL,), secure_boot=True),
        distro_name="Fedora",
        release="44",
        repositories=(NONFREE,),
        driver=HostDriver(
            repo="rpmfusion",
            branch="580",
            version="580.173.02",
            flavour="proprietary",
            rpm_macros=("%_without_kmod_nvidia_detect 1",),
            packages=("akmod-nvidia-580xx", "xorg-x11-drv-nvidia-580xx", "xorg-x11-drv-nvidia-580xx-cuda"),
            conflicts=("nvidia-driver*", "akmod-nvidia", "xorg-x11-drv-nvidia"),
        ),
        toolkit=Toolkit(series="12.9", via="container", image="docker.io/nvidia/cuda:12.9.1-devel-ubuntu24.04"),
        container_packages=("podman", "nvidia-container-toolkit-base"),
        environments=(
            _environment("torch", "torch==2.14.0+cu126", TORCH_INDEX + "cu126"),
            _environment("tensorflow", "tensorflow[and-cuda]==2.21.0", "", "nvidia-cudnn-cu12==9.10.2.21"),
        ),
        choices=(Choice(component="driver", value="580.173.02"), Choice(component="CUDA", value="12.6 in the wheels")),
    )


def desktop() -> Stack:
    """Return the stack of an RTX 4090 on Fedora 44: newest driver, toolkit with a compat compiler, one environment."""
    return Stack(
        request=Request(distro="fedora", release="44", cards=(ADA,)),
        distro_name="Fedora",
        release="44",
        repositories=(NONFREE, CUDA),
        driver=HostDriver(
            repo="rpmfusion",
            branch="610",
            version="610.43.03",
            flavour="open",
            packages=("akmod-nvidia", "xorg-x11-drv-nvidia", "xorg-x11-drv-nvidia-cuda"),
            conflicts=("nvidia-driver*", "xorg-x11-drv-nvidia-580xx*"),
        ),
        toolkit=Toolkit(
            series="13.2",
            via="repo",
            packages=("cuda-toolkit-13-2",),
            host_compiler="g++-15",
            host_compiler_packages=("gcc15", "gcc15-c++"),
            cudnn="9.17.0",
            cudnn_archive=Archive(
                url="https://developer.download.nvidia.com/compute/cudnn/redist/cudnn/linux-x86_64/cudnn.tar.xz",
                sha256="0" * 64,
            ),
        ),
        environments=(_environment("torch", "torch==2.14.0+cu130", TORCH_INDEX + "cu130"),),
        choices=(Choice(component="driver", value="610.43.03"),),
    )


def cardless() -> Stack:
    """Return the stack of a machine without an NVIDIA card: one CPU environment, no repositories."""
    return Stack(
        request=Request(distro="fedora", release="44"),
        distro_name="Fedora",
        release="44",
        repositories=(),
        driver=None,
        toolkit=Toolkit(series="", via="none"),
        environments=(_environment("torch", "torch==2.15.0+cpu", TORCH_INDEX + "cpu"),),
        choices=(),
    )


def _environment(framework: str, requirement: str, index: str, *more: str) -> Environment:
    return Environment(
        name=framework,
        python="3.13",
        python_packages=("python3.13",),
        frameworks=(framework,),
        requirements=(Requirement(text=requirement, index=index), *(Requirement(text=text) for text in more)),
        cuda="12.6",
        cudnn="9.10.2",
    )
