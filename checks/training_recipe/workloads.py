"""The list on the trained models of other checks, in the framework of the job."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from checks import gru, transformer
from checks.training_recipe.sanity import check_sanity

if TYPE_CHECKING:
    from checks.common.job import Job
    from checks.common.record import Recorder
    from checks.training_recipe import Rows, Subject

_ROWS = 8
Array = NDArray[np.floating]


def check_workloads(job: Job, record: Recorder) -> None:
    """Go through the list with the GRU and with the language model."""
    workloads: dict[str, Callable[[Job], Subject]] = {"gru": Names}
    if job.precision != "float64":  # the transformer does not support it in every framework
        workloads["transformer"] = Text
    for name, make in workloads.items():
        check_sanity(make(job), make(job), job, _Prefixed(record, name))  # type: ignore[arg-type]  # all that it asks


class _Prefixed:
    """A recorder that puts the workload's name before every name."""

    def __init__(self, record: Recorder, name: str) -> None:
        self._record, self._name = record, name

    def tensor(self, kind: str, name: str, value: Any, step: int = 0) -> None:
        self._record.tensor(kind, f"{self._name}: {name}", value, step)

    def invariant(self, name: str, holds: bool, detail: str) -> None:
        self._record.invariant(f"{self._name}: {name}", holds, detail)

    def observe(self, table: str, row: str, text: str) -> None:
        self._record.observe(table, f"{self._name}: {row}", text)


class Workload:
    """A model of another check with a batch of it; its letters are the first input."""

    independent = True

    def __init__(self, model: Any, weights: Any, batch: Any) -> None:
        self._model, self._start, self._batch = model, weights, batch

    @property
    def inputs(self) -> NDArray[np.int64]:
        letters: NDArray[np.int64] = self._batch.letters
        return letters

    def loss(self, rows: Rows | None = None, *, blank: bool = False) -> float:
        loss: float = self._model.gradients(self._blank() if blank else self._of(rows))[0]
        return loss

    def gradients(self, rows: Rows | None = None) -> dict[str, Array | None]:
        return dict(self._model.gradients(self._of(rows))[1])

    def reach(self, row: int) -> None:  # noqa: ARG002 - letters are integers, for any row
        return None

    def outputs(self, rows: Rows | None = None, *, training: bool = False) -> Array:
        raise NotImplementedError

    def exchanged(self, row: int, by: int) -> Array:
        rows = np.arange(len(self.inputs))
        rows[row] = by
        return self.outputs(rows)

    def step(self, *, blank: bool = False) -> float:
        loss: float = self._model.step(self._blank() if blank else self._batch)
        return loss

    def weights(self) -> dict[str, Array]:
        found: dict[str, Array] = self._model.weights()
        return found

    def reset(self) -> None:
        self._model.load(self._start)

    def _of(self, rows: Rows | None) -> Any:
        return self._batch if rows is None else type(self._batch)(*(part[rows] for part in self._batch))

    def _blank(self) -> Any:
        """Return the batch with the same letter everywhere; letter 0 is padding, which would leave nothing."""
        return self._batch._replace(letters=np.where(self._batch.letters == 0, 0, 1))


class Names(Workload):
    """The GRU with names by language."""

    def __init__(self, job: Job) -> None:
        plan = gru.draw_plan(job)
        model = importlib.import_module(f"checks.gru.{job.framework}").Model(plan.weights, job)
        super().__init__(model, plan.weights, plan.corpus.batch(plan.learned[:_ROWS]))

    @property
    def targets(self) -> NDArray[np.int64]:
        languages: NDArray[np.int64] = self._batch.languages
        return languages

    def outputs(self, rows: Rows | None = None, *, training: bool = False) -> Array:  # noqa: ARG002 - no dropout
        scores: Array = self._model.logits(self._of(rows))
        return scores


class Text(Workload):
    """The causal language model with lines of text."""

    def __init__(self, job: Job) -> None:
        plan = transformer.draw_plan(job.seed)
        backend = importlib.import_module(f"checks.transformer.{job.framework}")
        model = backend.Model(plan.weights, job, causal=True)
        super().__init__(model, plan.weights, plan.batch(0, causal=True))

    @property
    def targets(self) -> NDArray[np.int64]:
        targets: NDArray[np.int64] = self._batch.targets
        return targets

    def outputs(self, rows: Rows | None = None, *, training: bool = False) -> Array:  # noqa: ARG002 - no dropout
        scores: Array = self._model.layers(self._of(rows).letters)["logits"]
        return scores
