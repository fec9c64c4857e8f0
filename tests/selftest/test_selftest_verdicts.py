"""Each verdict fails when the thing it judges is broken, says where, and passes when it is not."""

from __future__ import annotations

import msgspec

from gpusetup.selftest.proof import Proof
from gpusetup.selftest.verdict import Verdict
from gpusetup.value import to_json
from tests.selftest.small_world import RIGHT, World, failed


def by_kind(proof: Proof, kind: str, framework: str = "pytorch") -> Verdict:
    [verdict] = [one for one in proof.verdicts if (one.kind, one.framework) == (kind, framework)]
    return verdict


def test_a_clean_world_passes_every_verdict(world: World) -> None:
    world.add("clean", pytorch=RIGHT, tensorflow=RIGHT)
    proof = world.prove("clean")
    assert failed(proof) == []
    assert {one.kind for one in proof.verdicts} == {"parity", "agreement", "invariant", "determinism"}
    assert len(proof.runs) == 5
    assert msgspec.json.decode(to_json(proof), type=Proof) == proof


def test_parity_names_the_first_tensor_its_worst_element_and_the_usual_cause(world: World) -> None:
    wrong = RIGHT.replace(".reshape(2, 3) / 7", ".reshape(2, 3) / 7 + [[0, 0, 0], [0, 1e-3, 0]]")
    world.add("off", pytorch=wrong, tensorflow=RIGHT)
    proof = world.prove("off", repeat=1)
    assert {kind for kind, *_ in failed(proof)} == {"parity", "agreement"}
    place = by_kind(proof, "parity").divergence
    assert place is not None
    assert (place.step, place.tensor, place.index, place.limit) == (1, "second", (1, 1), 4)
    assert place.cause == "the second one is hard"
    # 1e-3 in spacings of float32 between 0.5 and 1, where 5/7, the largest element, lies
    assert place.ulps is not None
    assert abs(place.ulps - 1e-3 * 2**24) < 1


def test_parity_allows_the_limit_and_not_more(world: World) -> None:
    for name, ulps in (("within", 3.9), ("beyond", 4.1)):
        world.add(name, pytorch=RIGHT.replace("/ 7", f"/ 7 + {ulps} * 2.0**-24"))
    proof = world.prove("within", "beyond", frameworks=("pytorch",), repeat=1)
    assert [one.check for one in proof.verdicts if one.state == "failed"] == ["beyond"]


def test_a_number_that_is_none_is_never_within_tolerance(world: World) -> None:
    for name, value in (("nan", "np.nan"), ("inf", "np.inf")):
        world.add(name, pytorch=RIGHT.replace("np.arange(4) / 3", f"np.array([0, 1 / 3, {value}, 1])"))
    proof = world.prove("nan", "inf", frameworks=("pytorch",), repeat=1)
    places = [one.divergence for one in proof.verdicts if one.kind == "parity"]
    assert [(place.tensor, place.index, place.ulps) for place in places if place] == [("first", (2,), None)] * 2


def test_what_only_one_framework_has_is_no_disagreement(world: World) -> None:
    own = RIGHT + '    record.tensor("value", "a kernel of its own", 1.0)\n'
    own += '    record.observe("kernels", "its own", "there")\n'
    world.add("own", pytorch=own, tensorflow=RIGHT)
    proof = world.prove("own")
    assert failed(proof) == []
    observed = {run.job.framework: run.result.observations for run in proof.runs if run.result}
    assert [(one.table, one.row, one.text) for one in observed["pytorch"]] == [("kernels", "its own", "there")]
    assert observed["tensorflow"] == ()


def test_a_tensor_that_is_missing_or_has_another_shape_is_a_difference(world: World) -> None:
    world.add("missing", pytorch=RIGHT.replace('"second"', '"sceond"'))
    world.add("shape", pytorch=RIGHT.replace("reshape(2, 3)", "reshape(3, 2)"))
    proof = world.prove("missing", "shape", frameworks=("pytorch",), repeat=1)
    places = [one.divergence for one in proof.verdicts if one.kind == "parity"]
    assert [(place.tensor, place.got) for place in places if place] == [
        ("second", "nothing"),
        ("second", "shape (3, 2)"),
    ]


def test_determinism_catches_one_bit_that_parity_allows(world: World) -> None:
    world.add("drifting", pytorch=RIGHT.replace("/ 7", "/ 7 + job.round * 2.0**-30"))
    proof = world.prove("drifting", frameworks=("pytorch",))
    [(kind, framework, summary)] = failed(proof)
    assert (kind, framework, "second, step 1" in summary) == ("determinism", "pytorch", True)


