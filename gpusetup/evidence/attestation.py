"""A proof or a verification as an in-toto statement, which the tools of a supply chain sign, store and judge.

Statement v1 with the predicate test-result v0.1: https://github.com/in-toto/attestation/blob/main/spec (2026-11-30).
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Literal

import msgspec

from gpusetup.value import Value

if TYPE_CHECKING:
    from gpusetup.evidence.model import Comparison, Evidence, State

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
Outcome = Literal["PASSED", "WARNED", "FAILED"]
_OUTCOMES: dict[State, Outcome] = {"identical": "PASSED", "within tolerance": "WARNED"}


class Descriptor(Value, rename="camel", omit_defaults=True):
    """A ResourceDescriptor: by its digest, or by its content."""

    name: str
    digest: dict[str, str] = msgspec.field(default_factory=dict)
    content: str = ""
    """Base64."""
    media_type: str = ""


class TestResult(Value, rename="camel"):
    """The predicate: which tests passed, in which configuration."""

    result: Outcome
    configuration: tuple[Descriptor, ...]
    passed_tests: tuple[str, ...]
    warned_tests: tuple[str, ...]
    failed_tests: tuple[str, ...]


class Statement(Value, rename={"kind": "_type", "predicate_type": "predicateType"}):
    """An in-toto statement about files, by their digests."""

    kind: str = STATEMENT
    subject: tuple[Descriptor, ...]
    predicate_type: str = PREDICATE
    predicate: TestResult


def of_lock(name: str, raw: bytes, made: Evidence) -> Statement:
    """Return that the runs of `made` were proven, which the lock `name` of the content `raw` holds."""
    runs = [" ".join((row.check, row.framework, row.device, row.precision, str(row.seed))) for row in made.run]
    checks = [_text(f"check {check}", source.source) for check, source in made.check.items()]
    return _statement(name, raw, checks, runs, [*made.left_out, *made.known], [])


def of_verification(name: str, raw: bytes, held: Evidence, found: Comparison) -> Statement:
    """Return which results of the lock `name` were the same again; within tolerance they passed with a warning."""
    by: dict[Outcome, list[str]] = {"PASSED": [], "WARNED": [], "FAILED": []}
    for one in found.results:
        by[_OUTCOMES.get(one.state, "FAILED")].append(one.name)
    checks = [_text(f"check {check}", source.source) for check, source in held.check.items()]
    checks += [_text(f"change of {one.change.key}", f"{one.change}: {one.standing}") for one in found.causes]
    failed = [*by["FAILED"], *([found.verdict] if found.verdict == "drifted" and not by["FAILED"] else [])]
    return _statement(name, raw, checks, by["PASSED"], by["WARNED"], failed)


def _statement(
    name: str, raw: bytes, checks: list[Descriptor], passed: list[str], warned: list[str], failed: list[str]
) -> Statement:
    result: Outcome = "FAILED" if failed else "WARNED" if warned else "PASSED"
    return Statement(
        subject=(Descriptor(name=name, digest={"sha256": hashlib.sha256(raw).hexdigest()}),),
        predicate=TestResult(
            result=result,
            configuration=tuple(checks),
            passed_tests=tuple(passed),
            warned_tests=tuple(warned),
            failed_tests=tuple(failed),
        ),
    )


def _text(name: str, content: str) -> Descriptor:
    packed = base64.b64encode(content.encode()).decode("ascii")
    return Descriptor(name=name, content=packed, media_type="text/plain")
