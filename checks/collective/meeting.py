"""Where ranks meet: ports of this host that were free a moment ago, written down for all of them."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack
from pathlib import Path

LOOPBACK = "127.0.0.1"


def write_ports(folder: Path, count: int) -> None:
    """Write `count` ports, all held at the same time so that they differ."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((LOOPBACK, 0))
        ports = [one.getsockname()[1] for one in sockets]
    (folder / "ports.json").write_text(json.dumps(ports), "utf-8")


def read_addresses(folder: str) -> list[str]:
    """Return ``127.0.0.1:port`` of every rank."""
    return [f"{LOOPBACK}:{port}" for port in json.loads(Path(folder, "ports.json").read_text("utf-8"))]
