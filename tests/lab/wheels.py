"""Stub wheels: frameworks that import, multiply two matrices of ones and say that they did it on a GPU."""

from __future__ import annotations

import zipfile
from pathlib import Path

from gpusetup.resolve.model import Environment

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
MODULES = {"torch": TORCH, "tensorflow": TENSORFLOW}


def serve(world: Path, environments: tuple[Environment, ...]) -> None:
    """Put a stub of every requirement of `environments` into the index that it must come from."""
    own = world / "index.lab/simple"
    for requirement in (one for environment in environments for one in environment.requirements):
        name, _, version = requirement.text.partition("==")
        name, plus, _ = name.partition("[")
        variant = requirement.index.rpartition("/whl/")[2].strip("/")
        folder = world / f"download.pytorch.org/whl/{variant}" if variant else own
        module = name.partition("-")[0]  # tensorflow-cpu is imported as tensorflow
        text = MODULES.get(module, "").format(version=version)
        wheel(folder / name, name, version, {f"{module}.py": text} if text else {}, extras=bool(plus))


def wheel(folder: Path, name: str, version: str, modules: dict[str, str], *, extras: bool) -> None:
    """Write a wheel that holds `modules`, and its page in the index; what pip sees is a real distribution."""
    folder.mkdir(parents=True, exist_ok=True)
    distribution = f"{name.replace('-', '_')}-{version}"
    info = f"{distribution}.dist-info"
    with zipfile.ZipFile(folder / f"{distribution}-py3-none-any.whl", "w") as file:
        for path, text in modules.items():
            file.writestr(path, text)
        more = "Provides-Extra: and-cuda\n" if extras else ""
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")
    links = "".join(f'<a href="{path.name}">{path.name}</a>' for path in sorted(folder.glob("*.whl")))
    (folder / "index.html").write_text(f"<!doctype html><html><body>{links}</body></html>")
