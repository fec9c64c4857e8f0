"""Programs on the path, without running one."""

from __future__ import annotations

import os

from gpusetup.machine.host import Host, clean

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin"


def find_program(host: Host, name: str) -> str:
    """Return where `name` is: on our PATH, then in the usual places, or "".

    An ordinary user's PATH lacks sbin, and sudo's /snap/bin.
    """
    own = clean(os.environ.get("PATH", "")).split(":") if host.live else []
    folders = dict.fromkeys(folder for folder in [*own, *DEFAULT_PATH.split(":")] if folder.startswith("/"))
    paths = (f"{folder.rstrip('/')}/{name}" for folder in folders)
    return next((path for path in paths if host.may(path, os.X_OK) and not host.is_dir(path)), "")
