"""Templates with values in every kind of place: what is accepted is run by bash, and no value may run.

``python benchmarks/hostile_templates.py [COUNT [SEED]]``. COUNT shapes (default 2,000) of the seeded grammar in
tests/render, and the 66 by hand, are judged; each is run by real bash in an empty folder with hostile values,
the refused ones too, unchecked, which says how many of the harmless shapes are refused. Exits 1 when a value ran in a
shape that was accepted, or a refusal does not say where and why.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the shapes live beside the tests

from gpusetup.render import marks
from tests.render import shapes
from tests.render.bash_oracle import BROKEN, HOSTILE, filled, ran, refusal, run
from tests.render.shape_grammar import Shapes

EVERY = 5
"""One of this many refused shapes is run, to estimate how many were harmless."""


def main(count: str = "2000", seed: str = "1") -> int:
    start = time.monotonic()
    drawn = Shapes(int(seed))
    tried = {*shapes.ALL.values(), *(drawn.shape() for _ in range(int(count)))}
    totals: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for number, shape in enumerate(sorted(tried)):
            totals.update(_judged(shape, Path(folder), look=number % EVERY == 0))
    print(f"{len(tried)} shapes tried with {len(HOSTILE) + len(BROKEN)} values each; {time.monotonic() - start:.0f} s")
    for name, number in sorted(totals.items()):
        print(f"{number:7} {name}")
    harmless = totals["refused, run: harmless"]
    safe = totals["accepted, and nothing ran"] + harmless * EVERY
    share = totals["accepted, and nothing ran"] / max(safe, 1)
    print(f"of the harmless shapes that bash can read about {share:.0%} are accepted")
    return 1 if totals["ACCEPTED, AND A VALUE RAN"] or totals["REFUSED WITHOUT LINE OR REASON"] else 0


def _judged(shape: str, folder: Path, *, look: bool) -> list[str]:
    why = refusal(shape)
    if why:
        said = ["refused"]
        if not re.match(r"line \d+ of this text, .*, \S+", why, re.DOTALL) or "(" not in why:
            said.append("REFUSED WITHOUT LINE OR REASON")
            print(f"  {why!r}: {shape!r}")
        if look and ran(shape, ("harmless",), folder):
            said.append("refused, run: makes the mark by itself")
        elif look and run(f"set -n\n{marks.stripped(filled(shape, 'harmless'))}", folder):
            said.append("refused, run: no shell text")
        elif look:
            said.append("refused, run: a value ran" if ran(shape, HOSTILE, folder) else "refused, run: harmless")
        return said
    if ran(shape, ("harmless",), folder):
        return ["accepted, makes the mark by itself"]
    if run(marks.stripped(filled(shape, "harmless")), folder) == 124:
        return ["accepted, does not end"]
    if run(f"set -n\n{marks.stripped(filled(shape, 'harmless'))}", folder):
        return ["accepted, no shell text"]
    value = ran(shape, [one for one in HOSTILE if not refusal(shape, one)], folder)
    if value:
        print(f"  RAN: {value!r} in {shape!r}")
    return ["ACCEPTED, AND A VALUE RAN" if value else "accepted, and nothing ran"]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
