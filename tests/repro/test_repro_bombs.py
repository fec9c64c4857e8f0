"""Files that are small and would take all memory or time: they are compared, by value or by byte, within bounds."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gpusetup.repro.outputs import objects, room
from gpusetup.repro.outputs.formats import read_items
from gpusetup.repro.outputs.item import Item, Leaf, Tensor
from gpusetup.repro.outputs.names import LONGEST

LEVELS = 60


def nested(value: object, levels: int = LEVELS, kind: type = list) -> object:
    """Return a list of twice the same list of twice the same list …: 2 ** levels values."""
    for _ in range(levels):
        value = kind([value, value])
    return value


def zipped(members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive:
        for name, raw in members.items():
            archive.writestr(name, raw)
    return file.getvalue()


def by_byte(items: list[Item]) -> bool:
    return len(items) == 1 and isinstance(items[0], Tensor) and (items[0].name, items[0].dtype) == ("", "byte")


@pytest.mark.parametrize("protocol", [1, 2, 5])
@pytest.mark.parametrize("kind", [list, tuple])
def test_lists_that_hold_each_other_are_shown_once(protocol: int, kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "MOST", 1000)
    found = read_items("a.pkl", pickle.dumps({"x": nested(1.5, kind=kind)}, protocol))
    assert len(found) == LEVELS + 1
    assert {one.text for one in found if isinstance(one, Leaf) and "same as" not in one.text} == {"1.5"}
    other = read_items("a.pkl", pickle.dumps({"x": nested(2.5, kind=kind)}, protocol))
    assert found != other, "the value at the bottom is compared"


TUPLES = b"K\x01" + LEVELS * b"2\x86"
"""The operations that put a tuple of twice the same tuple of twice the same … on the stack."""
SETS = b"K\x01" + LEVELS * b"q\x000(h\x00h\x00\x91"


@pytest.mark.parametrize("nest", [TUPLES, SETS], ids=["tuples", "sets"])
@pytest.mark.parametrize("holder", [(b"}", b"K\x02s."), (b"\x8f(", b"\x90.")], ids=["key", "element"])
def test_what_nests_can_be_a_key(nest: bytes, holder: tuple[bytes, bytes]) -> None:
    """Its hash, and its text, would take 2 ** 60 steps."""
    before, after = holder
    found, other = (
        read_items("a.pkl", b"\x80\x04" + before + one + after) for one in (nest, nest.replace(b"\1", b"\3"))
    )
    assert len(found) == 1
    assert isinstance(found[0], Leaf)
    assert len(found[0].name) + len(found[0].text) < 2 * LONGEST
    assert found != other, "the number at the bottom is compared"


def test_what_holds_itself_is_named() -> None:
    loop: list[object] = [1]
    loop.append(loop)
    owner: dict[str, object] = {"name": "a"}
    owner["part"] = {"owner": owner}
    assert read_items("a.pkl", pickle.dumps(loop)) == [Leaf("[0]", "1"), Leaf("[1]", "the same as the whole")]
    assert Leaf("part.owner", "the same as the whole") in read_items("a.pkl", pickle.dumps(owner))


def test_copies_are_the_same_as_one_object_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training that was resumed has copies where it had one object."""
    one, other = pickle.dumps([pair := (0.9, 0.999), pair]), pickle.dumps([[0.9, 0.999], [0.9, 0.999]])
    assert read_items("a.pkl", one) == read_items("a.pkl", other)
    monkeypatch.setattr(objects, "MOST", 3)
    assert Leaf("[1]", "the same as [0]") in read_items("a.pkl", one)
    assert len(read_items("a.pkl", other)) == 4, "values that are many but not shared are all shown"


def test_a_long_text_that_is_met_often_is_kept_once() -> None:
    text = "x" * 100_000
    found = read_items("a.pkl", pickle.dumps([text] * 2000))
    assert len(found) == 2000
    assert len({id(one.text) for one in found if isinstance(one, Leaf)}) == 1


@pytest.mark.parametrize(
    ("name", "dump"), [("a.json", lambda value: json.dumps(value).encode()), ("a.pkl", pickle.dumps)]
)
def test_a_long_key_is_not_kept_for_each_value(name: str, dump) -> None:  # type: ignore[no-untyped-def]
    raws = [dump({"k" * 50_000 + end: list(range(2000))}) for end in ("a", "b")]
    found = [read_items(name, raw) for raw in raws]
    assert all(len(item.name) <= LONGEST + 30 for item in found[0])
    assert found[0] != found[1], "a difference at its end is seen"


def test_a_long_column_is_not_kept_for_each_row() -> None:
    found = read_items("a.csv", b"k" * 50_000 + b"\n" + b"1\n" * 500)
    assert len(found) == 501
    assert all(len(item.name) < 2 * LONGEST for item in found)


def test_json_that_nests_deeply_is_compared() -> None:
    deep = "[" * 500 + "%s" + "]" * 500
    (one,), (other,) = (read_items("a.json", (deep % value).encode()) for value in (1, 2))
    assert one != other


