"""What modprobe is told of the GPU's modules."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpusetup.machine.host import Host
from gpusetup.machine.model import Pairs, Unread

FOLDERS = ("/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d")
MOST = 200
_COMMAND = re.compile(r"\s*(blacklist|options|install|remove|alias|softdep)\s.*(nvidia|nouveau|nova)")


def read_modprobe(host: Host) -> Pairs:
    """Return (file, line) in the order in which modprobe reads: a file hides those of its name in later folders."""
    return tuple(_lines(host))[:MOST]


def _lines(host: Host) -> Iterator[tuple[str, str]]:
    files: dict[str, str] = {}
    for folder in FOLDERS:
        for path in host.glob(f"{folder}/*.conf"):
            files.setdefault(path.rpartition("/")[2], path)
    for _, path in sorted(files.items()):
        text = host.read_text(path)
        if not isinstance(text, Unread):
            yield from ((path, line.strip()) for line in text.splitlines() if _COMMAND.match(line))
