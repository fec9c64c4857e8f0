"""What an image is built upon, what it is to do, and the file that says so."""

from __future__ import annotations

from msgspec import field

from gpusetup.resolve.model import Stack
from gpusetup.value import Value


class Base(Value):
    """The image to build upon. `family` names its file in ``containers/bases``."""

    name: str
    """As ``--base-image`` takes it: ``ubuntu``, ``cuda-ubi``."""
    family: str
    reference: str
    """registry/name:tag, with ``@sha256:…`` where it is pinned."""
    build_reference: str = ""
    """Another image for the stage that builds, one with compilers; "" for the same."""
    pythons: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Its Pythons, the one to prefer first, and the packages that bring each; {} leaves it to the stack."""
    source: tuple[str, ...] = ()
    """The facts it was taken from; () when the user named it."""


class ContainerJob(Value):
    """What the image is called and does where it runs."""

    image: str
    name: str
    """A DNS label: what the container, pod or unit is called."""
    command: tuple[str, ...] = ()
    """() leaves it to the format: Python in an image, and where it runs what shows the framework and its GPUs."""
    gpus: int = 1
    products: tuple[str, ...] = ()
    """Kubernetes' names of the GPUs it may run on (the label nvidia.com/gpu.product); () for any that fits."""
    wheels: tuple[str, ...] = ()
    """Every wheel inside with its SHA-256, as pip takes it; () for what the index gives on the day it is built."""
    runtime_class: str = ""
    """Kubernetes' runtime class, "" where NVIDIA's is the default or the devices come by CDI."""


class Container(Value):
    """One file that builds or runs an image, and the lowest host driver it runs on ("" when it needs none)."""

    stack: Stack
    base: Base
    job: ContainerJob
    format: str
    driver_floor: str
    labels: dict[str, str]
    text: str
