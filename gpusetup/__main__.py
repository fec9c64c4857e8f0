"""The program ``gpusetup``, also as ``python -m gpusetup``."""

from __future__ import annotations

import gc
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line, without looking for cycles of garbage: that is a sixth of a short command's time.

    While modules load nearly nothing is garbage, and at the end the system takes everything back at once.
    """
    gc.set_threshold(500_000)
    from gpusetup.cli import main as command_line  # noqa: PLC0415 - what it loads is what would be looked through

    code = command_line()
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    main()
