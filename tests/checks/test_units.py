"""A tensor whose elements may all have cancelled is compared in the unit of what was added up."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from checks.common.compare import compare
from checks.common.record import Recorder
from checks.descent.recorded import record_first_step


def saved(path: Path, value: float, unit: float = 0.0) -> str:
    recorder = Recorder(lambda *_: None)
    recorder.tensor("gradient", "gradient of bias", np.array([value, -value]), unit=unit)
    recorder.save(str(path))
    return str(path)


def test_without_a_unit_what_cancelled_is_far_off_and_with_it_is_not(tmp_path: Path) -> None:
    ours = saved(tmp_path / "ours", 0.00359165668)
    (alone,) = compare(ours, saved(tmp_path / "alone", 0.00359163206))
    (beside,) = compare(ours, saved(tmp_path / "beside", 0.00359163206, unit=0.5))
    assert alone["ulps"] > 100
    assert 0.2 < beside["ulps"] < 1
    assert alone["key"] == beside["key"] == "0 gradient of bias"


def test_a_unit_hides_no_fault(tmp_path: Path) -> None:
    (found,) = compare(saved(tmp_path / "ours", 0.004), saved(tmp_path / "theirs", 0.003, unit=0.5))
    assert found["ulps"] > 10_000


class Layer:
    def output(self, *inputs: object) -> np.ndarray:
        return np.zeros(1)

    def gradients(self, inputs: object, truth: object) -> tuple[float, dict[str, np.ndarray]]:
        return 1.0, {
            "hidden.kernel": np.array([8.0]),
            "output.kernel": np.array([0.25, -0.5]),
            "output.bias": np.zeros(1),
        }


def test_a_bias_is_compared_in_the_unit_of_its_layer(tmp_path: Path) -> None:
    recorder = Recorder(lambda *_: None)
    record_first_step(Layer(), (), np.zeros(1), recorder)  # type: ignore[arg-type]
    recorder.save(str(tmp_path / "trace"))
    with np.load(tmp_path / "trace") as trace:
        assert float(trace["unit of 0 gradient of output.bias"]) == 0.5
        assert float(trace["unit of 0 gradient of hidden.kernel"]) == 8.0
