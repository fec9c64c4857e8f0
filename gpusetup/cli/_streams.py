"""The standard streams: any may be closed, full, or have lost who reads it."""

from __future__ import annotations

import errno
import os
import sys

from gpusetup.nowhere import open_nowhere

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def fill_gaps() -> None:
    """Open nothing in the place of each stream that we were started without (``>&-``).

    Whatever is opened next would get its number, and be written to by everything that knows the number alone.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(open_nowhere(), mode))


def is_output(error: OSError) -> bool:
    """Say whether `error` comes of writing to a stream: one of a file would name it."""
    return error.filename is None and error.errno in FULL


def let_go() -> None:
    """Write nothing more to stdout, not even what is left at the end."""
    os.dup2(open_nowhere(), sys.stdout.fileno())
