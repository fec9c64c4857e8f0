"""Which reader a file gets: by its name, and as bytes where that reader does not understand it."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from gpusetup.repro.outputs.arrays import read_npy, read_npz, read_safetensors
from gpusetup.repro.outputs.borrowing import borrow
from gpusetup.repro.outputs.containers import read_gzip, read_zip
from gpusetup.repro.outputs.documents import read_csv, read_events, read_json, read_json_lines, read_text
from gpusetup.repro.outputs.item import BYTES, Item, OtherFormatError, Tensor
from gpusetup.repro.outputs.room import Room
from gpusetup.repro.outputs.torch_zip import read_pickle, read_torch

READERS: dict[str, Callable[[bytes], list[Item]]] = {
    ".npy": read_npy,
    ".safetensors": read_safetensors,
    **dict.fromkeys((".pkl", ".pickle"), read_pickle),
    ".json": read_json,
    **dict.fromkeys((".jsonl", ".ndjson"), read_json_lines),
    ".csv": read_csv,
    ".tsv": functools.partial(read_csv, delimiter="\t"),
}
PACKED: dict[str, Callable[[bytes, Room], list[Item]]] = {
    ".npz": read_npz,
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".bin", ".tar"), read_torch),
}
HDF5 = (".h5", ".hdf5", ".hdf", ".nc")
ARCHIVES = (".keras", ".zip")
MANIFEST = "manifest.ocdbt"


def read_items(name: str, raw: bytes, pythons: Sequence[str] = (), room: Room | None = None) -> list[Item]:
    """Return the parts of the file `name`; one tensor of bytes where its format is not known or it unpacks to too much.

    HDF5 is read with a library of one of the `pythons`. `room` is what is left of the file that this one is packed in.
    """
    for attempt in (_reader(name, pythons, room or Room()), _document, read_text):
        try:
            return attempt(raw)
        except OtherFormatError:
            continue
    return [Tensor("", BYTES, (len(raw),), raw)]


def read_database(folder: Path, pythons: Sequence[str]) -> list[Item]:
    """Return the arrays of a folder that is an OCDBT database; raises `OtherFormatError` where no Python can."""
    return borrow("ocdbt", folder, pythons)


def _reader(name: str, pythons: Sequence[str], room: Room) -> Callable[[bytes], list[Item]]:
    ending = "." + name.rpartition(".")[2].lower()
    if ".tfevents." in name:
        return read_events
    if ending in HDF5:
        return functools.partial(_hdf5, pythons=pythons)
    inside = functools.partial(read_items, pythons=pythons, room=room)
    if ending in ARCHIVES:
        return functools.partial(read_zip, inside=inside, room=room)
    if ending == ".gz":
        return functools.partial(read_gzip, name, inside=inside, room=room)
    if ending in PACKED:
        return lambda raw: PACKED[ending](raw, room)
    return READERS.get(ending, _document)


def _document(raw: bytes) -> list[Item]:
    """Read JSON that is not called so, such as ``_CHECKPOINT_METADATA``."""
    if raw[:1] not in (b"{", b"["):
        raise OtherFormatError
    return read_json(raw)


def _hdf5(raw: bytes, pythons: Sequence[str]) -> list[Item]:
    if not pythons:
        raise OtherFormatError
    with tempfile.NamedTemporaryFile(prefix="gpusetup-read-", suffix=".h5") as file:
        file.write(raw)
        file.flush()
        return borrow("hdf5", Path(file.name), pythons)
