"""Extracts from an image's archive the few files that record what is installed in it. Nothing is run.

Layers are applied in order as the engines do (whiteouts; image-spec, layer.md). Only regular files with the names in
question are written, to a private folder and with a path that cannot leave it; links are skipped.
"""

from __future__ import annotations

import gzip
import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import msgspec

from gpusetup.errors import WrongInputError
from gpusetup.machine.image.tar import BROKEN, MOST, Bounded, Stream
from gpusetup.text import neutral

WANTED = (
    r"(usr/lib|etc)/os-release|var/lib/dpkg/status|var/lib/dpkg/status\.d/[^/]+"
    r"|(usr/lib/sysimage|var/lib)/rpm/(rpmdb\.sqlite|Packages|Packages\.db)"
    r"|opt/gpusetup/[^/]+/wheels\.txt|(.+/)?(site|dist)-packages/[^/]+\.(dist|egg)-info/(METADATA|PKG-INFO)"
)
"""What is kept of an image."""
ALL = 4 << 30
"""Maximum bytes read of one archive, without the contents of skipped files."""
ONE = {"sqlite": 512 << 20, "status": 64 << 20}
"""Maximum bytes of a file, by the end of its name; `OTHERS` for all others."""
OTHERS = 1 << 20
FILES, MEMBERS, LAYERS = 20_000, 2_000_000, 512
"""Files that are kept of a layer, and files and layers that an image has; one with every framework has 100,000."""
DEEP = 32


def unpack(archive: Path, folder: Path) -> None:
    """Write what says what is installed into `folder`, out of a docker archive (`podman save`, `docker save`).

    Raises `WrongInputError` when it is no such archive, is broken, or is larger than any image.
    """
    try:
        with archive.open("rb") as file, tarfile.open(fileobj=Bounded(file, ALL), mode="r:") as outer:
            members = dict(_members(outer))
            for name in _layers(outer, members):
                with _layer(outer, members, name) as layer:
                    _apply(layer, folder)
    except (*BROKEN, msgspec.DecodeError) as error:
        raise WrongInputError(f"cannot read the image's layers: {neutral(str(error))[:160]}") from error


def _members(archive: tarfile.TarFile) -> Iterator[tuple[str, tarfile.TarInfo]]:
    for number, member in enumerate(archive):
        if number > LAYERS * 4:
            raise tarfile.ReadError("it has more layers than any image")
        yield member.name.removeprefix("./"), member


def _layers(archive: tarfile.TarFile, members: dict[str, tarfile.TarInfo]) -> list[str]:
    """Return the names of the layers, the lowest first."""
    member = members.get("manifest.json")
    file = archive.extractfile(member) if member is not None and member.size <= MOST else None
    manifest: Any = msgspec.json.decode(file.read()) if file is not None else None
    first = manifest[0] if isinstance(manifest, list) and manifest else None
    if not (isinstance(first, dict) and isinstance(first.get("Layers"), list)):
        raise tarfile.ReadError("it has no list of layers")
    return [str(name) for name in first["Layers"][:LAYERS]]


@contextmanager
def _layer(outer: tarfile.TarFile, members: dict[str, tarfile.TarInfo], name: str) -> Iterator[tarfile.TarFile]:
    """Open one layer, packed with gzip or not; a layer that two names share is a link in the archive."""
    member = members.get(name)
    file = outer.extractfile(member) if member is not None and (member.isfile() or member.islnk()) else None
    if file is None:
        raise tarfile.ReadError(f"its layer {name!r} is not there")
    head = file.read(2)
    file.seek(0)
    packed = head == b"\x1f\x8b"
    stream = cast("Stream", gzip.GzipFile(fileobj=file) if packed else file)
    with tarfile.open(fileobj=Bounded(stream, ALL), mode="r:") as layer:
        yield layer


def _apply(layer: tarfile.TarFile, folder: Path) -> None:
    """Lay `layer` over what is in `folder`."""
    kept = 0
    for number, member in enumerate(layer):
        if number > MEMBERS:
            raise tarfile.ReadError("it has more files than any image")
        layer.members = []  # type: ignore[attr-defined] # tarfile would keep them all
        path = _path(member.name)
        if path is None:
            continue
        parent, _, base = path.rpartition("/")
        # whiteouts: a layer removes what lies below it by such names (OCI image specification, layer.md)
        if base == ".wh..wh..opq":
            _remove(folder / parent)
        elif base.startswith(".wh."):
            hidden = _path(f"{parent}/{base[4:]}")
            _remove(folder / (hidden or path))
        elif re.fullmatch(WANTED, path) and member.isfile():
            kept += 1
            if kept > FILES:
                raise tarfile.ReadError("it has more packages than any image")
            _place(layer, member, folder, path)
        elif not member.isdir():
            _remove(folder / path)  # a link or file in the place of what a lower layer had


def _path(name: str) -> str | None:
    """Return the path of a member below the root, None for one that is none or leads out."""
    parts = [part for part in name.split("/") if part not in {"", "."}]
    wrong = ".." in parts or not parts or len(parts) > DEEP or any(len(part) > 255 or "\0" in part for part in parts)
    return None if wrong else "/".join(parts)


def _place(layer: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, path: str) -> None:
    """Write a regular file, unless it is larger than any of its kind."""
    target = folder / path
    file = layer.extractfile(member)
    most = next((size for end, size in ONE.items() if path.endswith(end)), OTHERS)
    _remove(target)
    if file is None or member.size > most:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as out:
        shutil.copyfileobj(file, out, 1 << 20)


def _remove(path: Path) -> None:
    """Remove a file or a folder of ours; there are no links among them."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
