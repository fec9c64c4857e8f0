"""What the log of one build of a kernel module says: for which kernel, whether it has ended, and with which errors."""

from __future__ import annotations

import re

import msgspec

from gpusetup.machine.host import Host
from gpusetup.machine.model import Reading, Unread

LIMIT = 4 << 20
"""Bytes of a log that are read; that of a whole build of NVIDIA's modules has some 200 thousand."""
# lines and characters that are kept: the first error names the cause, the others mostly follow from it
MOST, LONG = 20, 300
_KERNEL = r"make\.log for \S+ for kernel (\S+)"
_TELLS = (
    "error:", "error ", "fatal", "not found", "no such file", "no space left", "killed", "gpl-only", "built by:",
    "you are using:", "cannot ", "could not", "unable to", "missing",
    "disk quota", "incompatible", "unrecognized", "sign-file", "exit code:",
)  # fmt: skip
"""What the lines hold, in small letters, by which a failed build is understood."""
# NVIDIA's conftest compiles small programs that are meant to fail; the others are names and options
_NO_ERROR = ("conftest", "-werror", "error.o", "errors.o", "0 errors")


class BuildLog(msgspec.Struct, frozen=True):
    """One log; without one `there` is false."""

    there: bool = False
    kernel: str = ""
    ended: bool = False
    """DKMS from 3.1 on ends its log with the exit code; an older one with make's own error. A log without either is of
    a build that is still going on, or was killed."""
    errors: Reading[tuple[str, ...]] = ()


def read_build_log(host: Host, path: str) -> BuildLog:
    """Return what the log at `path` says; one that is there and cannot be read has ended, with the reason as errors."""
    text = host.read_text(path, LIMIT)
    if isinstance(text, Unread):
        return BuildLog() if text.unread == "absent" else BuildLog(there=True, ended=True, errors=text)
    named = re.search(_KERNEL, text[:LONG])
    lines = text.splitlines()
    return BuildLog(
        there=True,
        kernel=named[1] if named else "",
        # DKMS writes its exit code after make's last lines, which can be some dozen
        ended=any(_is_end(line) for line in lines[-40:]),
        errors=tuple(line.strip()[:LONG] for line in lines if _tells(line.lower()))[:MOST],
    )


def _is_end(line: str) -> bool:
    # dkms from 3.1, make, dkms before 3.1, akmods
    return line.startswith(("# exit code:", "make: ***", "Error! ")) or "akmods: Building rpms failed" in line


def _tells(line: str) -> bool:
    return any(text in line for text in _TELLS) and not any(text in line for text in _NO_ERROR)
