"""How much memory a job holds, as the kernel counts it.

An address-space limit (``ulimit -v``) is no cap for CUDA, which reserves far more addresses than it ever fills. So the
engine looks at what is resident, a few times a second, and ends a job that holds too much.
"""

from __future__ import annotations

from pathlib import Path

from gpusetup.selftest.activity import family

GIB = 1 << 30


def resident(pid: int, proc: Path = Path("/proc")) -> int:
    """Return the bytes that process `pid` and all its descendants hold; one that is gone holds none.

    Anonymous and shared memory count; files do not, which the kernel can take back.
    """
    return sum(_held(proc / str(one) / "status") for one in family(pid, proc))


def kernel_kills(proc: Path = Path("/proc")) -> int:
    """Return how many processes the kernel has ended for want of memory since it started; 0 when it does not tell."""
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
