"""The file of a baseline: what is written comes back, and nothing else does more than one line of text."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusetup.errors import WrongInputError
from gpusetup.repro.outputs.arrays import read_safetensors
from gpusetup.repro.outputs.item import Item, Leaf, Tensor
from gpusetup.testing.baselines import encode, load, save
from tests.each import each
from tests.support import chance

ITEMS: list[Item] = [
    Tensor("weights.fc[0]", "float32", (2, 2), struct.pack("<4f", 1, -2, float("nan"), float("inf"))),
    Leaf("name", "sgd\x1b[31m"),
    Tensor("half", "bfloat16", (1,), b"\x80\x3f"),
    Tensor("none", "int64", (0, 3), b""),
    Tensor("flag", "bool", (), b"\1"),
]


def test_what_is_written_comes_back_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "deep/er/test.safetensors"
    save(path, ITEMS, {"torch": "2.13.0"})
    found = load(path)
    assert [
        (item[:-1], bytes(item[-1], "utf-8") if isinstance(item, Leaf) else bytes(item[-1])) for item in found.items
    ] == [(item[:-1], bytes(item[-1], "utf-8") if isinstance(item, Leaf) else bytes(item[-1])) for item in ITEMS]
    assert found.environment == {"torch": "2.13.0"}
    assert path.read_bytes() == encode(ITEMS, {"torch": "2.13.0"})
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_other_readers_of_the_format_can_read_it() -> None:
    tensors = [item for item in ITEMS if isinstance(item, Tensor)]
    found = {item.name: item for item in read_safetensors(encode(ITEMS, {})) if isinstance(item, Tensor)}
    assert {name: (item.dtype, item.shape, bytes(item.raw)) for name, item in found.items()} == {
        item.name: (item.dtype, item.shape, bytes(item.raw)) for item in tensors
    }


WRONG = {
    "empty": b"",
    "short": b"\0\0",
    "cut off": encode(ITEMS, {})[:-1],
    "header beyond": struct.pack("<Q", 1 << 62) + b"{}",
    "no metadata": struct.pack("<Q", 2) + b"{}",
    "newer": encode(ITEMS, {}).replace(b'"gpusetup":"1"', b'"gpusetup":"9"'),
    "other type": encode(ITEMS, {}).replace(b'"BF16"', b'"BF99"'),
    "negative shape": encode(ITEMS, {}).replace(b"[2,2]", b"[-2,-2]").replace(b"  ", b""),
    "offsets": encode(ITEMS, {}).replace(b"[0,16]", b"[0,99]"),
    "offsets are text": encode(ITEMS, {}).replace(b"[0,16]", b'["",""]'),
    "order": encode(ITEMS, {}).replace(b"weights.fc[0]", b"weights.fc[1]", 1),
    "nested": struct.pack("<Q", 200_000) + b'{"a":' + b"[" * 199_995,
    "pickle": pickle.dumps({"weights": [1.0]}),
}


@each("name", list(WRONG))
def test_what_is_no_baseline_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.safetensors"
    path.write_bytes(WRONG[name])
    with pytest.raises(WrongInputError) as refused:
        load(path)
    assert "\n" not in str(refused.value)
    assert "is not a baseline" in str(refused.value)


def test_a_pickle_in_its_place_is_not_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "ran",))

    path = tmp_path / "test.safetensors"
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(WrongInputError):
        load(path)
    assert not (tmp_path / "ran").exists()


@given(st.binary(max_size=300), st.integers(0, 10**6))
def test_damage_is_refused_or_read_and_never_a_crash(noise: bytes, place: int) -> None:
    whole = bytearray(encode(ITEMS, {"torch": "2.13.0"}))
    at = place % len(whole)
    whole[at : at + len(noise)] = noise
    path = Path(f"/dev/shm/gpusetup-{chance('baseline').random()}")
    path.write_bytes(whole)
    try:
        load(path)
    except WrongInputError as error:
        assert "\n" not in str(error)  # noqa: PT017 - damage to a number is no error
    finally:
        path.unlink()


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WrongInputError, match="cannot write the baseline"):
        save(tmp_path / "file/test.safetensors", ITEMS, {})
