"""What nobody looked at, in words, so that a green report is not taken for more than it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.selftest.frameworks import USUAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gpusetup.selftest.catalogue import Check
    from gpusetup.selftest.plan import Selection


def gaps(selection: Selection, checks: dict[str, Check]) -> Iterator[str]:
    """Yield one sentence for each thing that was not proven."""
    for name in USUAL:
        if name not in selection.pythons:
            yield f"{name}: it did not run, nothing is known of it"
    for name in selection.left_out:
        yield f"{name}: installed, and left to --full or --framework {name}"
    if all(device == "cpu" for device in selection.devices):
        yield "GPU: no check ran on one"
    yield from _not_written(selection, checks)
    if selection.repeat < 2:
        yield "determinism: one round only, nothing to compare it with"


def _not_written(selection: Selection, checks: dict[str, Check]) -> Iterator[str]:
    for framework in selection.pythons:
        for precision in selection.precisions:
            left = [
                name
                for name in selection.checks
                if not any(checks[name].runs_in(framework, precision, device) for device in selection.devices)
            ]
            form = "" if precision == "float32" else f" in {precision}"
            if left:
                yield f"{framework}{form}: there is no form of {', '.join(left)}"
