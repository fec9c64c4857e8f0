"""Network namespaces for hosts that are reached by ssh: an address, a host name and a link for each, on one bridge."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Sequence

BRIDGE = "gpusetupfleet"
NETWORK = "10.98.0"


def _ip(*words: str, check: bool = True) -> None:
    subprocess.run(["ip", *words], check=check, capture_output=True)


@contextlib.contextmanager
def networks(names: Sequence[str]) -> Iterator[dict[str, tuple[str, list[str]]]]:
    """Yield the address of each host, and the command by which a program enters its namespaces."""
    try:
        _ip("link", "add", BRIDGE, "type", "bridge")
        _ip("addr", "add", f"{NETWORK}.254/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
        made = {}
        for number, name in enumerate(names, start=1):
            space, link, address = f"fleet-{name}", f"gsf{number}", f"{NETWORK}.{number}"
            _ip("netns", "add", space)
            _ip("link", "add", link, "type", "veth", "peer", "name", "host0", "netns", space)
            _ip("link", "set", link, "master", BRIDGE, "up")
            for words in (("addr", "add", f"{address}/24", "dev", "host0"), ("link", "set", "host0", "up"),
                          ("link", "set", "lo", "up")):  # fmt: skip
                _ip("-n", space, *words)
            own = ["ip", "netns", "exec", space, "unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', name]
            made[name] = (address, own)
        yield made
    finally:
        for name in names:
            _ip("netns", "del", f"fleet-{name}", check=False)
        _ip("link", "del", BRIDGE, check=False)
