"""The check `cost` counts products that are held against sums written out, and its bills add up."""

from __future__ import annotations

import importlib
import itertools
import math

import numpy as np
import pytest

from checks import attribution, boundary, cnn, gan, generate, gru, linear, logistic, mlp, training_recipe, transformer
from checks.boundary import plane
from checks.common.record import Recorder
from checks.cost import SLACK, Bill, Cost, parameters, report
from checks.cost.products import Tally, count, watch
from checks.cost.workloads import workloads
from checks.inpaint import ROWS, SIZES
from checks.inpaint.scene import SIDE
from checks.transformer.text import LETTERS
from tests.checks.one_job import JOB

GIVEN = workloads(JOB)
COST = Cost("boundary", 1185, 1_000_000)


def counted(name: str) -> int:
    return count(GIVEN[name], importlib.import_module(f"checks.{name}.reference"))


def dense(rows: int, *sizes: int) -> int:
    """Three products a layer, of which the first layer does without one."""
    layers = [rows * one * two for one, two in itertools.pairwise(sizes)]
    return 2 * (3 * sum(layers) - layers[0])


def bill(*, seconds: float = 1.0, losses: tuple[float, float] = (2.0, 1.0), falls: bool = True) -> dict[str, bool]:
    recorder = Recorder(lambda *_: None)
    report(COST._replace(falls=falls), Bill(10, seconds, 5.0, losses), 1e12, 2.0**20, recorder)
    return {one["name"]: one["holds"] for one in recorder.result()["invariants"]}


def test_every_check_with_weights_of_its_own_is_costed() -> None:
    assert {*GIVEN} >= {"linear", "logistic", "mlp", "cnn", "gnn", "gan", "text", "sequences", "attribution"}
    assert {*GIVEN} >= {"training_recipe", "generate", "inpaint", "boundary", "gru", "transformer"}
    for name in GIVEN:
        assert counted(name) > 0, name


def test_dense_layers_are_three_products_each_and_the_first_two() -> None:
    assert counted("boundary") == dense(plane.POINTS, 2, boundary.HIDDEN, boundary.HIDDEN, 1)
    assert counted("mlp") == dense(mlp.POINTS, 2, mlp.HIDDEN, 1)
    assert counted("linear") == dense(linear.ROWS, linear.FEATURES, 1)
    assert counted("logistic") == dense(len(logistic.read_problem(JOB.seed).x), logistic.FEATURES, 1)
    sizes = training_recipe.SIDE**2, training_recipe.HIDDEN, training_recipe.SIDE
    assert counted("training_recipe") == dense(training_recipe.ROWS, *sizes)
    sizes = training_recipe.SIDE**2, attribution.HIDDEN, training_recipe.SIDE
    assert counted("attribution") == dense(attribution.ROWS, *sizes)


def test_two_opponents_pay_for_both_networks() -> None:
    """Made numbers are constants in one step; in the other the slope goes through the discriminator as well."""
    n, h = gan.BATCH, gan.HIDDEN
    make, score = 2 * n * (gan.NOISE * h + h), 2 * n * (h + h)
    discriminate = make + 2 * dense(n, 1, h, 1)
    back_through = 2 * n * (h + h)
    assert counted("gan") == discriminate + dense(n, gan.NOISE, h, 1) + score + back_through


def test_a_gru_counts_every_gate_at_every_place() -> None:
    plan = gru.draw_plan(JOB)
    rows, places = gru.batches(plan, JOB.seed, 1)[0].letters.shape
    gates = 3 * places * (gru.EMBEDDING * gru.HIDDEN + gru.HIDDEN * gru.HIDDEN)
    assert counted("gru") == 6 * rows * (gates + gru.HIDDEN * len(plan.corpus.languages))


def test_a_transformer_counts_six_operations_per_weight_and_letter_and_its_attention() -> None:
    batch = transformer.draw_plan(JOB.seed).batch(0, causal=True)
    letters, places = batch.letters.size, batch.letters.shape[1]
    d, inner, asked = transformer.WIDTH, transformer.INNER, batch.letters.size
    products = transformer.BLOCKS * (4 * d * d + 2 * d * inner)
    scores = transformer.BLOCKS * 2 * places * d
    assert counted("transformer") == 6 * letters * (products + scores) + 6 * asked * LETTERS * d


def test_a_writer_counts_its_attention_and_scores_what_is_asked_for() -> None:
    batch = generate.draw_plan(JOB.seed).batch(0)
    letters, places, d = batch.letters.size, batch.letters.shape[1], generate.WIDTH
    asked = int((batch.targets != 0).sum())
    assert counted("generate") == 6 * letters * (4 * d * d + 2 * places * d) + 6 * asked * LETTERS * d


def test_a_convolution_is_used_at_every_place() -> None:
    n, (one, two) = cnn.BATCH, cnn.CHANNELS
    first, second, scores = 64 * 9 * one, 16 * 9 * one * two, 4 * two * cnn.DIGITS
    assert counted("cnn") == 2 * n * (2 * first + 3 * second + 3 * scores)
    layers = [ROWS * SIDE**2 * 9 * into * out for into, out in itertools.pairwise(SIZES)]
    assert counted("inpaint") == 2 * (3 * sum(layers) - layers[0])


def test_products_are_counted_through_all_that_is_made_of_a_watched_array() -> None:
    tally = Tally()
    left = watch(np.ones((3, 4)), tally)
    (np.tanh(left[:, :2]).T @ np.ones((3, 5))).sum()
    assert tally.operations == 2 * 2 * 3 * 5
    np.einsum("nij,jk->nik", np.ones((2, 3, 4)), np.stack([left])[0].T)
    assert tally.operations == 2 * 2 * 3 * 5 + 2 * 2 * 3 * 4 * 3
    with pytest.raises(TypeError, match="dot is not counted"):
        np.dot(left, left.T)


def test_parameters_are_those_that_are_drawn() -> None:
    assert parameters(GIVEN["boundary"].weights) == 2 * 32 + 32 + 32 * 32 + 32 + 32 + 1


def test_a_bill_that_cannot_be_is_refused() -> None:
    fast, learns = "boundary is no faster than products of matrices", "boundary learns for what it costs"
    assert bill() == {fast: True, learns: True}
    most = COST.flops * 10 / (SLACK * 1e12)
    assert bill(seconds=most / 1.01)[fast] is False
    assert bill(losses=(1.0, 1.0))[learns] is False
    assert bill(losses=(1.0, math.nan))[learns] is False
    assert bill(losses=(1.0, 2.0), falls=False) == {fast: True}


def test_energy_is_per_step_and_per_unit_of_loss() -> None:
    recorder = Recorder(lambda *_: None)
    report(COST, Bill(10, 1.0, 5.0, (2.0, 1.5)), 1e12, 2.0**20, recorder)
    (line,) = recorder.result()["observations"]
    assert "0.500 J a step, 10.00 J per unit" in line["text"]
    rate = COST.flops * 10 / 1e12
    assert recorder.result()["measures"]["boundary: share of the ceiling"] == pytest.approx(rate)
