"""The program ``gpusetup``, also as ``python -m gpusetup``."""

from __future__ import annotations

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]  # -m has put the current folder there, and whoever filled it would choose our modules

import atexit
import gc
import os
from typing import NoReturn

from gpusetup import finder


def main() -> NoReturn:
    """Run the command line, without looking for cycles of garbage: that is a sixth of a short command's time.

    While modules load nearly nothing is garbage, and at the end the system takes everything back at once.
    """
    gc.set_threshold(500_000)
    finder.install()
    if os.geteuid() == 0:
        from gpusetup.trust.installation import warn_of_own  # what an ordinary user runs is that user's to judge

        warn_of_own()
    _import_msgspec()
    from gpusetup.cli import main as command_line  # what it loads is what would be looked through

    _leave(command_line())


def _import_msgspec() -> None:
    """Import msgspec without typing_extensions, which it takes where that is installed.

    The typing of every Python that we support has what it takes from there, and typing_extensions would bring
    inspect, ast and dis along: 15 ms.
    """
    if "typing_extensions" not in sys.modules:
        sys.modules["typing_extensions"] = None  # type: ignore[assignment]  # so that importing it fails
        import msgspec  # noqa: F401

        del sys.modules["typing_extensions"]


def _leave(code: int) -> NoReturn:
    """End the process at once, as `multiprocessing` ends a child: to free each object alone takes 10 ms.

    What was registered to be done at the end is done. A thread that still runs is waited for, as Python does.
    """
    import threading

    if threading.active_count() > 1:
        sys.exit(code)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
