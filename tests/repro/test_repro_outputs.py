"""Reading what programs write: by value, without running anything, whatever is in the file."""

from __future__ import annotations

import argparse
import copyreg
import io
import json
import os
import pickle
import struct
import zipfile
from collections import Counter, deque
from pathlib import Path

import numpy as np
import pytest

from gpusetup.repro.compare import Left, compare
from gpusetup.repro.outputs.formats import READERS, read_items
from gpusetup.repro.outputs.item import Leaf, Tensor, first_difference
from gpusetup.repro.outputs.times import MASK, is_time, masked
from tests.support import drawn


def npy(array: np.ndarray, **how: bool) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **how)
    return file.getvalue()


def safetensors(**arrays: np.ndarray) -> bytes:
    header, data = {}, b""
    for name, array in arrays.items():
        kind = {"float32": "F32", "int64": "I64"}[str(array.dtype)]
        begin = len(data)
        data += array.tobytes()
        header[name] = {"dtype": kind, "shape": array.shape, "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"])
def test_an_element_is_found_as_numpy_finds_it(dtype: str) -> None:
    rng = np.random.default_rng(1)
    one = rng.integers(0, 2, size=(3, 4, 5)).astype(dtype)
    for place in ((0, 0, 0), (2, 3, 4), (1, 0, 3)):
        other = one.copy()
        other[place] = 1 - other[place]
        (left,), (right,) = read_items("a.npy", npy(one)), read_items("a.npy", npy(other))
        found = first_difference(left, right)
        assert found is not None
        assert found.element == place
        assert float(found.first) == float(one[place])
        assert float(found.second) == float(other[place])
    assert first_difference(left, left) is None


def test_neighbours_are_one_ulp_apart_across_zero_too() -> None:
    for dtype in (np.float64, np.float32, np.float16):
        for value in (1.0, -1.0, 0.1, -3e-5):
            one, other = np.array([value], dtype), np.nextafter(np.array([value], dtype), dtype(9))
            (left,), (right,) = read_items("a.npy", npy(one)), read_items("a.npy", npy(other))
            assert first_difference(left, right).ulps == 1  # type: ignore[union-attr]
    tiny = np.array([5e-324])
    (left,), (right,) = read_items("a.npy", npy(tiny)), read_items("a.npy", npy(-tiny))
    assert first_difference(left, right).ulps == 2  # type: ignore[union-attr]


def test_what_is_no_number_has_no_distance() -> None:
    (left,), (right,) = read_items("a.npy", npy(np.array([1.0]))), read_items("a.npy", npy(np.array([np.nan])))
    assert first_difference(left, right).ulps is None  # type: ignore[union-attr]
    assert first_difference(right, right) is None, "the same bits are the same, not a number or not"


def test_bfloat16_is_the_upper_half_of_a_float32() -> None:
    one, other = Tensor("w", "bfloat16", (2,), b"\x80\x3f\x80\x3f"), Tensor("w", "bfloat16", (2,), b"\x80\x3f\x81\x3f")
    found = first_difference(one, other)
    assert found is not None
    assert (found.element, found.first, found.ulps) == ((1,), "1", 1)


def test_each_array_has_its_name() -> None:
    file = io.BytesIO()
    np.savez(file, first=np.zeros(2), second=np.ones((2, 2), np.int64))
    assert [(one.name, one.dtype, one.shape) for one in read_items("m.npz", file.getvalue())] == [  # type: ignore[union-attr]
        ("first", "float64", (2,)),
        ("second", "int64", (2, 2)),
    ]
    raw = safetensors(b=np.ones(3, np.float32), a=np.arange(4))
    assert [(one.name, one.dtype) for one in read_items("m.safetensors", raw)] == [("a", "int64"), ("b", "float32")]  # type: ignore[union-attr]


def test_an_array_of_objects_is_compared_as_bytes() -> None:
    (found,) = read_items("a.npy", npy(np.array([{}, []], object), allow_pickle=True))
    assert isinstance(found, Tensor)
    assert found.dtype == "byte"


@pytest.mark.parametrize("text", [
    "2026-11-30 12:00:01,123 INFO", "[00:04<00:00, 12.5it/s]", "took 3.2 s", "3ms/step", "12.5 img/s", "1h 3 min",
    "<object at 0x7f3a2b1c>",
])  # fmt: skip
def test_times_are_left_out_of_texts(text: str) -> None:
    assert MASK in masked(text)


@pytest.mark.parametrize(
    "text", ["loss 0.25", "lr 1e-3", "step 12/100", "v2.13.0", "10.0.0.1", "3 samples", "acc 98.5%"]
)
def test_results_are_not_taken_for_times(text: str) -> None:
    assert masked(text) == text


def test_keys_that_are_called_as_times_are() -> None:
    assert all(map(is_time, ("time", "train_time", "wallTime", "timestamp", "elapsed", "epoch_seconds")))
    assert not any(map(is_time, ("loss", "timesteps_total", "sentiment", "lifetime", "validate")))


def test_values_are_named_by_their_path() -> None:
    raw = json.dumps({"train": {"loss": [0.5, 0.25], "time": 3.1}, "name": "run"}).encode()
    assert read_items("m.json", raw) == [
        Leaf("train.loss[0]", "0.5"), Leaf("train.loss[1]", "0.25"), Leaf("train.time", MASK), Leaf("name", "run"),
    ]  # fmt: skip
    assert read_items("m.csv", b"step,loss\n0,0.5,more\n")[-1] == Leaf("row 2, 3", "more")
    assert read_items("m.jsonl", b'{"a": 1}\n{"a": 2}\n')[-1] == Leaf("line 2.a", "2")


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path}/ran",)

    found = read_items("m.pt", packed(**{"m/data.pkl": pickle.dumps({"weights": Evil(), "epoch": 3})}))
    assert not (tmp_path / "ran").exists()
    assert Leaf("epoch", "3") in found


