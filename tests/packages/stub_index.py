"""A package index in a folder: wheels that have nothing but metadata, laid out as PEP 503 wants it."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import msgspec


class Stub(msgspec.Struct, frozen=True):
    """One wheel, ``needs`` what it depends on; with a `source` there is a source distribution instead."""

    name: str
    version: str
    needs: tuple[str, ...] = ()
    tag: str = "py3-none-any"
    python: str = ">=3.8"
    source: bool = False
    extras: tuple[str, ...] = ()
    module: str = ""
    """A package to import that the wheel has, with its version; "" for none."""


def write_index(folder: Path, stubs: list[Stub]) -> str:
    """Write an index of `stubs` and return its address."""
    files: dict[str, list[str]] = {}
    for stub in stubs:
        name = _wheel(folder, stub) if not stub.source else _source(folder, stub)
        files.setdefault(stub.name, []).append(name)
    for project, names in files.items():
        place = folder / "simple" / project
        place.mkdir(parents=True, exist_ok=True)
        links = (f'<a href="../../files/{one}#sha256={_sha256(folder / "files" / one)}">{one}</a><br>' for one in names)
        (place / "index.html").write_text("<!DOCTYPE html><html><body>\n" + "\n".join(links) + "\n</body></html>\n")
    return (folder / "simple").as_uri()


def _wheel(folder: Path, stub: Stub) -> str:
    base = f"{stub.name.replace('-', '_')}-{stub.version}"
    path = folder / "files" / f"{base}-{stub.tag}.whl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["Metadata-Version: 2.1", f"Name: {stub.name}", f"Version: {stub.version}"]
    lines += [f"Requires-Python: {stub.python}"]
    lines += [f"Requires-Dist: {one}" for one in stub.needs] + [f"Provides-Extra: {one}" for one in stub.extras]
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{base}.dist-info/METADATA", "\n".join(lines) + "\n")
        wheel.writestr(f"{base}.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {stub.tag}\n")
        wheel.writestr(f"{base}.dist-info/RECORD", "")
        if stub.module:
            wheel.writestr(f"{stub.module}/__init__.py", f"__version__ = {stub.version!r}\n")
    return path.name


def _source(folder: Path, stub: Stub) -> str:
    path = folder / "files" / f"{stub.name.replace('-', '_')}-{stub.version}.tar.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    return path.name


def sha256_of(folder: Path, name: str, version: str) -> str:
    """Return the SHA-256 of a wheel in the index in `folder`."""
    (path,) = (folder / "files").glob(f"{name.replace('-', '_')}-{version}-*.whl")
    return _sha256(path)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
