"""The check `cost` counts by formulas that are held against sums written out, and its bills add up."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from checks import boundary, cnn, gru, mlp, transformer
from checks.boundary import plane
from checks.common.record import Recorder
from checks.cost import SLACK, Bill, report
from checks.cost.workloads import WORKLOADS, dense_flops
from checks.transformer.text import LETTERS
from tests.checks.one_job import JOB

BY_NAME = {one.name: one for one in WORKLOADS}
BOUNDARY = BY_NAME["boundary"]


def bill(*, seconds: float = 1.0, losses: tuple[float, float] = (2.0, 1.0), ceiling: float = 1e12) -> dict[str, bool]:
    recorder = Recorder(lambda *_: None)
    report(BOUNDARY, BOUNDARY.draw(JOB), Bill(10, seconds, 5.0, losses), ceiling, 2.0**20, recorder)
    return {one["name"]: one["holds"] for one in recorder.result()["invariants"]}


def test_dense_layers_are_three_products_each_and_the_first_two() -> None:
    n, h = plane.POINTS, boundary.HIDDEN
    forward = n * (2 * h + h * h + h)
    weights, inputs = forward, n * (h * h + h)
    assert dense_flops() == 2 * (forward + weights + inputs)


def test_a_gru_counts_every_gate_at_every_place() -> None:
    workload = BY_NAME["gru"]
    given = workload.draw(JOB)
    batch = given.batches(1)[0]
    rows, places = batch.letters.shape
    languages = len(gru.draw_plan(JOB).corpus.languages)
    once = 0
    for _ in range(3):  # gates
        once += places * (gru.EMBEDDING * gru.HIDDEN + gru.HIDDEN * gru.HIDDEN)
    assert workload.flops(given, batch) == 6 * rows * (once + gru.HIDDEN * languages)


def test_a_transformer_counts_six_operations_per_weight_and_letter_and_its_attention() -> None:
    workload = BY_NAME["transformer"]
    given = workload.draw(JOB)
    batch = given.batches(1)[0]
    letters, places = batch.letters.size, batch.letters.shape[1]
    d, inner = transformer.WIDTH, transformer.INNER
    products = transformer.BLOCKS * (4 * d * d + 2 * d * inner) + LETTERS * d
    scores = transformer.BLOCKS * 2 * places * d
    assert workload.flops(given, batch) == 6 * letters * (products + scores)


def test_a_small_network_counts_three_products_and_its_first_layer_two() -> None:
    workload = BY_NAME["mlp"]
    given = workload.draw(JOB)
    n, h = mlp.POINTS, mlp.HIDDEN
    forward, inputs = n * (2 * h + h), n * h
    assert workload.flops(given, given.batches(1)[0]) == 2 * (forward + forward + inputs)


def test_a_convolution_is_used_at_every_place() -> None:
    workload = BY_NAME["cnn"]
    given = workload.draw(JOB)
    n, (one, two) = cnn.BATCH, cnn.CHANNELS
    first, second, scores = 64 * 9 * one, 16 * 9 * one * two, 4 * two * cnn.DIGITS
    assert workload.flops(given, given.batches(1)[0]) == 2 * n * (2 * first + 3 * second + 3 * scores)


def test_parameters_are_those_that_are_drawn() -> None:
    assert BOUNDARY.draw(JOB).parameters == 2 * 32 + 32 + 32 * 32 + 32 + 32 + 1
    for name, workload in BY_NAME.items():
        assert workload.draw(dataclasses.replace(JOB, seed=9)).parameters == workload.draw(JOB).parameters, name


def test_a_bill_that_cannot_be_is_refused() -> None:
    fast, learns = "boundary is no faster than products of matrices", "boundary learns for what it costs"
    assert bill() == {fast: True, learns: True}
    most = dense_flops() * 10 / (SLACK * 1e12)
    assert bill(seconds=most / 1.01)[fast] is False
    assert bill(losses=(1.0, 1.0))[learns] is False
    assert bill(losses=(1.0, float("nan")))[learns] is False


def test_energy_is_per_step_and_per_unit_of_loss() -> None:
    recorder = Recorder(lambda *_: None)
    report(BOUNDARY, BOUNDARY.draw(JOB), Bill(10, 1.0, 5.0, (2.0, 1.5)), 1e12, 2.0**20, recorder)
    (line,) = recorder.result()["observations"]
    assert "0.500 J a step, 10.00 J per unit" in line["text"]
    rate = dense_flops() * 10 / 1e12
    assert recorder.result()["measures"]["boundary: share of the ceiling"] == pytest.approx(rate)
    assert np.isfinite(rate)
