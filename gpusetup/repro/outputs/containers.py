"""Files that hold files: archives of zip, such as ``.keras``, and what gzip has packed; what is inside is compared."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable

from gpusetup.repro.outputs.item import Item, Leaf, OtherFormatError, Tensor
from gpusetup.repro.outputs.names import short
from gpusetup.repro.outputs.room import Room, archive, unpacked

Inside = Callable[[str, bytes], list[Item]]


def read_zip(raw: bytes, inside: Inside, room: Room) -> list[Item]:
    """Return the parts of each member, which the times and the order of the archive are no part of."""
    with archive(raw) as file, room.inside():
        members = sorted((one for one in file.infolist() if not one.is_dir()), key=lambda one: one.filename)
        return [
            _within(one.filename, item) for one in members for item in inside(one.filename, unpacked(file, one, room))
        ]


def read_gzip(name: str, raw: bytes, inside: Inside, room: Room) -> list[Item]:
    """Return the parts of what is packed; the header holds a time."""
    try:
        with gzip.open(io.BytesIO(raw)) as file:
            whole = file.read(room.left + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise OtherFormatError from error
    room.take(len(whole))
    with room.inside():
        return inside(name.removesuffix(".gz"), whole)


def _within(member: str, item: Item) -> Item:
    name = short(f"{member}: {item.name}" if item.name else member)
    if isinstance(item, Leaf):
        return Leaf(name, item.text)
    return Tensor(name, item.dtype, item.shape, item.raw)
