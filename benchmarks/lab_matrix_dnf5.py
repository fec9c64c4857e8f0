"""The matrix of `lab_matrix.py` with real dnf 5 and rpm 6, for the releases that have them.

``python benchmarks/lab_matrix_dnf5.py [WORD…]``, with the same words. Needs root, mmdebstrap and a mirror of Debian.
Exits 1 when a cell went wrong.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the campaign lives beside the tests

from benchmarks import lab_matrix
from tests.lab.base import NoBaseError, forky
from tests.lab.cells import FIRST_WITH_DNF5


def main(*only: str) -> int:
    try:
        base = forky()
    except NoBaseError as error:
        print(f"not run: {error}")
        return 0
    return lab_matrix.main(*only, base=base, oldest=FIRST_WITH_DNF5)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
