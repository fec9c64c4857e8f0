"""How much memory a job holds, as the kernel counts it.

An address-space limit (``ulimit -v``) is no cap for CUDA, which reserves far more addresses than it ever fills. So the
engine looks at what is resident, a few times a second, and ends a job that holds too much.
"""

from __future__ import annotations

from pathlib import Path

GIB = 1 << 30


def resident(pid: int, proc: Path = Path("/proc")) -> int:
    """Return the bytes that process `pid` and all its descendants hold; one that is gone holds none.

    Anonymous and shared memory count; files do not, which the kernel can take back.
    """
    try:
        lines = (proc / str(pid) / "status").read_text("utf-8", "replace").splitlines()
        children = [child for task in (proc / str(pid) / "task").iterdir() for child in _children(task)]
    except OSError:
        return 0
    held = sum(int(line.split()[1]) for line in lines if line.startswith(("RssAnon:", "RssShmem:")))
    return held * 1024 + sum(resident(child, proc) for child in children)


def kernel_kills(proc: Path = Path("/proc")) -> int:
    """Return how many processes the kernel has ended for want of memory since it started; 0 when it does not tell."""
    try:
        counters = (proc / "vmstat").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in counters if line.startswith("oom_kill ")), 0)


def _children(task: Path) -> list[int]:
    try:
        return list(map(int, (task / "children").read_text("ascii").split()))
    except OSError:
        return []
