"""`gpusetup.deterministic`: kernels that repeat their bits, as a function, a ``with`` statement and a decorator."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from gpusetup.determinism.audit import audit_switches
from gpusetup.determinism.kernels import KERNELS, Kernels
from gpusetup.determinism.later import forget, when_imported
from gpusetup.determinism.model import Settings, Switch
from gpusetup.determinism.remains import remains
from gpusetup.determinism.seeds import Seeded, seed_all, warn

if TYPE_CHECKING:
    from types import TracebackType

F = TypeVar("F", bound=Callable[..., Any])


@overload
def deterministic(function: F, /) -> F: ...
@overload
def deterministic(*, seed: int | None = None, warn_only: bool = False) -> Deterministic: ...
def deterministic(function: F | None = None, /, *, seed: int | None = None, warn_only: bool = False) -> object:
    """Choose kernels that repeat their bits in PyTorch, TensorFlow and JAX, now or when each is imported.

    Called, it holds from then on; in a ``with`` statement, to its end; as a decorator (``@deterministic`` or
    ``@deterministic(seed=0)``), during each call. With `seed` everything is seeded first, as `seed_everything` does.
    An operation without such a kernel raises the framework's own error; with `warn_only`, PyTorch warns instead.
    What was set is in ``settings``, and is taken back by ``restore()``; generators are not put back.
    """
    return Deterministic(seed, warn_only=warn_only) if function is None else _switched(function, seed, warn_only)


class Deterministic:
    """Switches that are in force until `restore` is called, or the ``with`` statement ends."""

    def __init__(self, seed: int | None, *, warn_only: bool) -> None:
        self._seed, self._warn_only = seed, warn_only
        self._undo: list[Callable[[], object]] = []
        self._late: list[Switch] = []
        found = seed_all(seed) if seed is not None else Seeded([], [])
        for kernels in KERNELS:
            self._choose(kernels, found)
        switches = (*self._late, *audit_switches())
        left = dict.fromkeys([*(remains("seed") if seed is not None else ()), *remains("switch")])
        waiting = tuple(dict.fromkeys(found.waiting))
        self.settings = Settings(
            seed=seed, done=tuple(found.done), waiting=waiting, switches=switches, remains=tuple(left)
        )
        warn(switches, 4)

    def _choose(self, kernels: Kernels, found: Seeded) -> None:
        def run(module: Any) -> None:
            chosen = kernels.choose(module, self._warn_only)
            found.done.extend(chosen.done)
            self._late.extend(chosen.late)
            self._undo.extend(chosen.undo)

        if not when_imported(kernels.module, self, run):
            found.waiting.append(kernels.title)

    def restore(self) -> None:
        """Put back what was changed; a second call does nothing."""
        forget(self)
        while self._undo:
            self._undo.pop()()

    def __enter__(self) -> Settings:
        return self.settings

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trail: TracebackType | None
    ) -> None:
        self.restore()

    def __call__(self, function: F) -> F:
        """Decorate `function`; what the call ``deterministic(…)`` has set is taken back first."""
        self.restore()
        return _switched(function, self._seed, self._warn_only)

    def __repr__(self) -> str:
        return str(self.settings)


def _switched(function: F, seed: int | None, warn_only: bool) -> F:
    """Return `function` with the switches in force during each of its calls."""

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        with Deterministic(seed, warn_only=warn_only):
            return function(*args, **kwargs)

    return run  # type: ignore[return-value]
