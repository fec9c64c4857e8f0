"""Stub wheels: frameworks that import, multiply two matrices of ones and say that they did it on a GPU."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import msgspec

from gpusetup.resolve.model import Environment, Requirement

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


def serve(world: Path, environment: Environment) -> Environment:
    """Put a stub of every requirement into the index that it must come from; return them with their stubs' SHA-256."""
    served = tuple(_served(world, requirement) for requirement in environment.requirements)
    pip = _served(world, environment.pip) if environment.pip else None
    return msgspec.structs.replace(environment, requirements=served, pip=pip)


def _served(world: Path, requirement: Requirement) -> Requirement:
    name, _, version = requirement.text.partition("==")
    name, plus, _ = name.partition("[")
    version = version or "1.0"
    variant = requirement.index.rpartition("/whl/")[2].strip("/")
    folder = world / f"download.pytorch.org/whl/{variant}" if variant else world / "index.lab/simple"
    module = name.partition("-")[0]  # tensorflow-cpu is imported as tensorflow
    text = MODULES.get(module, "").format(version=version)
    path = wheel(folder / name, name, version, {f"{module}.py": text} if text else {}, extras=bool(plus))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest() if requirement.sha256 else None
    return msgspec.structs.replace(requirement, sha256=sha256)


def wheel(folder: Path, name: str, version: str, modules: dict[str, str], *, extras: bool) -> Path:
    """Write a wheel that holds `modules`, and its page in the index; what pip sees is a real distribution.

    A wheel that is there stays as it is, byte for byte: its SHA-256 may be in a recipe.
    """
    folder.mkdir(parents=True, exist_ok=True)
    distribution = f"{name.replace('-', '_')}-{version}"
    info = f"{distribution}.dist-info"
    path = folder / f"{distribution}-py3-none-any.whl"
    if path.exists():
        return path
    with zipfile.ZipFile(path, "w") as file:
        for module, text in modules.items():
            file.writestr(module, text)
        more = "Provides-Extra: and-cuda\n" if extras else ""
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: lab\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")
    links = "".join(f'<a href="{one.name}">{one.name}</a>' for one in sorted(folder.glob("*.whl")))
    (folder / "index.html").write_text(f"<!doctype html><html><body>{links}</body></html>")
    return path
