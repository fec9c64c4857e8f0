"""Every release × repository policy × generation of cards on the stand-in Fedora: install, install again, take back.

``python benchmarks/lab_matrix.py [WORD…]``: all cells, or those of these releases and policies. A cell whose plan has
the same steps as another's, byte for byte, is walked through once for both. A plan must exist unless
`tests/lab/refusals.toml` gives a reason. Needs root. Exits 1 when a cell went wrong.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the campaign lives beside the tests

from gpusetup.render.steps import recipe
from gpusetup.resolve.model import Stack
from tests.lab import cells
from tests.lab.base import HERE, Base
from tests.lab.cells import Cell, Verdict
from tests.lab.conftest import lacking
from tests.lab.world import CARDS, World

WORKERS = 2


def main(*only: str, base: Base = HERE, oldest: int = 0) -> int:
    """Walk on `base` through the cells of the releases from `oldest` on, and return the exit code."""
    if why := lacking():
        print(f"not run: {why}")
        return 0
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "world").mkdir()
        world = World(Path(folder) / "world")
        try:
            asked = [
                (cell, cell.stack(world))
                for cell in cells.every()
                if int(cell.release) >= oldest and (not only or {cell.release, cell.repo} & set(only))
            ]
            answers = {cell: cells.answered_rightly(cell, answer) for cell, answer in asked}
            plans = {cell: answer for cell, answer in asked if isinstance(answer, Stack)}
            digests = {cell: recipe(stack).digest for cell, stack in plans.items()}
            first = {digest: cell for cell, digest in reversed(digests.items())}
            print(
                f"{len(asked)} cells, {len(asked) - len(plans)} refused, {len(first)} different recipes to walk",
                flush=True,
            )
            with ThreadPoolExecutor(WORKERS) as pool:
                walked = pool.map(
                    lambda at: cells.walk(world, Path(folder) / f"lab{at[0]}", plans[at[1]], base),
                    enumerate(first.values()),
                )
                seen = {}
                for (digest, cell), verdict in zip(first.items(), walked, strict=True):
                    seen[digest] = verdict
                    print(f"  {time.monotonic() - start:5.0f} s  {cell}: {verdict.wrong or 'ok'}", flush=True)
        finally:
            world.close()
    walks = {cell: seen[digest] for cell, digest in digests.items() if not answers[cell].wrong}
    whole = answers | walks
    return _report(whole, set(plans), time.monotonic() - start)


def _report(verdicts: dict[Cell, Verdict], planned: set[Cell], seconds: float) -> int:
    _table(verdicts, planned)
    for cell, verdict in verdicts.items():
        if verdict.wrong:
            print(f"{cell}: {verdict.wrong}\n{verdict.said[-1500:]}")
    for repo in cells.REPOS:
        own = {cell: verdict for cell, verdict in verdicts.items() if cell.repo == repo}
        count = Counter((cell in planned, not verdict.wrong) for cell, verdict in own.items())
        print(f"{repo:10} {len(own):3} cells: {count[True, True]} installed and taken back, "
              f"{count[False, True]} rightly refused, {count[True, False] + count[False, False]} wrong")  # fmt: skip
    wrong = sum(bool(verdict.wrong) for verdict in verdicts.values())
    print(f"{len(verdicts)} cells, {len(verdicts) - wrong} right, {wrong} wrong; {seconds:.0f} s")
    return 1 if wrong else 0


def _table(verdicts: dict[Cell, Verdict], planned: set[Cell]) -> None:
    columns = [(repo, card.arch.split()[0]) for repo in cells.REPOS for card in CARDS]
    print("release  " + " ".join(f"{repo[:9]:>9}" for repo, _ in columns))
    print("         " + " ".join(f"{arch[:9]:>9}" for _, arch in columns))
    for release in dict.fromkeys(cell.release for cell in verdicts):
        row = [cell for cell in verdicts if cell.release == release]
        row.sort(key=lambda cell: columns.index((cell.repo, cell.card.arch.split()[0])))
        words = ["WRONG" if verdicts[cell].wrong else "ok" if cell in planned else "refused" for cell in row]
        print(f"{release:8} " + " ".join(f"{word:>9}" for word in words))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
