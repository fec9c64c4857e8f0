"""The program ``gpusetup``, also as ``python -m gpusetup``."""

from __future__ import annotations

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]  # -m has put the current folder there, and whoever filled it would choose our modules

import gc
import os
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line, without looking for cycles of garbage: that is a sixth of a short command's time.

    While modules load nearly nothing is garbage, and at the end the system takes everything back at once.
    """
    gc.set_threshold(500_000)
    if os.geteuid() == 0:
        from gpusetup.trust.installation import warn_of_own  # what an ordinary user runs is that user's to judge

        warn_of_own()
    from gpusetup.cli import main as command_line  # what it loads is what would be looked through

    code = command_line()
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
