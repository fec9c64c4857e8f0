"""An image out of a saved archive or an image layout: only its configuration is read, nothing is unpacked."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.machine.host import Host
from gpusetup.machine.image.described import ARCHITECTURES, described
from gpusetup.machine.image.tar import MOST, json_files
from gpusetup.machine.model.image import Image
from gpusetup.text import neutral

NAME = "org.opencontainers.image.ref.name"

Read = Callable[[str], bytes | None]


def from_archive(path: Path, machine: str) -> Image:
    """Return the image in a tar file, as `podman save` and `docker save` write it, in either format.

    Of several in one index, that for the architecture `machine` is taken. Raises `WrongInputError`
    for an archive without a readable image.
    """
    return _image(json_files(path).get, path, machine)


def from_layout(path: Path, machine: str) -> Image:
    """Return the image in a folder that holds an OCI image layout; see `from_archive`."""
    layout = Host(path)
    return _image(lambda name: _file(layout, name), path, machine)


def _image(read: Read, path: Path, machine: str) -> Image:
    config, name = _docker(read) or _oci(read, machine) or (None, "")
    raw = read(config) if config else None
    if raw is None:
        raise WrongInputError(
            f"{path} contains no readable image", "give the output of `podman save` or `docker save`, or an OCI layout"
        )
    found = described(raw, str(path))
    return msgspec.structs.replace(found, name=neutral(name or found.name), read_from=str(path))


def _docker(read: Read) -> tuple[str, str] | None:
    """Return the path of the configuration in a docker archive, and its name."""
    for one in _list(_json(read("manifest.json"))):
        tags = _list(one.get("RepoTags"))
        return str(one.get("Config")), str(tags[0]) if tags else ""
    return None


def _oci(read: Read, machine: str) -> tuple[str, str] | None:
    """Return the path of the configuration in an OCI layout, and its name; an index may lead to another one."""
    todo, name = _list(_dict(_json(read("index.json"))).get("manifests")), ""
    for _ in range(16):
        fitting = [one for one in todo if _fits(one, machine)]
        if not fitting:
            return None
        name = name or str(_dict(fitting[0].get("annotations")).get(NAME, ""))
        said = _dict(_json(read(_blob(fitting[0]))))
        if "config" in said:
            return _blob(said["config"]), name
        todo = _list(said.get("manifests"))
    return None


def _fits(one: dict[str, Any], machine: str) -> bool:
    platform = _dict(_dict(one).get("platform")).get("architecture")
    return platform is None or ARCHITECTURES.get(platform, platform) == machine


def _blob(descriptor: object) -> str:
    digest = str(_dict(descriptor).get("digest", ""))
    return f"blobs/sha256/{digest[7:]}" if re.fullmatch("sha256:[0-9a-f]{64}", digest) else ""


def _file(layout: Host, name: str) -> bytes | None:
    """Return the file `name` of a layout; links are followed only inside it, so a link out of it is dangling."""
    raw = layout.read_bytes(f"/{name}", MOST + 1) if name else b""
    return raw if isinstance(raw, bytes) and 0 < len(raw) <= MOST else None


def _json(raw: bytes | None) -> Any:
    try:
        return msgspec.json.decode(raw) if raw else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