def test_one_round_proves_no_determinism_and_says_so(world: World) -> None:
    world.add("clean", pytorch=RIGHT)
    proof = world.prove("clean", frameworks=("pytorch",), repeat=1)
    assert by_kind(proof, "determinism").state == "unproven"
    assert any("determinism" in gap for gap in proof.unproven)


def test_a_broken_invariant_fails_with_what_was_measured(world: World) -> None:
    world.add("lawless", pytorch=RIGHT.replace("1 == 1, ", "1 == 2, "))
    proof = world.prove("lawless", frameworks=("pytorch",), repeat=1)
    [(kind, _, summary)] = failed(proof)
    assert (kind, "one is one (1, expected 1)" in summary) == ("invariant", True)


def test_a_law_that_is_broken_in_every_round_is_told_once_and_the_others_beside_it(world: World) -> None:
    two = RIGHT.replace("1 == 1, ", "1 == 2, ") + '    record.invariant("two is two", 2 == 1, "2, expected 2")\n'
    world.add("lawless", pytorch=two)
    [told] = [one for one in world.prove("lawless", frameworks=("pytorch",)).verdicts if one.state == "failed"]
    assert told.summary == "violated: one is one (1, expected 1), and 1 more, seed 0"
    assert told.evidence == ("violated: two is two (2, expected 2)",)


def test_a_law_that_is_broken_in_a_later_round_alone_is_told(world: World) -> None:
    world.add("late", pytorch=RIGHT.replace("1 == 1, ", "job.round < 2, "))
    assert [kind for kind, *_ in failed(world.prove("late", frameworks=("pytorch",)))] == ["invariant"]


def test_the_report_says_what_nobody_looked_at(world: World) -> None:
    world.add("torch_only", pytorch=RIGHT)
    proof = world.prove("torch_only", frameworks=("pytorch",), repeat=1)
    assert any(gap.startswith("tensorflow") for gap in proof.unproven)
    assert any(gap.startswith("GPU") for gap in proof.unproven)


def test_a_backend_that_is_not_written_is_named(world: World) -> None:
    world.add("torch_only", pytorch=RIGHT)
    proof = world.prove("torch_only", repeat=1)
    assert "tensorflow: does not support torch_only" in proof.unproven


def test_what_has_no_limit_is_not_compared_whatever_its_shape(world: World) -> None:
    own = RIGHT + '    record.tensor("own", "weights", np.ones(SHAPE))\n'
    world.add("free", reference=RIGHT, pytorch="SHAPE = (2, 3)\n" + own, tensorflow="SHAPE = (3, 2)\n" + own)
    file = world.folder / "free" / "check.toml"
    file.write_text(file.read_text("utf-8") + '[tolerance.own]\nulps = inf\nwhy = "of no truth"\n', "utf-8")
    world.add("all_free", reference="def run(job, record): pass", pytorch=own, tensorflow=own)
    (world.folder / "all_free" / "check.toml").write_text(file.read_text("utf-8"), "utf-8")
    for name, shape in (("pytorch", "(2, 3)"), ("tensorflow", "(3, 2)")):
        source = f"import numpy as np\ndef run(job, record): record.tensor('own', 'weights', np.ones({shape}))\n"
        (world.folder / "all_free" / f"{name}.py").write_text(source)
    assert failed(world.prove("free", "all_free", repeat=1)) == []


def test_a_nan_is_said_even_where_no_reference_has_an_opinion(world: World) -> None:
    own = RIGHT + '    record.tensor("value", "a kernel of its own", np.array([1.0, np.nan]), 3)\n'
    world.add("broken", reference=RIGHT, pytorch=own)
    [(kind, _, summary)] = failed(world.prove("broken", frameworks=("pytorch",), repeat=1))
    assert (kind, "NaN or infinity first in a kernel of its own, step 3" in summary) == ("run", True)


def test_a_nan_is_said_where_the_reference_has_the_tensor_and_no_limit(world: World) -> None:
    free = RIGHT + '    record.tensor("own", "weights", WEIGHTS)\n'
    world.add(
        "free", reference="import numpy as np\nWEIGHTS = np.ones(2)\n" + free,
        pytorch="import numpy as np\nWEIGHTS = np.array([1.0, np.nan])\n" + free,
    )  # fmt: skip
    file = world.folder / "free" / "check.toml"
    file.write_text(file.read_text("utf-8") + '[tolerance.own]\nulps = inf\nwhy = "of no truth"\n', "utf-8")
    [(kind, _, summary)] = failed(world.prove("free", frameworks=("pytorch",), repeat=1))
    assert (kind, "NaN or infinity first in weights" in summary) == ("run", True)
