"""Runs of ``links.pyz``'s ranks on this computer, through one process that has imported torch (`links_hub`)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gpusetup.fleet.links.judge import judge_links
from gpusetup.fleet.links.model import LinkFault, Links
from gpusetup.fleet.links.read import read_record

ROOT = Path(__file__).parents[2]


class Hub:
    """Starts one run of ranks after the other."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process, self._folder = process, folder
        self.seconds = 0.0
        """Of the last run."""

    def run(
        self, world: int, faults: Mapping[int, str], *, per_host: int = 1, size: float = 0.25, deadline: float = 3.0,
        **more: Any,
    ) -> Links:  # fmt: skip
        """Return what is judged of a run: host ``node03`` has the ranks from 3 × `per_host` on."""
        record = self._folder / "links.json"
        record.unlink(missing_ok=True)
        words = ["--out", str(record), "--size", str(size), "--deadline", str(deadline), "--meet", "60"]
        hosts = [f"node{rank // per_host:02}" for rank in range(world)]
        spec = {"world": world, "hosts": hosts, "words": words, "faults": dict(faults)} | more
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(spec)}\n")
        self._process.stdin.flush()
        self.seconds = float(self._process.stdout.readline())
        return judge_links(read_record(record))


@contextmanager
def hub(folder: Path, words: Sequence[str] = ()) -> Iterator[Hub]:
    """Yield a hub that ends with the block; what the ranks say is in ``ranks.log``."""
    with (folder / "ranks.log").open("w") as log:
        command = [*words, sys.executable, "-m", "tests.fleet.links_hub"]
        process = subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, stderr=log, text=True)
        try:
            yield Hub(process, folder)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(20)


def named(links: Links) -> list[tuple[str, str, str]]:
    """Return each fault's kind, subject and direction."""
    return [(one.kind, one.subject, one.direction) for one in links.faults]


def text_of(links: Links, kind: str) -> str:
    """Return the text of the first fault of a kind."""
    found: LinkFault = next(one for one in links.faults if one.kind == kind)
    return found.text
