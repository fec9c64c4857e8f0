"""What modprobe is told of the GPU's modules."""

from __future__ import annotations

import re

from gpusetup.machine.host import Host
from gpusetup.machine.model import Pairs, Reading, Unread

FOLDERS = ("/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d")
# a bound for a folder that is hostile; a distribution has about ten such lines
MOST = 200
NAMES = ("nvidia", "nouveau", "nova")
_COMMAND = r"\s*(blacklist|options|install|remove|alias|softdep)\s.*(nvidia|nouveau|nova)"


def read_modprobe(host: Host) -> Reading[Pairs]:
    """Return (file, line) in the order in which modprobe reads: a file hides those of its name in later folders."""
    if refused := host.forbidden(*FOLDERS):
        return refused
    files: dict[str, str] = {}
    for folder in FOLDERS:
        for path in host.glob(f"{folder}/*.conf"):
            # modprobe.d(5): a file in an earlier folder replaces the one of its name in a later
            files.setdefault(path.rpartition("/")[2], path)
    found: list[tuple[str, str]] = []
    for _, path in sorted(files.items()):
        text = host.read_text(path)
        if isinstance(text, Unread):
            return text
        if any(name in text for name in NAMES):
            found.extend((path, line.strip()) for line in text.splitlines() if re.match(_COMMAND, line))
    return tuple(found[:MOST])
