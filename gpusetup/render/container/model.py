"""The base of an image, its job, and the rendered file."""

from __future__ import annotations

from msgspec import field

from gpusetup.resolve.model import Stack
from gpusetup.value import Value


class Base(Value):
    """The base image. `family` names its file in ``containers/bases``."""

    name: str
    """The name for ``--base-image``: ``ubuntu``, ``cuda-ubi``."""
    family: str
    reference: str
    """registry/name:tag, with ``@sha256:…`` where it is pinned."""
    build_reference: str = ""
    """Another image, with compilers, for the build stage; "" for the same."""
    pythons: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Its Pythons, preferred one first, and the packages that install each; {} for those of the stack."""
    source: tuple[str, ...] = ()
    """The facts it is from; () when the user named it."""


class ContainerJob(Value):
    """The names and the run-time settings of an image."""

    image: str
    name: str
    """The name of the container, pod or unit: a DNS label."""
    command: tuple[str, ...] = ()
    """() for the format's default: Python in an image, else a command that lists the framework and its GPUs."""
    gpus: int = 1
    products: tuple[str, ...] = ()
    """Kubernetes' names of the GPUs it may run on (the label nvidia.com/gpu.product); () for any that fits."""
    wheels: tuple[str, ...] = ()
    """Every wheel in the image with its SHA-256, in pip's form; () to resolve them at build time."""
    copied: str = ""
    """A folder of the user's code, relative to the file that is written; "" for none."""
    own_venv: bool = False
    """Whether the image's user gets an environment to install into, over the one that only root can change."""
    runtime_class: str = ""
    """Kubernetes' runtime class, "" where NVIDIA's is the default or the devices come by CDI."""


class Container(Value):
    """One file that builds or runs an image, and its minimum host driver ("" when it needs none)."""

    stack: Stack
    base: Base
    job: ContainerJob
    format: str
    driver_floor: str
    labels: dict[str, str]
    text: str
