"""From results to sections: one module for each kind of result, with a pure function `sections`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from gpusetup.errors import WrongInputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gpusetup.report.page.model import Result, Section

MODULES = {
    "Fleet": "fleet", "Report": "doctor", "Stack": "plan", "Recipe": "plan", "Refusal": "plan", "Proof": "proof",
    "Comparison": "comparison", "Repro": "repro", "Lock": "lock", "Matrix": "matrix", "Machine": "machine",
}  # fmt: skip
"""Name of a value → the module here that shows it, in the order of the page: what is wrong first, readings last."""


def sections(results: Sequence[Result]) -> Iterator[Section]:
    """Yield the sections of all `results`, in the order of the page, not of the command line."""
    for kind, module in MODULES.items():
        some = [one for one in results if type(one.value).__name__ == kind]
        if some:
            yield from importlib.import_module(f"{__name__}.{module}").sections(some)
    unknown = [one for one in results if type(one.value).__name__ not in MODULES]
    if unknown:
        raise WrongInputError(f"{unknown[0].name}: a page cannot show this kind of result yet")
