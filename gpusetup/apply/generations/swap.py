"""Two names change places in one step of the file system, so that nobody ever finds neither."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

HERE = -100  # AT_FDCWD
EXCHANGE = 2  # RENAME_EXCHANGE, renameat2(2); Linux 3.15, glibc 2.28
CANNOT = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)
"""What a file system without it answers; NFS and some overlays."""


def exchange(one: Path, other: Path) -> bool:
    """Exchange two names; return False where the file system cannot. Raises `OSError` for anything else."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    if call(HERE, os.fsencode(one), HERE, os.fsencode(other), EXCHANGE) == 0:
        sync(one.parent, other.parent)
        return True
    code = ctypes.get_errno()
    if code in CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(one))


def sync(*folders: Path) -> None:
    """Put what was renamed in these folders on disk."""
    for folder in dict.fromkeys(folders):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
