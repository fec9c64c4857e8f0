"""Rows about the files that pip installs."""

from typing import Annotated, Literal

from msgspec import Meta

from gpusetup.facts.model.fact import Fact

Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]


class Wheel(Fact):
    """One Linux wheel as the package index publishes it; a published file never changes, so no row expires."""

    package: str
    release: str
    python: str = ""
    """The minor version it is for, ``3.13``; "" for any."""
    machine: Literal["x86_64", "aarch64"] = "x86_64"
    file: str
    sha256: Sha256
