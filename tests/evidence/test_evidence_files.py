"""Locks with a proof as files: stable, kept beside stacks, refused when spoilt; never a traceback."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gpusetup.errors import GpusetupError, WrongInputError
from gpusetup.evidence.codec import from_table, to_table
from gpusetup.evidence.model import Evidence
from gpusetup.evidence.sides import Side, chosen_proof, compare_sides, read_side
from gpusetup.facts import facts
from gpusetup.resolve import lock
from tests.evidence.conftest import Ground
from tests.evidence.samples import sample, text_of
from tests.support import ROOT, SEED, Run, examples

FILE = Path("gpusetup.lock")


def read(raw: bytes) -> Evidence:
    return chosen_proof(lock.parse(raw, FILE), "", FILE)[1]


def test_a_lock_reads_back_as_it_was_written_and_stays_the_same_bytes() -> None:
    text = text_of(sample())
    made = read(text.encode())
    assert msgspec.structs.replace(made, digest="") == sample()
    assert text_of(made, lock.parse(text.encode(), FILE)) == text
    assert "version = 2\n" in text


def test_numbers_that_people_review_are_those_that_are_compared() -> None:
    table = to_table(sample())
    table["run"][0]["trajectory"]["loss"] = (0.5, 0.125)
    with pytest.raises(WrongInputError, match="what it shows of one pytorch cpu float32 0"):
        from_table(table, "lock")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("0.25", "0.125"), "was changed after it was written"),
        (("version = 2", "version = 3"), "is a lock of version 3, and this gpusetup"),
        (("[proof.cpu]", "[proof"), "is not a gpusetup lock"),
        (('digest = "', 'digest = "0'), "was changed after it was written"),
    ],
)
def test_a_spoilt_lock_is_refused_with_one_line(change: tuple[str, str], why: str) -> None:
    text = text_of(sample())
    assert change[0] in text
    with pytest.raises(WrongInputError, match=why):
        read(text.replace(*change, 1).encode())


WRONG: tuple[tuple[str, Any], ...] = (
    ("threads", 0), ("threads", 10**9), ("minutes", float("inf")), ("check", {}), ("layout", {}), ("packed", {}),
    ("environment", {}), ("profile", "long"), ("run", [{}]), ("surprise", 1), ("layout", {"l": [[0, "value"]]}),
    ("layout", {"l": [[0, "value", "loss", "float32", [-1], 1]] * 2}),
    ("packed", {"one pytorch cpu float32 0": ["l", "", ""]}),
    ("packed", {"one pytorch cpu float32 0": ["l", "0" * 32, "%%%"]}),
)  # fmt: skip


def test_what_no_lock_holds_is_refused_though_its_digest_is_right() -> None:
    for name, value in WRONG:
        table = to_table(sample()) | {name: value}
        raw = lock.dump(lock.with_proof(None, "cpu", table)).encode()
        with pytest.raises(WrongInputError):
            read(raw)


def test_random_damage_to_a_lock_or_a_proof_never_ends_in_a_traceback(tmp_path: Path) -> None:
    drawn = random.Random(SEED)
    text = text_of(sample()).encode()
    refused = 0
    for _ in range(examples(300).max_examples):
        raw = bytearray(text)
        for _ in range(drawn.randint(1, 4)):
            start = drawn.randrange(len(raw))
            raw[start : start + drawn.randint(0, 9)] = drawn.randbytes(drawn.randint(0, 9))
        file = tmp_path / "damaged"
        file.write_bytes(raw)
        try:
            read_side(file, "", {})
        except GpusetupError:
            refused += 1
    assert refused > 0


def test_each_value_of_a_table_exchanged_is_refused_or_compared(tmp_path: Path) -> None:
    drawn, whole = random.Random(SEED), Side("the lock", {}, evidence=sample())
    for _ in range(examples(300).max_examples):
        table = msgspec.json.decode(msgspec.json.encode(to_table(sample())))
        _exchange(table, drawn)
        try:
            made = from_table(table, "lock")
            compare_sides(whole, Side("other", {}, evidence=made), facts())
            compare_sides(Side("other", {}, evidence=made), whole, facts())
        except GpusetupError:
            continue


def _exchange(value: Any, drawn: random.Random) -> None:
    """Replace one value somewhere in a document."""
    while isinstance(value, dict | list) and value:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key = drawn.choice(keys)
        if not isinstance(value[key], dict | list) or not value[key] or drawn.random() < 0.1:
            value[key] = drawn.choice([0, -1, 2**70, 0.5, -1e308, "", "x", "cpu", [], {}, [[]], True, "0" * 16])
            return
        value = value[key]


def test_two_machines_and_strangers(tmp_path: Path, gpusetup: Run) -> None:
    saved = gpusetup("detect", "--output", tmp_path / "m.json")
    assert saved.returncode == 0, saved.stderr
    same = gpusetup("compare", tmp_path / "m.json", tmp_path / "m.json")
    assert (same.returncode, same.stdout[:8]) == (0, "THE SAME")
    (tmp_path / "s.json").write_text('{"a": 1}')
    other = gpusetup("compare", tmp_path / "m.json", tmp_path / "s.json")
    assert other.returncode == 2
    assert "is neither a proof nor a machine" in other.stderr


def test_lock_and_verify_from_the_command_line(ground: Ground, tmp_path: Path, gpusetup: Run) -> None:
    ground.write(cbwr="0.5")
    for module in ("torch", "tensorflow"):  # only looked for: the stand-ins of the checks need neither
        (tmp_path / "stand-ins" / module).mkdir(parents=True)
        (tmp_path / "stand-ins" / module / "__init__.py").touch()
    env, file = {"PYTHONPATH": str(tmp_path / "stand-ins")}, tmp_path / "gpusetup.lock"
    options = ("--check", "one", "--framework", "pytorch", "--device", "cpu", "--checks", ground.world.folder)
    made = gpusetup("lock", "-o", file, *options, env=env)
    assert made.returncode == 0, made.stderr
    before = file.read_bytes()
    assert gpusetup("lock", "-o", file, *options, env=env).returncode == 0
    assert file.read_bytes() == before
    same = gpusetup("verify", file, "--checks", ground.world.folder, env=env)
    assert (same.returncode, same.stdout.split(":")[0]) == (0, "BIT-IDENTICAL"), same.stderr
    other = gpusetup("verify", file, "--checks", ground.world.folder, env=env | {"MKL_CBWR": "COMPATIBLE"})
    assert other.returncode == 1, other.stderr
    assert other.stdout.startswith("DRIFTED because of MKL_CBWR not set → COMPATIBLE")
    gone = gpusetup("verify", file, env=env)  # without --checks there is no such check
    assert (gone.returncode, "Traceback" in gone.stderr) == (4, False)


def test_a_file_that_was_replaced_under_the_same_version_is_named(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    (packages / "torch-1.dist-info").mkdir(parents=True)
    (packages / "torch").mkdir()
    (packages / "torch" / "lib.so").write_bytes(b"as built")
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"as built").digest()).rstrip(b"=").decode()
    (packages / "torch-1.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 1\n")
    record = f"torch/lib.so,sha256={digest},8\ntorch-1.dist-info/METADATA,,\ntorch-1.dist-info/RECORD,,\n"
    (packages / "torch-1.dist-info" / "RECORD").write_text(record)

    def asked(*names: str) -> Any:
        words = [sys.executable, "-P", str(ROOT / "gpusetup/evidence/listing.py"), *names]
        env = os.environ | {"PYTHONPATH": str(packages)}
        return json.loads(subprocess.run(words, env=env, capture_output=True, check=True).stdout)

    before = asked()["packages"]["torch"]
    assert before.startswith("1 sha256:")
    assert asked("torch") == []
    (packages / "torch" / "lib.so").write_bytes(b"replaced")
    assert asked("torch") == ["torch/lib.so"]
    (packages / "torch-1.dist-info" / "RECORD").write_text(record.replace(digest[:4], "AAAA"))
    assert asked()["packages"]["torch"] != before


def test_a_stack_that_is_planned_again_keeps_the_proof_beside_it(gpusetup: Run, tmp_path: Path) -> None:
    file = tmp_path / "gpusetup.lock"
    file.write_text(text_of(sample()))
    before = lock.load(file).proof
    done = gpusetup("plan", "--distro", "fedora", "--gpu", "RTX 4090", "--format", "toml", "--output", file)
    assert done.returncode == 0, done.stderr
    assert (lock.load(file).proof, len(lock.load(file).profile)) == (before, 1)
    planned = gpusetup("install", "--plan", file)
    assert (planned.returncode, planned.stdout[:2]) == (0, "#!"), planned.stderr
