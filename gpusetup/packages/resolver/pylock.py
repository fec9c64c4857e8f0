"""``pylock.toml`` (PEP 751), as a resolver writes it and as others read it."""

from __future__ import annotations

from typing import Any

import msgspec

from gpusetup.distributions import normal
from gpusetup.errors import WrongInputError
from gpusetup.packages.model import File, Package, Resolution
from gpusetup.resolve.toml import to_toml


class _Wheel(msgspec.Struct):
    url: str = ""
    path: str = ""
    hashes: dict[str, str] = {}


class _Package(msgspec.Struct):
    name: str
    version: str = ""
    index: str = ""
    wheels: list[_Wheel] = []


class _Lock(msgspec.Struct):
    packages: list[_Package] = []


def read_pylock(text: str, resolver: str) -> Resolution:
    """Return the resolution in a ``pylock.toml``; raises `WrongInputError` where the text is none."""
    import tomllib  # only where there are own packages

    try:
        lock = msgspec.convert(tomllib.loads(text), _Lock)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise WrongInputError(f"{resolver} wrote no readable pylock.toml: {error}") from error
    return Resolution(packages=tuple(map(_package, lock.packages)), resolver=resolver)


def _package(one: _Package) -> Package:
    files = tuple(File(url=each.url or each.path, sha256=each.hashes.get("sha256", "")) for each in one.wheels)
    return Package(name=normal(one.name), version=one.version, index=one.index, files=files)


def write_pylock(found: Resolution, python: str) -> str:
    """Return a resolution as ``pylock.toml`` for one environment, which pip 25.1 and uv install."""
    packages: list[dict[str, Any]] = []
    for one in found.packages:
        wheels = [{"name": file.name, "url": file.url, "hashes": {"sha256": file.sha256}} for file in one.files]
        index = {"index": one.index} if one.index else {}
        packages.append({"name": one.name, "version": one.version, **index, "wheels": wheels})
    return to_toml(
        {"lock-version": "1.0", "requires-python": f"=={python}.*", "created-by": "gpusetup", "packages": packages}
    )
