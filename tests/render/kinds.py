"""Machines of very different kinds, each with the stack the solver gives it; made once."""

from __future__ import annotations

import functools

from gpusetup.facts import facts
from gpusetup.resolve import resolve
from gpusetup.resolve.model import Card, Request, Stack


def card(name: str, arch: str, capability: str, count: int = 1) -> Card:
    return Card(name=name, arch=arch, compute_capability=capability, known_by="test", count=count)


PASCAL = card("GeForce GTX 1050 Mobile", "Pascal", "6.1")
TURING = card("GeForce RTX 2060 Mobile", "Turing", "7.5")
ADA = card("GeForce RTX 4090", "Ada Lovelace", "8.9")
HOPPER = card("H100 SXM5 80GB", "Hopper", "9.0")
BOARD = card("B200", "Blackwell (data centre)", "10.0", count=8)
BLACKWELL = card("GeForce RTX 5090", "Blackwell", "12.0")

KINDS = {
    "laptop": Request(release="44", cards=(PASCAL,), hybrid=True, secure_boot=True),
    "desktop": Request(release="44", cards=(ADA,), hybrid=False),
    "server": Request(release="44", cards=(HOPPER,), hybrid=False, containers=True, secure_boot=False),
    "board": Request(release="43", repo="nvidia", cards=(BOARD,), hybrid=False, parts=("dcgm",), secure_boot=False),
    "newest": Request(release="45", cards=(BLACKWELL,), hybrid=False),
    "installer": Request(release="44", repo="runfile", cards=(TURING,), hybrid=None, containers=True),
    "wheels": Request(release="44", repo="wheels", cards=(ADA,)),
    "classic": Request(release="29", repo="runfile", cards=(PASCAL,), hybrid=True, allow_eol=True),
    "uv": Request(release="43", cards=(ADA,), python_env="uv"),
    "ostree": Request(release="44", variant="ostree", cards=(ADA,), hybrid=None, containers=True),
    "bootc": Request(release="44", variant="bootc", cards=(PASCAL,), containers=True),
}


@functools.cache
def stack(kind: str) -> Stack:
    return resolve(KINDS[kind], facts())
