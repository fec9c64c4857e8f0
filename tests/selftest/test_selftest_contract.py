"""The two sides of the pipe agree, though neither imports the other."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import msgspec
import numpy as np
import pytest

from checks.common.job import Job as TheirJob
from checks.common.record import Recorder
from gpusetup.content_dirs import content_root
from gpusetup.errors import WrongInputError
from gpusetup.selftest.model import Job, Result
from gpusetup.selftest.registry import checks
from gpusetup.selftest.workers.protocol import Progress, Reader

CHECKS = content_root() / "checks"


def test_a_job_has_the_same_fields_on_both_sides() -> None:
    assert {field.name for field in dataclasses.fields(TheirJob)} == {
        field.name for field in msgspec.structs.fields(Job)
    }


def test_what_a_recorder_sends_is_a_result() -> None:
    record = Recorder(lambda done, total: None)
    record.tensor("value", "one", np.array([1.0, np.nan, np.inf]), 3)
    record.tensor("exact", "none", np.zeros((0, 2)))
    record.tensor("value", "scalar", 0.5)
    record.invariant("holds", bool(np.bool_(True)), "yes")
    record.measure("names per second", 3.0)
    result = msgspec.convert({"environment": {}, **record.result()}, Result)
    assert [(one.shape, one.largest, one.sample) for one in result.records] == [
        ((3,), None, (1.0, None, None)),
        ((0, 2), 0.0, ()),
        ((), 0.5, (0.5,)),
    ]
    with pytest.raises(ValueError, match="twice"):
        record.tensor("value", "one", 1, 3)


def test_the_fingerprint_sees_names_steps_order_and_bits() -> None:
    def fingerprint(*entries: tuple[str, float, int]) -> str:
        record = Recorder(lambda done, total: None)
        for name, value, step in entries:
            record.tensor("value", name, value, step)
        return str(record.result()["fingerprint"])

    base = fingerprint(("a", 1.0, 0), ("b", 2.0, 0))
    others = [
        fingerprint(("b", 2.0, 0), ("a", 1.0, 0)),
        fingerprint(("a", 1.0, 1), ("b", 2.0, 0)),
        fingerprint(("a", 1.0, 0), ("c", 2.0, 0)),
        fingerprint(("a", 1.0, 0), ("b", float(np.nextafter(2.0, 3)), 0)),
    ]
    assert base == fingerprint(("a", 1.0, 0), ("b", 2.0, 0))
    assert base not in others


def test_messages_survive_any_cut_and_torn_lines() -> None:
    stream = (
        b'\n{"type":"Progress","done":1,"total":2}\n\n{"type":"Done","resu\n{"type":"Progress","done":2,"total":2}\n'
    )
    whole = [Progress(done=1, total=2), Progress(done=2, total=2)]
    for cut in range(len(stream)):
        reader = Reader()
        assert reader.feed(stream[:cut]) + reader.feed(stream[cut:]) == whole
    assert Reader().feed(b'{"type":"Done","result":{}}\n') == []


def test_every_check_is_described_completely() -> None:
    for check in checks().values():
        assert check.title
        assert check.proves
        assert check.frameworks
        assert all(tolerance.why for tolerance in check.tolerance.values())
        assert (CHECKS / check.name / "reference.py").is_file()


@pytest.mark.parametrize("text", ["", "title = 3", 'title = "x"\nversion = 1\nproves = []\nunknown = 1', "[", "\0"])
def test_a_description_that_is_none_is_one_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "check.toml").write_text(text)
    with pytest.raises(WrongInputError, match="does not describe a check"):
        checks(tmp_path)


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ((), "has no __init__.py"),
        (("__init__.py", "pytorch.py"), "has no reference.py"),
        (("__init__.py", "reference.py"), "has no backend: tensorflow.py, jax.py, pytorch.py"),
    ],
)
def test_a_folder_without_what_a_check_needs_is_one_clear_error(
    tmp_path: Path, there: tuple[str, ...], said: str
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "check.toml").write_text('title = "x"\nversion = 1\nproves = []')
    for name in there:
        (tmp_path / "mine" / name).touch()
    with pytest.raises(WrongInputError, match=said):
        checks(tmp_path)


def test_an_own_check_hides_the_built_in_one(tmp_path: Path) -> None:
    (tmp_path / "gru").mkdir()
    described = (CHECKS / "gru" / "check.toml").read_text("utf-8")
    (tmp_path / "gru" / "check.toml").write_text(described.replace(tomllib.loads(described)["title"], "mine"))
    for name in ("__init__.py", "reference.py", "pytorch.py"):
        (tmp_path / "gru" / name).touch()
    found = checks(tmp_path)
    assert found["gru"].title == "mine"
    assert found["exact"].folder == str(CHECKS / "exact")
