"""What Debian's recipes are tried on: each release, owner and generation that has a stack."""

from __future__ import annotations

from datetime import date
from functools import cache

from gpusetup.facts import facts
from gpusetup.resolve import attempt
from gpusetup.resolve.model import Card, Request, Stack

TODAY = date(2026, 12, 1)
CARDS = {
    "kepler": Card(name="Tesla K80", arch="Kepler (GK110/GK210)", compute_capability="3.7", known_by="name"),
    "pascal": Card(name="GeForce GTX 1080", arch="Pascal", compute_capability="6.1", known_by="name"),
    "ada": Card(name="GeForce RTX 4090", arch="Ada Lovelace", compute_capability="8.9", known_by="name"),
    "hopper": Card(name="H100 PCIe", arch="Hopper", compute_capability="9.0", known_by="name"),
    "blackwell": Card(name="GeForce RTX 5090", arch="Blackwell", compute_capability="12.0", known_by="name"),
}
HAVE_STACKS = (
    "13 debian pascal", "13 debian ada", "13 debian hopper", "13 nvidia pascal", "13 nvidia ada", "13 nvidia hopper",
    "13 nvidia blackwell", "13 runfile pascal", "13 runfile ada", "12 debian kepler", "12 debian pascal",
    "12 debian ada", "12 debian hopper", "12 nvidia pascal", "12 nvidia ada", "12 nvidia blackwell",
    "12 runfile kepler", "12 runfile ada",
)  # fmt: skip
"""Release, owner of the driver, generation."""


@cache
def stack(name: str, python_env: str = "venv") -> Stack:
    """Return the stack of one of `HAVE_STACKS`."""
    release, owner, card = name.split()
    request = Request(distro="debian", release=release, repo=owner, cards=(CARDS[card],), frameworks=("torch",),
                      secure_boot=None, containers=True, python_env=python_env)  # type: ignore[arg-type]  # fmt: skip
    found = attempt(request, facts(), TODAY)
    assert isinstance(found, Stack), found.because
    return found
