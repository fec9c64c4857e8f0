"""The frozen values: immutable, strict, read back from their own JSON, written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusetup.errors import WrongInputError
from gpusetup.files import write
from gpusetup.machine.model import Reading, Unread
from gpusetup.value import Value, load, schema, to_json


class Sample(Value):
    name: str
    reading: Reading[int] = 0


def test_values_cannot_be_changed() -> None:
    sample = Sample(name="a")
    with pytest.raises(AttributeError):
        sample.name = "b"  # type: ignore[misc]


def test_values_take_keywords_only() -> None:
    with pytest.raises(TypeError):
        Sample("a")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "sample", [Sample(name="é\n", reading=3), Sample(name="", reading=Unread(unread="denied", source="x"))]
)
def test_a_value_reads_back_from_its_json(sample: Sample, tmp_path: Path) -> None:
    path = tmp_path / "sample.json"
    write(path, to_json(sample))
    assert load(path, Sample) == sample


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("{", "truncated"),
        ('{"name": 3}', "$.name"),
        ('{"name": "a", "other": 1}', "other"),
        ('{"name": "a", "reading": {"unread": "asleep", "source": ""}}', "$.reading.unread"),
        ("\xff", "invalid"),
    ],
)
def test_a_corrupt_file_says_which_file_and_where_in_it(text: str, where: str, tmp_path: Path) -> None:
    path = tmp_path / "corrupt.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(WrongInputError) as caught:
        load(path, Sample)
    assert str(path) in caught.value.message
    assert where in caught.value.message.lower() or where in caught.value.message


def test_a_missing_file_and_a_folder_are_told_plainly(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.json", tmp_path):
        with pytest.raises(WrongInputError, match="cannot read the sample file"):
            load(path, Sample)


def test_a_schema_can_be_published() -> None:
    published = schema(Sample)
    assert published["$ref"].endswith("Sample")
    assert published["$defs"]["Sample"]["additionalProperties"] is False
    assert msgspec.json.decode(msgspec.json.encode(published)) == published


@given(text=st.text(), indent=st.sampled_from([2, -1]))
def test_json_text_holds_only_what_prints_and_reads_back_as_it_was(text: str, indent: int) -> None:
    shown = to_json({"name": text}, indent=indent)
    assert all(char.isprintable() or char == "\n" for char in shown)
    assert json.loads(shown) == {"name": text}
    assert indent > 0 or len(shown.splitlines()) == 1
