"""``--script FILE:FUNCTION``: what is read of a file, the check that is made of it, and what a proof of it claims."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from checks.common.job import Job
from checks.common.record import Recorder
from checks.common.script import ScriptError, prover
from gpusetup.errors import WrongInputError
from gpusetup.selftest.own_script import read_script, require_single, settle, write_check
from gpusetup.selftest.registry import checks
from tests.each import each
from tests.support import Run, module

SOURCE = "import torch\n\ndef check(): ...\n\ndef train(): ...\n"
BOTH = "def pytorch(): ...\n\ndef jax(): ...\n\ndef reference(): ...\n"


def write(folder: Path, text: str) -> Path:
    place = folder / "mine"
    place.mkdir(exist_ok=True)
    (place / "train-it.py").write_text(text)
    return place / "train-it.py"


@pytest.mark.parametrize(
    ("source", "function", "wanted", "expected"),
    [
        (SOURCE, "", (), {"pytorch": "check"}),
        (SOURCE, ":train", (), {"pytorch": "train"}),
        (SOURCE, "", ("jax",), {"jax": "check"}),
        (BOTH, "", (), {"pytorch": "pytorch", "jax": "jax"}),
        (BOTH, "", ("jax",), {"jax": "jax"}),
    ],
)
def test_the_file_says_what_is_run_where(
    source: str, function: str, wanted: tuple[str, ...], expected: dict[str, str], tmp_path: Path
) -> None:
    file = write(tmp_path, source + f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    assert settle(read_script(f"{file}{function}"), wanted) == expected
    assert not (tmp_path / "ran").exists()


WRONG = [
    ("x = 1\n", "", "it has no function at all"),
    ("import torch\ndef other(): ...\n", "", "--script"),
    (SOURCE, ":nope", "has no function nope: it has check, train"),
    ("def check(:\n", "", "line 1 is not Python"),
    (SOURCE + "LIMITS = {'a': open('x')}\n", "", "line 6: LIMITS is not a dictionary"),
    (SOURCE + "LIMITS = ['a']\n", "", "LIMITS is not a dictionary"),
    (SOURCE + "LIMITS = {'a': -1}\n", "", "is negative"),
    ("def check(): ...\n", "", "imports no framework itself"),
    ("import torch, jax\ndef check(): ...\n", "", "imports pytorch and jax"),
]


@each("source,function,says", WRONG, ids=lambda row: row[2])
def test_a_wrong_file_is_named_with_what_is_wrong(source: str, function: str, says: str, tmp_path: Path) -> None:
    file = write(tmp_path, source)
    with pytest.raises(WrongInputError) as refused:
        settle(read_script(f"{file}{function}"), ())
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_excludes_it_is_refused() -> None:
    require_single(None, (), None, None)
    for given in (("a", (), None, None), (None, ("gru",), None, None), (None, (), Path("d"), None)):
        with pytest.raises(WrongInputError, match="--script runs its own check alone"):
            require_single(*given)


def test_the_check_that_is_made_can_be_read_and_knows_its_file(tmp_path: Path) -> None:
    file = write(tmp_path, BOTH + "LIMITS = {'lo\"ss*': 8, 'b': 2.5}\n")
    digests = []
    for number, text in enumerate((file.read_text(), file.read_text() + "\n# changed\n")):
        file.write_text(text)
        folder = tmp_path / str(number)
        folder.mkdir(mode=0o700)
        found = read_script(str(file))
        write_check(found, settle(found, ()), folder)
        made = checks(folder)[found.name]
        digests.append(made.digest)
        assert set(made.frameworks) == {"pytorch", "jax"}
        assert [(kind, made.limit(kind, 0)) for kind in made.tolerance] == [('lo"ss*', 8), ("b", 2.5), ("*", 64)]
    assert digests[0] != digests[1]


def recorded(tmp_path: Path, body: str, **functions: str) -> dict[str, object]:
    """Return what the recorder has of a function ``check``, run as a check of PyTorch without PyTorch."""
    file = write(tmp_path, body)
    job = Job(
        check="own", framework="pytorch", device="cpu", seed=3, round=1, profile="quick", threads=1, trace="", log=""
    )
    record = Recorder(lambda _done, _total: None)
    prover(str(file), functions or {"pytorch": "check"}, {"loss*": 8, "*": 64})(ModuleType("pytorch"), job, record)
    return record.result()


def test_what_a_function_returns_is_recorded_by_its_place(tmp_path: Path) -> None:
    body = "import numpy\ndef check(seed, device):\n"
    body += (
        "    return {'losses': [1.5, 2.5], 'w': {'a': [numpy.ones(2), None]}, 'n': seed, 'where': device == 'cpu'}\n"
    )
    found = recorded(tmp_path, body)
    assert [(one["name"], one["kind"]) for one in found["records"]] == [  # type: ignore[attr-defined]
        ("losses", "loss*"), ("w.a[0]", "*"), ("n", "exact"), ("where", "exact"),
    ]  # fmt: skip


def test_nothing_is_seeded_for_it(tmp_path: Path) -> None:
    body = "import random, numpy\ndef check():\n    return [random.random(), numpy.random.rand(), numpy.ones(1)]\n"
    np.random.seed(3)
    one, other = (recorded(tmp_path, body)["records"] for _ in range(2))
    same = [a["digest"] == b["digest"] for a, b in zip(one, other, strict=True)]  # type: ignore[call-overload]
    assert same == [False, False, True]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("def check(x): return 1", "check needs x: it can be given seed, device"),
        ("def check(): pass", "returned nothing"),
        ("def check(): return {'a': 'text'}", "a is a str"),
        ("check = 1", "has no function check"),
    ],
)
def test_a_wrong_function_is_said_so(body: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="(?s).*" + says):
        recorded(tmp_path, body + "\n")


GROWN = """
import torch
LIMITS = {"softmax": 4}
X = torch.arange(12).reshape(4, 3) / 7
def pytorch(seed):
    off = 0.01 * seed
    return {"softmax": torch.softmax(X, 1) * (1 + off), "noise": torch.rand(2) * off}
def reference():
    import numpy
    powers = numpy.exp(X.double().numpy())
    return {"softmax": powers / powers.sum(1, keepdims=True), "noise": [0.0, 0.0]}
"""


@pytest.mark.frameworks
def test_a_script_with_a_reference_is_held_to_it(gpusetup: Run, tmp_path: Path) -> None:
    """With seed 0 it is right and repeats; with seed 1 it is off by a hundredth, and draws without a seed."""
    module("torch")
    done = gpusetup("selftest", "--script", write(tmp_path, GROWN), "--device", "cpu", "--seed", "0-1", "--json")
    assert done.returncode == 1, done.stderr
    found = {(one["kind"], one["seed"]): one["state"] for one in json.loads(done.stdout)["verdicts"]}
    assert found[("parity", 0)] == found[("determinism", 0)] == "passed"
    assert found[("parity", 1)] == found[("determinism", 1)] == "failed"
