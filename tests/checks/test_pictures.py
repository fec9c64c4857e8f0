"""Pictures that checks record for a report: each shows what the run computed, and another result draws another."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from checks import attribution, transformer
from checks.attribution import axioms
from checks.attribution.reference import Model as Classifier
from checks.boundary import plane
from checks.boundary.growth import SHOWN, ours, record_growth
from checks.common.record import Recorder
from checks.transformer.layers import layer_norm
from checks.transformer.maps import LINE, draw_maps
from checks.transformer.reference import Model
from checks.transformer.text import encode
from tests.checks.one_job import JOB

SAMPLE = plane.draw(5)


def test_a_rule_that_has_seen_more_decides_better() -> None:
    """The last frame is the rule on all points; what it draws follows the labels."""
    recorder, turned = Recorder(lambda *_: None), Recorder(lambda *_: None)
    record_growth(ours(JOB), SAMPLE, recorder)
    record_growth(ours(JOB), SAMPLE._replace(labels=1 - SAMPLE.labels), turned)
    best = plane.best(SAMPLE.places)
    frames, other = drawn(recorder), drawn(turned)
    assert len(frames) == 8
    for name, frame in frames.items():
        assert frame.shape == (len(SHOWN), plane.SIDE, plane.SIDE)
        assert np.mean(frame[-1] == other[name][-1]) < 0.1, name
    learned = [best.learned(frame.reshape(-1) > 0) for frame in frames["neighbours learns"]]
    assert learned[0] < 0.6
    assert learned[-1] > 0.875


def test_attention_maps_are_shares_and_do_not_see_the_future() -> None:
    plan, recorder, other = transformer.draw_plan(3), Recorder(lambda *_: None), Recorder(lambda *_: None)
    see(plan.weights, recorder)
    see(plan.weights | {"places": 0 * plan.weights["places"]}, other)
    maps = drawn(recorder)["attention"]
    assert maps.shape == (transformer.BLOCKS, transformer.HEADS, len(LINE), len(LINE))
    assert np.allclose(maps.sum(axis=-1), 1, atol=2e-3)
    assert not np.triu(maps, 1).any()
    assert np.abs(maps - drawn(other)["attention"]).max() > 0.1


def test_the_maps_are_those_that_the_model_uses() -> None:
    """Values mixed as the maps say are what the model's first block adds."""
    weights, recorder = transformer.draw_plan(3).weights, Recorder(lambda *_: None)
    layers = see(weights, recorder)
    normed, _ = layer_norm(layers["embedded"], weights["1.attention.norm"])
    values = normed[0] @ weights["1.attention.input.weight"][2].T + weights["1.attention.input.bias"][2]
    heads = np.split(values, transformer.HEADS, axis=1)
    mixed = np.hstack([one @ value for one, value in zip(drawn(recorder)["attention"][0], heads, strict=True)])
    expected = mixed @ weights["1.attention.output.weight"].T + weights["1.attention.output.bias"]
    assert np.allclose((layers["attention 1"] - layers["embedded"])[0], expected, atol=5e-3)


def test_attributions_are_drawn_beside_their_pictures() -> None:
    recorder = Recorder(lambda *_: None)
    asked = attribution.ask(3)
    model = Classifier(attribution.draw_weights(3), JOB)
    axioms.check_axioms(model, attribution.reference, asked, JOB, recorder)  # type: ignore[arg-type]
    found = drawn(recorder)
    count = len(found["explained"])
    assert np.array_equal(found["explained: classes"], asked.classes[:count])
    assert np.allclose(found["explained"].reshape(count, -1), asked.pictures[:count], atol=2e-3)
    expected = model.attributions(asked, 64)[:count]
    assert np.allclose(found["attributions"].reshape(count, -1), expected, atol=2e-3)


def see(weights: transformer.Weights, recorder: Recorder) -> dict[str, NDArray[np.float64]]:
    """Record the maps of a model with these weights; return what its layers give."""
    layers = Model(weights, JOB, causal=True).layers(encode(LINE)[None])
    draw_maps(layers, weights, transformer.HEADS, recorder)
    return layers


def drawn(recorder: Recorder) -> dict[str, NDArray[Any]]:
    """Return the recorded pictures as numbers."""
    return {
        one["name"]: np.frombuffer(
            zlib.decompress(base64.b64decode(one["data"])), "u1" if one["dtype"] == "uint8" else "<f2"
        )
        .reshape(one["shape"])
        .astype(np.float64)
        for one in recorder.result()["pictures"]
    }
