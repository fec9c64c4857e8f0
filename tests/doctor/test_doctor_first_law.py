"""The first law: a check that could not look says unknown, and unknown is never healthy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpusetup.doctor.catalogue import all_rules
from gpusetup.doctor.examine import examine
from gpusetup.doctor.examine import judge as judged
from gpusetup.doctor.finding import Finding
from gpusetup.machine.model import Gpu, Machine, Unread
from tests.doctor.machines import HOSTS, Case, cases, machine

RULES = all_rules()
CASES = cases()
SILENT = {"unread": "failed", "source": "a test", "detail": "taken away"}


def is_unread(value: object) -> bool:
    return isinstance(value, dict) and "unread" in value


def readings(kind: Any, value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of everything in `value` that may be `Unread` by the type of its field."""
    for field in msgspec.structs.fields(kind):
        inner = value[field.name] if isinstance(value, dict) else None
        here = (*path, field.name)
        options = getattr(field.type, "__args__", ())
        if Unread in options:
            yield here
        for option in (field.type, *options, *(arg for one in options for arg in getattr(one, "__args__", ()))):
            if isinstance(option, type) and issubclass(option, msgspec.Struct) and option is not Unread:
                if isinstance(inner, dict) and not is_unread(inner):
                    yield from readings(option, inner, here)
                elif isinstance(inner, list):
                    for index, one in enumerate(inner):
                        yield from readings(option, one, (*here, index))


def without(value: dict[str, Any], path: tuple[str | int, ...], new: dict[str, Any]) -> Machine:
    copy = json.loads(json.dumps(value))
    place = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = new
    return msgspec.convert(copy, Machine)


def replaced(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    """Return `value` with `new` at `path`; everything beside it is shared, which is a hundred times as fast."""
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        return (*value[:step], replaced(value[step], rest, new) if rest else new, *value[step + 1 :])
    return msgspec.structs.replace(value, **{step: replaced(getattr(value, step), rest, new) if rest else new})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_rule_turns_healthy_when_a_reading_is_taken_away(case: Case) -> None:
    rule = RULES[case.rule]
    whole = json.loads(msgspec.json.encode(case.fires))
    paths = list(readings(Machine, whole))
    assert len(paths) > 20
    for path in paths:
        if path[0] == "gpus" and path[1:2] not in {(), *touched(case)}:
            continue
        host = replaced(case.fires, path, msgspec.convert(SILENT, Unread))
        if {one.state for one in judged(rule, host)} == {"ok"}:
            others = examine(host, RULES.values())
            assert any(taken_away(one) for one in others), f"{rule.id} calls the machine healthy without {path}"


def touched(case: Case) -> set[tuple[int]]:
    """Return the indexes of the GPUs that differ between the two hosts, and the first one."""
    fires, quiet = case.fires.gpus, case.quiet.gpus
    if isinstance(fires, Unread) or isinstance(quiet, Unread):
        return {(0,)}
    pairs = zip(fires, quiet, strict=False)
    return {(0,), *((index,) for index, (one, other) in enumerate(pairs) if one != other)}


def taken_away(finding: Finding) -> bool:
    return finding.state in {"unknown", "error"} and "taken away" in " ".join(finding.evidence)


def test_the_readings_of_every_gpu_are_among_those_taken_away() -> None:
    whole = json.loads(msgspec.json.encode(machine("h100_server")))
    paths = set(readings(Machine, whole))
    assert {("gpus", 7, field) for field in Gpu.__struct_fields__ if field != "index"} <= paths
    assert {("gpus",), ("pci",), ("driver", "nvml"), ("system", "kernel", "modules")} <= paths


WHYS = st.sampled_from(["absent", "denied", "failed", "timeout", "unsupported"])
CODES = st.none() | st.sampled_from([3, 4, 8, 9, 12, 15, 16, 17, 18, 999]) | st.integers(0, 2**31 - 1)


@settings(max_examples=150, deadline=None)
@given(host=st.sampled_from(HOSTS), data=st.data())
def test_whatever_cannot_be_read_no_rule_is_at_fault(host: str, data: st.DataObject) -> None:
    whole = json.loads(msgspec.json.encode(machine(host)))
    paths = list(readings(Machine, whole))
    # a longer path first: a reading inside another that is taken away is gone already
    chosen = sorted(data.draw(st.sets(st.sampled_from(paths), min_size=1, max_size=12)), key=len, reverse=True)
    for path in chosen:
        unread = {
            "unread": data.draw(WHYS),
            "source": "a test",
            "detail": data.draw(st.text()),
            "code": data.draw(CODES),
        }
        whole = json.loads(msgspec.json.encode(without(whole, path, unread)))
    for one in examine(msgspec.convert(whole, Machine), RULES.values()):
        assert "at fault" not in " ".join(one.evidence), one
