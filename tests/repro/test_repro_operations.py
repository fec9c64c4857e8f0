"""Two traces: the first operation that differs, by its results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gpusetup.repro.operations import first_operation

WORK = "/scratch/work"
AT = [[f"{WORK}/train.py", 7, "step"], ["/usr/lib/other.py", 1, "run"]]


def trace(folder: Path, *operations: list[Any]) -> Path:
    folder.mkdir()
    lines = [json.dumps([*one, AT]) for one in operations]
    (folder / "1.jsonl").write_text("\n".join(lines) + '\n["torn')
    return folder


def tensor(digest: str) -> list[Any]:
    return ["float32", [2, 3], digest]


def test_the_same_traces_have_none(tmp_path: Path) -> None:
    same = [["mul", [tensor("a")], [tensor("b")]]]
    assert first_operation(trace(tmp_path / "1", *same), trace(tmp_path / "2", *same), WORK) is None


def test_an_operation_that_gives_other_bits_is_told_from_one_that_gets_them(tmp_path: Path) -> None:
    one = trace(tmp_path / "1", ["load", [], [tensor("a")]], ["mul", [tensor("a")], [tensor("b")]])
    other = trace(tmp_path / "2", ["load", [], [tensor("a")]], ["mul", [tensor("a")], [tensor("c")]])
    found = first_operation(one, other, WORK)
    assert found is not None
    assert (found.number, found.name, found.inputs_same) == (2, "mul", True)
    assert found.shapes == ("float32[2, 3]",)
    assert found.callers == ("train.py:7 step", "/usr/lib/other.py:1 run")
    fed = first_operation(
        trace(tmp_path / "3", ["mul", [tensor("x")], [tensor("y")]]),
        trace(tmp_path / "4", ["mul", [tensor("z")], [tensor("w")]]),
        WORK,
    )
    assert fed is not None
    assert not fed.inputs_same


def test_memory_that_is_written_over_is_no_difference(tmp_path: Path) -> None:
    one = trace(tmp_path / "1", ["copy_", [tensor("garbage"), tensor("a")], [tensor("a")]])
    other = trace(tmp_path / "2", ["copy_", [tensor("other"), tensor("a")], [tensor("a")]])
    assert first_operation(one, other, WORK) is None


def test_what_makes_a_variable_is_compared_by_what_it_gets(tmp_path: Path) -> None:
    one = trace(tmp_path / "1", ["Assign", [tensor("a")], [["resource", [], ""]]])
    other = trace(tmp_path / "2", ["Assign", [tensor("b")], [["resource", [], ""]]])
    found = first_operation(one, other, WORK)
    assert found is not None
    assert not found.inputs_same


def test_another_operation_at_the_same_place_is_a_difference(tmp_path: Path) -> None:
    one, other = trace(tmp_path / "1", ["mul", [], [tensor("a")]]), trace(tmp_path / "2", ["add", [], [tensor("a")]])
    found = first_operation(one, other, WORK)
    assert found is not None
    assert found.name == "mul / add"
