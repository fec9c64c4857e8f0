"""Rows about container images and tools."""

from typing import Annotated, Literal

from msgspec import Meta, field

from gpusetup.facts.model.fact import Fact

Digest = Annotated[str, Meta(pattern="^(sha256:[0-9a-f]{64})?$")]


class ImageRow(Fact):
    """One family of container images."""

    registry: str
    mirrors: tuple[str, ...] = ()


class ImageTag(Fact):
    """Tags of nvidia/cuda that were seen for one CUDA release."""

    image: str
    cuda: str
    tags: tuple[str, ...]
    digests: dict[str, Digest] = field(default_factory=dict)
    """Tag → digest, as two or more of the public files that name it pin it."""

    def tag(self, flavor: str, on: str) -> str:
        """Return the tag of a flavour (``devel``) on a distribution (``ubuntu24.04``), "" when it was not seen."""
        wanted = f"{self.cuda}-{flavor}-{on}"
        return wanted if wanted in self.tags else ""


class ContainerBase(Fact):
    """One image that containers are built upon; the first row of a `base` is the one to take."""

    base: str
    """What the user calls it: ``fedora``, ``ubuntu``, ``cuda-ubi``."""
    family: str
    """The file in ``containers/bases`` that says how packages are installed."""
    release: str
    image: str = ""
    """The image by its full name, or "" for one of nvidia/cuda, which depends on the CUDA release."""
    digest: Digest = ""
    on: str = ""
    """Of nvidia/cuda: the end of the tags, ``ubi9``."""
    pythons: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Python → the packages that bring it, the one to prefer first; {} where the stack knows them."""


class CdiSupport(Fact):
    """From which version on an engine reads a version of the CDI specification."""

    cdi: str
    engine: str
    engine_from: str


class Selinux(Fact):
    """One SELinux boolean, option or symptom that decides whether a container reaches the GPU."""

    kind: Literal["boolean", "option", "symptom"]
    name: str
    effect: str
    default: bool | None = None
    set: str = ""
