"""Which reader a file gets: by its name, and as bytes where that reader does not understand it."""

from __future__ import annotations

import functools
from collections.abc import Callable

from gpusetup.repro.outputs.arrays import OtherFormatError, read_npy, read_npz, read_safetensors
from gpusetup.repro.outputs.documents import read_csv, read_events, read_json, read_json_lines, read_text
from gpusetup.repro.outputs.item import BYTES, Item, Tensor
from gpusetup.repro.outputs.torch_zip import read_torch

READERS: dict[str, Callable[[bytes], list[Item]]] = {
    ".npy": read_npy,
    ".npz": read_npz,
    ".safetensors": read_safetensors,
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".bin", ".tar"), read_torch),
    ".json": read_json,
    **dict.fromkeys((".jsonl", ".ndjson"), read_json_lines),
    ".csv": read_csv,
    ".tsv": functools.partial(read_csv, delimiter="\t"),
}


def read_items(name: str, raw: bytes) -> list[Item]:
    """Return the parts of the file `name`; one tensor of bytes where its format is not known."""
    reader = read_events if ".tfevents." in name else READERS.get("." + name.rpartition(".")[2].lower(), read_text)
    for attempt in (reader, read_text):
        try:
            return attempt(raw)
        except OtherFormatError:
            continue
    return [Tensor("", BYTES, (len(raw),), raw)]