def test_a_pickle_is_compared_by_value(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path}/ran",)

    key = "".join(["st", "ep"])
    one, other = pickle.dumps([{"step": 1}, {"step": 2}]), pickle.dumps([{"step": 1}, {key: 2}])
    assert one != other, "one of them has the key twice"
    assert read_items("s.pkl", one) == read_items("s.pkl", other) == [Leaf("[0].step", "1"), Leaf("[1].step", "2")]
    array = read_items("s.pkl", pickle.dumps({"w": np.arange(3.0)}))
    assert array != read_items("s.pkl", pickle.dumps({"w": np.arange(3.0) * 2}))
    read_items("s.pkl", pickle.dumps(Evil()))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("protocol", range(6))
def test_an_object_is_compared_by_its_values(protocol: int) -> None:
    """As the options of a run are, which checkpoints keep; PyTorch writes protocol 2."""
    value = {
        "args": argparse.Namespace(lr=0.1, names={"b", "a"}), "last": deque([1]), "count": Counter("aa"),
        "kind": deque, "loss": np.float32(0.5), "train_time": 3.5, "w": np.arange(4, dtype="i4").reshape(2, 2).T,
    }  # fmt: skip
    found = read_items("a.pt", packed(**{"m/data.pkl": pickle.dumps(value, protocol)}))
    assert found == read_items("a.pkl", pickle.dumps(value, protocol))
    texts = {one.name: one.text for one in found if isinstance(one, Leaf)}
    assert texts.items() >= {
        "args.lr": "0.1", "args.names[0]": "'a'", "args.names[1]": "'b'", "last[0]": "1", "count.a": "2",
        "kind": "collections.deque", "train_time": MASK,
    }.items()  # fmt: skip
    tensors = {one.name: (one.dtype, bytes(one.raw)) for one in found if isinstance(one, Tensor)}
    assert tensors == {
        "loss": ("float32", np.float32(0.5).tobytes()), "w": ("int32", np.arange(4, dtype="i4").tobytes()),
    }  # fmt: skip
    assert not any(" at 0x" in text for text in texts.values()), "no address of ours"


def test_no_pickle_reaches_what_this_process_has_registered() -> None:
    copyreg.add_extension("os", "system", 240)
    try:
        (found,) = read_items("a.pkl", b"\x80\x02\x82\xf0.")
        assert isinstance(found, Tensor)
    finally:
        copyreg.remove_extension("os", "system", 240)


def mutated(raw: bytes, places: list[int], values: list[int]) -> bytes:
    changed = bytearray(raw)
    for place, value in zip(places, values, strict=True):
        changed[place % len(changed)] = value
    return bytes(changed)


def packed(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in files.items():
            archive.writestr(name, raw)
    return file.getvalue()


SAMPLES = {
    ".npz": packed(**{"w.npy": npy(np.arange(6.0))}),
    ".npy": npy(np.arange(6.0)),
    ".safetensors": safetensors(w=np.ones(3, np.float32)),
    ".json": b'{"a": [1, 2.5, null], "time": "x"}',
    ".csv": b'a,b\n1,"x\ny"\n',
    ".pt": packed(**{"m/data.pkl": pickle.dumps({"epoch": 3, "names": ["a", "b"]})}),
    ".pkl": pickle.dumps({"epoch": 3, "w": np.arange(3.0)}),
    ".pickle": pickle.dumps({"args": argparse.Namespace(lr=0.1), "s": {"a"}, "last": deque([1, (2, 3)])}, 2),
    ".tfevents.1": struct.pack("<Q", 9) + bytes(4) + b"\x09" + bytes(8) + bytes(4),
    ".txt": b"line\nother\n",
}


def test_no_file_ends_a_comparison() -> None:
    import random

    chance = random.Random(7)
    cases = [
        (name, mutated(raw, [chance.randrange(len(raw)) for _ in range(3)], [chance.randrange(256) for _ in range(3)]))
        for name, raw in SAMPLES.items()
        for _ in range(400)
    ]
    for name, raw in drawn("files that were damaged", cases, 700):
        items = read_items(f"x{name}", raw)
        assert all(first_difference(item, item) is None for item in items)
    for suffix in READERS:
        assert read_items(f"x{suffix}", b"") is not None
        assert read_items(f"x{suffix}", bytes(range(256)))


def left(folder: Path, **files: str) -> Left:
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "stdout").write_text("")
    return Left({name: folder / name for name in files}, folder / "stdout")


def test_the_first_file_that_differs_is_named(tmp_path: Path) -> None:
    found = compare(
        left(tmp_path / "1", a="same\n", b="x\n1\n", c="2"), left(tmp_path / "2", a="same\n", b="x\n2\n", c="3")
    )
    assert found.difference is not None
    assert (found.difference.output, found.difference.item, found.difference.first) == ("b", "line 2", "1")


def test_a_file_that_only_one_run_writes_is_a_difference(tmp_path: Path) -> None:
    found = compare(left(tmp_path / "1", a="1"), left(tmp_path / "2", a="1", extra="2"))
    assert found.difference is not None
    assert (found.difference.output, found.difference.first) == ("extra", "not written")


def test_files_with_other_numbers_in_their_names_are_twins(tmp_path: Path) -> None:
    found = compare(left(tmp_path / "1", run_17="loss 1"), left(tmp_path / "2", run_23="loss 2"))
    assert found.difference is not None
    assert (found.difference.output, found.difference.item) == ("run_17", "line 1")
    assert found.renamed == 1
