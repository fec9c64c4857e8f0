"""Names the releases on the package index that the tables lack, and returns 1 when there are any.

Patch releases count: 2.16.1 of TensorFlow cannot find its CUDA, 2.16.2 can. What is older than the tables reach is not
asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import date

from packaging.version import Version

from gpusetup.facts import Facts, facts
from tools import pip_index

TABLES: dict[str, tuple[str, Callable[[Facts], set[str]]]] = {
    "torch": ("2.0", lambda tables: {row.release for row in tables.torch}),
    "tensorflow": ("2.14", lambda tables: {row.release for row in tables.tensorflow}),
    "jax-cuda12-plugin": ("0.4.30", lambda tables: {row.release for row in tables.jax}),
    "jax-cuda13-plugin": ("0.4.30", lambda tables: {row.release for row in tables.jax}),
    "nvidia-cudnn-cu12": ("9.0", lambda tables: {row.version for row in tables.cudnn}),
    "nvidia-cudnn-cu13": ("9.0", lambda tables: {row.version for row in tables.cudnn}),
    "cuda-toolkit": ("12.0", lambda tables: {row.release for row in tables.cuda}),
}
"""Package → the oldest release that counts, and what the tables have of it."""


def missing(tables: Facts) -> Iterator[str]:
    """Yield each release that has no row, with its package."""
    for package, (oldest, have) in TABLES.items():
        known = {_same(text) for text in have(tables)}
        for text in pip_index.versions(package):
            version = Version(text)
            if version >= Version(oldest) and not version.is_postrelease and _same(text) not in known:
                yield f"{package} {text} has no row"


def _same(text: str) -> tuple[int, ...]:
    """Return the numbers that count: a cuda-toolkit 13.0.3.0 is CUDA 13.0.3, and cuDNN has four that all count."""
    numbers = Version(text).release
    return numbers[:-1] if len(numbers) == 4 and numbers[-1] == 0 else numbers


def main() -> int:
    """Print them; return 1 when there are any."""
    found = list(missing(facts()))
    print("\n".join(found) or f"the tables have every release, {date.today()}")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
