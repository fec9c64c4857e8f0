"""What a baseline was computed with, of what is known to change numbers; nothing is imported in order to ask."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator

from gpusetup.determinism.table import table

LIBRARIES = ("torch", "tensorflow", "keras", "jax", "jaxlib", "numpy")


def surroundings() -> dict[str, str]:
    """Return releases, device, vector width, threads and switches of this process, by the keys of a saved proof."""
    found = {name: str(getattr(sys.modules[name], "__version__", "")) for name in LIBRARIES if name in sys.modules}
    found["machine"] = platform.machine()
    found |= dict(_of_torch())
    switches = [row.name for row in table().variable if os.environ.get(row.name)]
    return found | {name.lower(): os.environ[name] for name in switches}


def _of_torch() -> Iterator[tuple[str, str]]:
    torch = sys.modules.get("torch")
    if torch is None:
        return
    width = getattr(getattr(torch.backends, "cpu", None), "get_cpu_capability", None)
    if width is not None:
        yield "torch vector width", width()
    yield "torch threads", str(torch.get_num_threads())
    if torch.cuda.is_initialized():
        yield "gpu", torch.cuda.get_device_name()
        yield "cuda", str(torch.version.cuda)
