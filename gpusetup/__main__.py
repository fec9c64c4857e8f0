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
from gpusetup.stand_in import standing_in


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
    """Import msgspec with a fifth of what it brings along.

    It takes from typing_extensions (which brings inspect, ast and dis: 15 ms) what typing has since Python 3.11; uuid
    takes from platform the name of the system; and only a JSON schema needs textwrap and msgspec.inspect.
    """
    import typing

    same = {name: getattr(typing, name) for name in ("get_type_hints", "NotRequired", "Required")}
    system = {"system": lambda: os.uname().sysname}
    with standing_in({"typing_extensions": same, "platform": system, "textwrap": {}, "msgspec.inspect": {}}):
        import msgspec  # noqa: F401


def _leave(code: int) -> NoReturn:
    """End the process at once, as `multiprocessing` ends a child: to free each object alone takes 10 ms.

    What was registered to be done at the end is done. A thread that still runs is waited for, as Python does.
    """
    threading = sys.modules.get("threading")  # without it there are no others
    if threading and threading.active_count() > 1:
        sys.exit(code)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
