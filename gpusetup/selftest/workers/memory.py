"""Resident memory of a job, as the kernel counts it.

An address-space limit (``ulimit -v``) does not work with CUDA, which reserves far more address space than it uses. So
the engine reads the resident size several times a second, and ends a job that exceeds its limit.
"""

from __future__ import annotations

from pathlib import Path

from gpusetup.selftest.workers.activity import family

GIB = 1 << 30


def resident(pid: int, proc: Path = Path("/proc")) -> int:
    """Return the resident bytes of process `pid` and all its descendants; 0 for processes that are gone.

    Anonymous and shared memory count. File-backed pages do not: the kernel can reclaim them.
    """
    return sum(_held(proc / str(one) / "status") for one in family(pid, proc))


def kernel_kills(proc: Path = Path("/proc")) -> int:
    """Return how many processes the OOM killer has ended since boot; 0 when the kernel does not report it."""
    try:
        counters = (proc / "vmstat").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in counters if line.startswith("oom_kill ")), 0)


def _held(file: Path) -> int:
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError:  # it is gone
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon:", "RssShmem:")))
