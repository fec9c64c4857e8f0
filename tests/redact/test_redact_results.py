"""A redacted proof, comparison or repro names nobody, and holds what was computed as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from gpusetup.evidence.model import Cause, Comparison
from gpusetup.machine.model.names import HostNames
from gpusetup.redact import redacted_result
from gpusetup.redact.results import OURS
from gpusetup.repro.model import Repro
from gpusetup.selftest import proof, verdict
from gpusetup.selftest.proof import Proof
from gpusetup.selftest.verdict import Changed
from gpusetup.value import to_json
from tests.report_page import proofs

NAMES = HostNames(users=("lovelace",), own=("lovelace",), hosts=("babbage",))
LEAK = "/home/lovelace/x on babbage, mail ada@lab.example, token=hf_abcdefghijklmnopqrstuvwxyz012345"
SAMPLE = Path(__file__).parent.parent / "samples" / "repro.json"
SECRET = ("lovelace", "babbage", "ada@", "hf_abc")


def planted(one: Proof) -> Proof:
    """Return the proof with names in everything that a host writes."""
    run = one.runs[0]
    assert run.result is not None
    job = replace(run.job, data=LEAK, model=LEAK, log=LEAK, trace=LEAK)
    run = replace(run, job=job, cause=LEAK, log=(LEAK,), result=replace(run.result, absent={"case": LEAK}))
    judged = replace(one.verdicts[0], summary=LEAK, evidence=(LEAK,), changed=(changed("switches", LEAK),))
    environments = {name: {**values, "switches": LEAK} for name, values in one.environments.items()}
    return replace(
        one, runs=(run, *one.runs[1:]), verdicts=(judged,), environments=environments, unproven=(LEAK,), missed=(LEAK,),
        data={"own": {LEAK: "00"}},
    )  # fmt: skip


def changed(key: str, before: str, now: str = "9.10.2.21") -> Changed:
    return Changed(key=key, before=before, now=now, rank=1, why="")


def named(value: Any) -> list[str]:
    return [word for word in SECRET if word in to_json(value)]


def test_a_proof_names_nobody_and_keeps_its_numbers() -> None:
    whole = planted(proofs.real())
    assert named(whole) == list(SECRET)
    clean = redacted_result(whole, NAMES)
    assert named(clean) == []
    assert clean.layouts == whole.layouts
    for one, other in zip(clean.runs, whole.runs, strict=True):
        assert one.result is not None
        assert other.result is not None
        assert replace(one.result, absent={}) == replace(other.result, absent={})
        assert one.result.environment in clean.environments


def test_a_user_who_is_called_like_an_optimiser_changes_no_proof() -> None:
    whole = proofs.real()
    assert redacted_result(whole, HostNames(users=("sgd", "adam"), own=("sgd", "boundary", "pytorch"))) == whole


def test_a_comparison_keeps_versions_and_builds() -> None:
    build = changed("torch build", "cf30153c4c131c8164ee7798e5022d810682e2cb")
    causes = (Cause(change=changed("cudnn", "9.1.0.70"), standing="alone", brings=(build,), shown=LEAK),)
    whole = Comparison(verdict="drifted", before=LEAK, now=LEAK, causes=causes, results=(), notes=(LEAK,))
    clean = redacted_result(whole, NAMES)
    assert named(clean) == []
    assert clean.causes[0].change == whole.causes[0].change
    assert clean.causes[0].brings == (build,)


def test_a_repro_names_nobody_and_has_the_same_causes() -> None:
    whole = msgspec.json.decode(SAMPLE.read_bytes(), type=Repro)
    assert "/home/ada" in to_json(whole)
    clean = redacted_result(replace(whole, command=("python", LEAK), notes=(LEAK,)), NAMES)
    assert named(clean) == []
    assert "/home/ada" not in to_json(clean)
    assert clean.causes() == whole.causes()
    assert clean.difference == whole.difference


def test_every_field_that_stays_is_one_of_its_type() -> None:
    from gpusetup.evidence import model as evidence
    from gpusetup.repro import model as repro
    from gpusetup.selftest import model

    for name, fields in OURS.items():
        kind = next(getattr(room, name) for room in (proof, verdict, evidence, repro, model) if hasattr(room, name))
        assert fields <= set(kind.__struct_fields__), name
