"""What a test hands over as parts, and when two of them are close."""

from __future__ import annotations

import dataclasses
import json
import struct
import subprocess
import sys
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusetup.errors import WrongInputError
from gpusetup.repro.outputs.item import Item, Leaf, Tensor
from gpusetup.testing.closeness import Limits, beyond
from gpusetup.testing.values import parts
from tests.support import module

EXACT = Limits(exact=True)


class Pair(NamedTuple):
    left: float
    right: str


@dataclasses.dataclass
class Record:
    loss: float
    names: set[str]


def kinds(value: object) -> dict[str, str]:
    """Return the parts of a value: name → type of its numbers, or its text."""
    return {item.name: item.dtype if isinstance(item, Tensor) else item.text for item in parts(value)}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.5, {"value": "float64"}),
        (True, {"value": "True"}),
        (1 << 70, {"value": str(1 << 70)}),
        ({"a": [1, None], "b": Pair(1.0, "x")}, {"a[0]": "int64", "a[1]": "None", "b.left": "float64", "b.right": "x"}),
        (Record(1.0, {"z", "a"}), {"loss": "float64", "names[0]": "'a'", "names[1]": "'z'"}),
        (np.zeros((2, 0), np.float16), {"value": "float16"}),
        (np.zeros(2, np.complex64), {"value": "float32"}),
        (np.array(["a"]), {"value": "array(['a'], dtype='<U1')"}),
        ([], {}),
    ],
)
def test_a_value_is_taken_apart_by_place(value: object, expected: dict[str, str]) -> None:
    assert kinds(value) == expected


def test_the_bytes_are_those_of_the_numbers_in_row_major_order() -> None:
    table = np.arange(6, dtype=np.float32).reshape(2, 3)
    whole = struct.pack("<6f", *range(6))
    for form in (table, np.asfortranarray(table), table.astype(">f4"), np.repeat(table, 2, axis=1)[:, ::2]):
        (item,) = parts(form)
        assert isinstance(item, Tensor)
        assert (item.dtype, item.shape, bytes(item.raw)) == ("float32", (2, 3), whole)


def endless() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


def doubled(start: list[Any], levels: int) -> list[Any]:
    """Return lists of one shared list each, twice: as many objects as levels, and 2 to that power of parts."""
    return doubled([start, start], levels - 1) if levels else start


@pytest.mark.parametrize(
    "value",
    [
        object(), print, [lambda: 0], endless(), [endless()] * 2, np.zeros(1, np.longdouble), {"a": object()},
        doubled([], 45), doubled(endless(), 45),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused_in_one_line(value: object) -> None:
    with pytest.raises(WrongInputError) as refused:
        parts(value)
    assert "\n" not in str(refused.value)


def test_what_is_shared_is_a_part_wherever_it_stands() -> None:
    row = [1, 2]
    assert parts([row, row]) == parts([[1, 2], [1, 2]])
    assert len(parts(doubled(row, 10))) == 2 << 10


FRAMEWORK = """
import json, struct, torch
from gpusetup.testing.values import parts
model = torch.nn.Linear(2, 1)
half = torch.tensor([1.0, -2.0], dtype=torch.bfloat16, requires_grad=True)
sparse = torch.tensor([[0.0, 3.0]]).to_sparse()
found = parts({"half": half, "turned": torch.ones(2, 3).T, "complex": torch.ones(1, dtype=torch.complex64).conj(),
               "sparse": sparse, "scalar": torch.tensor(1), "model": model, "flag": torch.tensor([True])})
print(json.dumps({one.name: [one.dtype, one.shape, bytes(one.raw).hex() if one.name != "model.weight" else ""]
                  for one in found}))
"""


@pytest.mark.frameworks
def test_tensors_of_pytorch_are_taken_as_they_are() -> None:
    module("torch")
    done = subprocess.run([sys.executable, "-c", FRAMEWORK], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["half"] == ["bfloat16", [2], "803f00c0"]
    assert found["turned"] == ["float32", [3, 2], "0000803f" * 6]
    assert found["complex"] == ["float32", [1, 2], "0000803f00000080"]
    assert found["sparse"] == ["float32", [1, 2], "00000000" + "00004040"]
    assert found["scalar"] == ["int64", [], "01" + "00" * 7]
    assert found["flag"] == ["bool", [1], "01"]
    assert found["model.weight"][:2] == ["float32", [1, 2]]


def floats(*values: float) -> list[Item]:
    return [Tensor("x", "float32", (len(values),), struct.pack(f"<{len(values)}f", *values))]


@pytest.mark.parametrize(
    ("got", "expected", "limits", "place"),
    [
        (floats(1.0), floats(1.0), EXACT, None),
        (floats(1.0, 1.000001), floats(1.0, 1.0), Limits(), None),
        (floats(1.0, 1.000001), floats(1.0, 1.0), EXACT, (1,)),
        (floats(1.0, 1.001, 1.1), floats(1.0, 1.0, 1.0), Limits(), (2,)),
        (floats(1.0, 1.1), floats(1.0, 1.0), Limits(rtol=0.2), None),
        (floats(float("nan")), floats(float("nan")), Limits(), None),
        (floats(float("nan")), floats(1.0), Limits(rtol=9.0), (0,)),
        (floats(float("inf")), floats(1.0), Limits(rtol=9.0), (0,)),
        (floats(0.0), floats(-0.0), Limits(), None),
        (floats(0.0), floats(-0.0), EXACT, (0,)),
        ([Leaf("x", "a")], [Leaf("x", "b")], Limits(rtol=9.0), ()),
        (floats(1.0), floats(1.0, 1.0), Limits(rtol=9.0), ()),
        ([], floats(1.0), Limits(), ()),
        (floats(1.0), [], Limits(), ()),
        (parts(1 << 60), parts((1 << 60) + 1), Limits(rtol=9.0), ()),
    ],
)
def test_closeness_finds_the_worst_place(
    got: list[Item], expected: list[Item], limits: Limits, place: tuple[int, ...] | None
) -> None:
    found = beyond(got, expected, limits)
    assert (found.element if found is not None else None) == place


@given(st.lists(st.floats(width=32), min_size=1, max_size=6), st.lists(st.floats(width=32), min_size=1, max_size=6))
def test_closeness_is_that_of_numpy(one: list[float], other: list[float]) -> None:
    size = min(len(one), len(other))
    left, right = np.array(one[:size], np.float32), np.array(other[:size], np.float32)
    with np.errstate(all="ignore"):
        expected = np.isclose(left.astype(float), right.astype(float), rtol=1e-3, atol=1e-3, equal_nan=True)
    found = beyond(parts(left), parts(right), Limits(rtol=1e-3, atol=1e-3))
    assert (0 if found is None else found.differing) == int((~expected).sum())
