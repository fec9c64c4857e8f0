"""Stub wheels: frameworks that import, multiply two matrices of ones and say that they did it on a GPU."""

from __future__ import annotations

from pathlib import Path

from tests.lab.stubs import wheel

TORCH = """
__version__ = "{version}"

class Tensor:
    def __matmul__(self, other): return self
    def sum(self): return self
    def item(self): return 64.0**3

class cuda:
    is_available = staticmethod(lambda: True)
    get_device_name = staticmethod(lambda: "Stub GPU")

def ones(*size, device): return Tensor()
"""
TENSORFLOW = """
__version__ = "{version}"

class _Ones:
    def __matmul__(self, other): return self

class device:
    def __init__(self, name): pass
    def __enter__(self): return self
    def __exit__(self, *_): return False

class config:
    list_physical_devices = staticmethod(lambda kind: ["GPU:0"])
    class experimental:
        get_device_details = staticmethod(lambda device: {{"device_name": "Stub GPU"}})

def ones(size): return _Ones()
def reduce_sum(value): return 64.0**3
"""


def build(world: Path, torch: dict[str, str], tensorflow: str, others: dict[str, str]) -> None:
    """Write the indexes: `torch` maps an index variant ("" for the user's own index) to a version."""
    own = world / "index.lab/simple"
    for variant, version in torch.items():
        folder = world / f"download.pytorch.org/whl/{variant}/torch" if variant else own / "torch"
        wheel(folder, "torch", version, TORCH.format(version=version))
    extras = "Provides-Extra: and-cuda\n"
    wheel(own / "tensorflow", "tensorflow", tensorflow, TENSORFLOW.format(version=tensorflow), extras)
    for name, version in others.items():
        wheel(own / name, name, version, "")
    for folder in {path.parent for path in world.rglob("*.whl")}:
        links = "".join(f'<a href="{path.name}">{path.name}</a>' for path in sorted(folder.glob("*.whl")))
        (folder / "index.html").write_text(f"<!doctype html><html><body>{links}</body></html>")
