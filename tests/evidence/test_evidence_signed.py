"""A signature says who locked, and a statement what was proven, in the form that other tools read."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from gpusetup.errors import WrongInputError
from gpusetup.evidence.attestation import of_lock, of_verification
from gpusetup.evidence.compare import compare
from gpusetup.evidence.signature import NAMESPACE, beside, sign, signer
from gpusetup.value import to_json
from tests.evidence.samples import sample, text_of
from tests.support import tool


class Desk:
    """A lock, two keys, and a file that allows the first of them."""

    def __init__(self, folder: Path) -> None:
        self.lock, self.signers = folder / "gpusetup.lock", folder / "signers"
        self.key, self.other = folder / "key", folder / "other"
        self.lock.write_text(text_of(sample()))
        for key in (self.key, self.other):
            subprocess.run([tool("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        self.signers.write_text(f"locker@example.org {self.key.with_suffix('.pub').read_text()}")

    def signed_by(self, raw: bytes | None = None) -> str:
        return signer(self.lock, self.lock.read_bytes() if raw is None else raw, self.signers)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_who_signed_is_named_and_signing_again_replaces_it(desk: Desk) -> None:
    sign(desk.lock, desk.lock.read_bytes(), desk.other)
    sign(desk.lock, desk.lock.read_bytes(), desk.key)
    assert desk.signed_by() == "locker@example.org"


def test_another_content_another_key_another_purpose_and_no_signature_are_refused(desk: Desk) -> None:
    with pytest.raises(WrongInputError, match="cannot read the signature"):
        desk.signed_by()
    sign(desk.lock, desk.lock.read_bytes(), desk.key)
    with pytest.raises(WrongInputError, match="is no signature of"):
        desk.signed_by(desk.lock.read_bytes() + b"\n")
    sign(desk.lock, desk.lock.read_bytes(), desk.other)
    with pytest.raises(WrongInputError, match="is no signature of"):
        desk.signed_by()
    words = [tool("ssh-keygen"), "-Y", "sign", "-f", str(desk.key), "-n", "git"]
    done = subprocess.run(words, input=desk.lock.read_bytes(), capture_output=True, check=True)
    beside(desk.lock).write_bytes(done.stdout)
    with pytest.raises(WrongInputError, match="is no signature of"):
        desk.signed_by()
    beside(desk.lock).write_bytes(b"\0nonsense")
    with pytest.raises(WrongInputError, match="is no signature of"):
        desk.signed_by()
    assert NAMESPACE != "git"


def test_a_key_that_cannot_sign_is_one_line(desk: Desk) -> None:
    with pytest.raises(WrongInputError, match="signers cannot sign"):
        sign(desk.lock, desk.lock.read_bytes(), desk.signers)


def test_a_statement_has_the_fields_of_in_toto_and_the_digest_of_the_lock(desk: Desk) -> None:
    raw = desk.lock.read_bytes()
    said = json.loads(to_json(of_lock("gpusetup.lock", raw, sample())))
    wanted = subprocess.run(["sha256sum", desk.lock], capture_output=True, text=True, check=True).stdout.split()[0]
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert said["subject"] == [{"name": "gpusetup.lock", "digest": {"sha256": wanted}}]
    assert said["predicate"]["result"] == "PASSED"
    assert said["predicate"]["passedTests"] == ["one pytorch cpu float32 0"]
    assert all({"uri", "digest", "content"} & one.keys() for one in said["predicate"]["configuration"])


def test_a_verification_that_drifted_is_no_passed_test(desk: Desk) -> None:
    held = sample()
    [row] = held.run
    packed = {"one pytorch cpu float32 0": (*held.packed["one pytorch cpu float32 0"][:1], "0" * 32,
              held.packed["one pytorch cpu float32 0"][2])}  # fmt: skip
    now = replace(held, run=(replace(row, fingerprint="0" * 64),), packed=packed)
    found = compare(held, now, ("the lock", "here"))
    said = json.loads(to_json(of_verification("gpusetup.lock", desk.lock.read_bytes(), held, found)))
    assert found.verdict == "drifted"
    assert (said["predicate"]["result"], said["predicate"]["passedTests"]) == ("FAILED", [])
    same = compare(held, held, ("the lock", "here"))
    again = json.loads(to_json(of_verification("gpusetup.lock", desk.lock.read_bytes(), held, same)))
    assert again["predicate"]["result"] == "PASSED"
