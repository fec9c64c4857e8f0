"""Rows about what published wheels really contain."""

from typing import Literal

from gpusetup.facts.model.fact import Fact


class Artefact(Fact):
    """One wheel, read by ``tools/refresh_artefacts``; a published file never changes, so no row expires."""

    package: str
    release: str
    python: str = ""
    """The minor version it is for, ``3.13``; "" for any."""
    machine: Literal["x86_64", "aarch64"] = "x86_64"
    file: str
    requires_python: str = ""
    requires: tuple[str, ...] = ()
    """Its requirements on Linux that a GPU stack is made of, with the extra that brings NVIDIA's libraries."""
    needed: tuple[str, ...] = ()
    """NVIDIA's libraries that it is linked with (DT_NEEDED of the files in `files`)."""
    search: tuple[str, ...] = ()
    """Where its libraries look for NVIDIA's wheels (RPATH and RUNPATH), relative to site-packages."""
    cc: tuple[str, ...] = ()
    """Capabilities whose machine code each fat binary has that was read."""
    partly: tuple[str, ...] = ()
    """Capabilities whose machine code only some of them have."""
    ptx: tuple[str, ...] = ()
    """Capabilities whose PTX any of them has."""
    binaries: int = 0
    """How many fat binaries were read; 0: none, so `cc` and `ptx` say nothing."""
    said: tuple[str, ...] = ()
    """What the package itself says it was compiled for, ``sm_90``, ``compute_90``."""
    files: tuple[str, ...] = ()
    """The files in it that were read, besides METADATA."""
    unread: tuple[str, ...] = ()
    """Files that were too large to be read."""

    @property
    def capabilities(self) -> tuple[tuple[str, ...], str]:
        """Return the capabilities of its machine code and the one of its PTX ("" for none): as it says, or was read.

        ``compute_90`` in TensorFlow's words is machine code and PTX.
        """
        if not self.said:
            return self.cc, max(self.ptx, key=_number, default="")
        named = [(text.startswith("compute_"), _dotted(text)) for text in self.said]
        ptx = [cc for virtual, cc in named if virtual]
        return tuple(dict.fromkeys(cc for _, cc in named)), max(ptx, key=_number, default="")


def _dotted(text: str) -> str:
    digits = text.partition("_")[2].rstrip("af")
    return f"{digits[:-1]}.{digits[-1]}"


def _number(capability: str) -> tuple[int, ...]:
    return tuple(map(int, capability.rstrip("af").split(".")))
