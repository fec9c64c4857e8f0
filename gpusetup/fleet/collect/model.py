"""What is asked of hosts, and what came back."""

from __future__ import annotations

from typing import NamedTuple

from gpusetup.files import MOST
from gpusetup.value import Value

SELFTEST = ("", "quick", "full")
"""Profiles of the self-test that a host may be asked for; "" is none."""


class Target(NamedTuple):
    """One host: the name it has in the fleet, and where ssh finds it."""

    name: str
    address: str
    user: str = ""
    port: int = 0
    """0 is what ssh's own configuration says."""


class Wanted(Value):
    """How every host is asked."""

    program: str = "gpusetup"
    """The command on the host, or its path there."""
    sudo: bool = False
    """Run it by ``sudo -n``: as root it can read the kernel's log."""
    selftest: str = ""
    redact: bool = False
    deadline: float = 60.0
    """Seconds that one host may take in all."""
    at_once: int = 32
    """Hosts that are asked at the same time."""
    most: int = MOST
    """Bytes that one host may send in all."""
    known_hosts: str = ""
    """The file of keys; "" is the user's own. A host whose key is not in it is refused."""
    identity: str = ""


class Collected(NamedTuple):
    """What one host gave: JSON by the field of the envelope that it goes into, and why something is missing."""

    name: str
    parts: dict[str, bytes]
    error: str = ""