def test_a_damaged_memo_takes_no_memory() -> None:
    """The C unpickler makes room for as many objects as the number of one says: 64 GiB here."""
    (found,) = read_items("a.pkl", b"\x80\x02]r" + struct.pack("<I", 0xFFFFFFF0) + b".")
    assert found == Leaf("", "empty")
    raw = b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b"ab."
    assert by_byte(read_items("a.pkl", raw)), "more bytes than there are"


def test_a_zip_that_unpacks_to_too_much_is_compared_as_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST", 3000)
    npy = io.BytesIO()
    np.save(npy, np.zeros(250))
    for name, member in (("a.zip", "x.txt"), ("a.npz", "x.npy"), ("a.pt", "a/data.pkl")):
        raw = zipped({member: npy.getvalue() if name == "a.npz" else pickle.dumps("x" * 2000)})
        assert not by_byte(read_items(name, raw)), "one fits"
        raw = zipped({member: npy.getvalue() + bytes(3000), "more": b"1"})
        assert by_byte(read_items(name, raw))
    assert by_byte(read_items("a.txt.gz", gzip.compress(b"x" * 3001)))
    assert read_items("a.txt.gz", gzip.compress(b"x" * 3000)) == [Leaf("line 1", "x" * 3000)]


def test_archives_in_archives_share_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST", 3000)
    inner = zipped({"x.txt": b"x" * 2000})
    outer = zipped({f"{number}.zip": inner for number in range(4)})
    found = read_items("a.zip", outer)
    assert sum(len(one.text) for one in found if isinstance(one, Leaf)) == 2000


def test_an_archive_in_an_archive_is_opened_so_often_and_no_more() -> None:
    for name, pack in (("a{}.zip", lambda raw: zipped({"a.zip": raw})), ("a" + "{}.gz", gzip.compress)):
        raw = b"x"
        for _ in range(room.LEVELS + 40):
            raw = pack(raw)
        suffix = ".gz" * (room.LEVELS + 39) if name.endswith("gz") else ""
        (found,) = read_items(name.format(suffix), raw)
        assert isinstance(found, Tensor)
        assert found.name.count(".zip") in (0, room.LEVELS)


def test_a_member_that_says_too_little_is_not_unpacked() -> None:
    raw = bytearray(zipped({"x.txt": bytes(50_000_000)}))
    for signature, place in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = raw.index(signature) + place
        raw[at : at + 4] = struct.pack("<I", 10)
    before = peak()
    assert by_byte(read_items("a.zip", bytes(raw)))
    assert peak() - before < 20_000, "kilobytes"
    assert by_byte(read_items("a.zip", zipped({"x.txt": bytes(1000)}, zipfile.ZIP_BZIP2)))


def peak() -> int:
    (line,) = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1])


def test_a_storage_that_many_tensors_share_is_unpacked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = zipped({"m/data.pkl": TENSORS, "m/data/0": np.arange(4, dtype="<f4").tobytes()})
    found = read_items("m.pt", raw)
    assert [(one.name, bytes(one.raw)) for one in found if isinstance(one, Tensor)] == [
        (f"[{number}]", np.arange(number, number + 2, dtype="<f4").tobytes()) for number in range(3)
    ]
    monkeypatch.setattr(room, "MOST", len(TENSORS) + 16)
    assert read_items("m.pt", raw) == found


def storage(number: int) -> bytes:
    """Return the operations that make a view of two elements, from `number` on, of the storage 0."""
    head = b"ctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nK\x04tQ"
    return head + b"K%c(K\x02t(K\x01tI00\n}tR" % number


TENSORS = b"\x80\x02(" + b"".join(storage(number) for number in range(3)) + b"l."


@pytest.mark.frameworks
def test_hdf5_that_unpacks_to_too_much_is_compared_as_bytes(tmp_path: Path) -> None:
    text = """
        import h5py, sys
        with h5py.File(sys.argv[1], "w") as file:
            file.create_dataset("w", (1 << 20, 1 << 20), "f4", chunks=(1024, 1024), compression="gzip")
        """
    subprocess.run([sys.executable, "-c", textwrap.dedent(text), str(tmp_path / "a.h5")], check=True)
    raw = (tmp_path / "a.h5").read_bytes()
    assert len(raw) < 1 << 16
    assert by_byte(read_items("a.h5", raw, (sys.executable,)))


def test_what_borrows_has_a_limit_of_memory() -> None:
    """A library can need more than the arrays: a text of variable length stands in the file once, and is met often."""
    script = textwrap.dedent("""
        import os, sys
        import written
        written.MEMORY = 1 << 28
        copy = written.Copy(os.devnull)
        try:
            bytearray(1 << 29)
        except MemoryError:
            sys.exit(7)
        """)
    folder = Path(room.__file__).parent / "borrowed"
    ran = subprocess.run([sys.executable, "-c", script], cwd=folder, check=False, env=dict(os.environ, PYTHONPATH="."))
    assert ran.returncode == 7
