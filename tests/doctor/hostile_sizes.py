"""Saved machines of a size that nobody has: what is examined must take time in proportion to it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from gpusetup.machine.model import Machine, Unread
from tests.doctor.machines import machine


def torches(count: int) -> Machine:
    """Return a machine with so many PyTorchs, each in an environment of its own."""
    base = machine()
    torch = next(one for one in base.distributions if one.name == "torch")
    places = [f"/e{number}/lib/python3.13/site-packages" for number in range(count)]
    found = tuple(msgspec.structs.replace(torch, location=place) for place in places)
    return msgspec.structs.replace(base, distributions=found)


def xids(count: int) -> Machine:
    """Return a machine whose kernel has written so many Xids, of a hundredth as many GPUs."""
    base = machine()
    places = [f"0000:{number % max(count // 100, 1):04x}:00" for number in range(count)]
    log = tuple(f"[{n}.0] NVRM: Xid (PCI:{place}): 79, pid=1, lost" for n, place in enumerate(places))
    kernel = msgspec.structs.replace(base.system.kernel, log=log)
    return msgspec.structs.replace(base, system=msgspec.structs.replace(base.system, kernel=kernel))


def gpus(count: int) -> Machine:
    """Return a machine with so many GPUs, all of them too hot."""
    base = machine("h100_server")
    assert not isinstance(base.gpus, Unread)
    assert not isinstance(base.pci, Unread)
    addresses = [f"{number:04x}:01:00.0" for number in range(count)]
    made = tuple(
        msgspec.structs.replace(
            base.gpus[0], index=number, uuid=f"GPU-{number:032x}", pci_address=address, minor=number, peers=(),
            temperature=120,
        )
        for number, address in enumerate(addresses)
    )  # fmt: skip
    cards = tuple(msgspec.structs.replace(base.pci[0], address=address) for address in addresses)
    return msgspec.structs.replace(base, gpus=made, pci=cards)


SIZES: dict[str, tuple[Callable[[int], Machine], int]] = {
    "PyTorchs": (torches, 5_000),
    "Xids": (xids, 300_000),
    "GPUs": (gpus, 3_000),
}
