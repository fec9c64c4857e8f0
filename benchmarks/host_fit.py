"""Whether an image runs on a driver and a GPU: every driver × image × GPU of the tables, compared with the oracle."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from gpusetup.facts import facts
from tests.doctor.host_fit import WORST, cards, cells, expected, images, said

SHOWN = 10


def main() -> int:
    tables = facts()
    every = list(cells(tables))
    whole = len(tables.branch) * len(images(tables)) * len(cards(tables))
    print(
        f"{len(tables.branch)} drivers x {len(images(tables))} images x {len(cards(tables))} kinds of cards = {whole}"
    )
    start = time.process_time()
    found = [said(one) for one in every]
    took = time.process_time() - start
    totals = Counter(found)
    print(f"judged {len(every)} (in the others the driver does not drive the card) in {took:.0f} s of CPU")
    print(", ".join(f"{state} {totals[state]}" for state in WORST))
    wrong = [(one, what) for one, what in zip(every, found, strict=True) if what != expected(tables, one)]
    for one, what in wrong[:SHOWN]:
        print(f"DIFFERS: {one.driver.branch}, {one.image.name}, {one.card.name}: {what}, not {expected(tables, one)}")
    print(f"disagreements with the oracle: {len(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
