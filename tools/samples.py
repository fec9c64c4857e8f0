"""Writes the samples of output in the README and the pages: ``python -m tools.samples``. A test holds them to it.

A sample is a block of a page after a comment such as ``<!-- sample lines=12 -->``. Its first line is the command; what
the command prints follows, at most so many lines of it. The command runs where ``laptop.json`` is the machine of
``tests/samples/laptop.toml``. A self-test takes a minute and measures speed, so ``proof=FILE`` shows a saved proof.
"""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
from contextlib import redirect_stdout
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "tests" / "samples"
COLUMNS = "92"  # what GitHub and the site show without a scroll bar
_SAMPLE = re.compile(
    r"(<!-- sample(?P<options>[^>]*)-->\n+```console\n\$ (?P<command>[^\n]+)\n)(?P<shown>.*?)(?=```)", re.DOTALL
)
_PLAIN = {"COLUMNS": COLUMNS, "NO_COLOR": "1", "LANG": "C.UTF-8"}


def pages() -> list[Path]:
    """Return the pages that may have samples."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def rewritten(text: str) -> str:
    """Return the page `text` with each sample as the program prints it now."""
    return _SAMPLE.sub(lambda found: found[1] + _output(found["command"], found["options"]), text)


def count(text: str) -> int:
    """Return how many samples the page `text` has."""
    return len(_SAMPLE.findall(text))


def laptop() -> str:
    """Return the sick machine as JSON."""
    from tests.doctor.machines import laid_over  # noqa: PLC0415 - hosts of the tests

    said = tomllib.loads((SAMPLES / "laptop.toml").read_text(encoding="utf-8"))
    host = json.loads((ROOT / "tests/doctor/hosts" / f"{said['host']}.json").read_text(encoding="utf-8"))
    return json.dumps(laid_over(host, said["change"]))


def _output(command: str, options: str) -> str:
    chosen = dict(one.split("=", 1) for one in options.split())
    printed = _proof(SAMPLES / chosen["proof"]) if "proof" in chosen else _run(command)
    lines = [line.rstrip() for line in printed.splitlines()]
    shown = lines[: int(chosen.get("lines", len(lines)))]
    while shown and not shown[-1]:
        shown.pop()
    return "\n".join([*shown, *(["…"] if len(shown) < len(lines) else [])]) + "\n"


def _run(command: str) -> str:
    program, *words = shlex.split(command)
    if program != "gpusetup":
        raise SystemExit(f"a sample runs gpusetup, not {program}")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "laptop.json").write_text(laptop(), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-P", "-m", "gpusetup", *words], cwd=folder, env={"PATH": os.environ["PATH"], **_PLAIN},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
    return done.stdout


def _proof(file: Path) -> str:
    from gpusetup.report.selftest import show  # noqa: PLC0415 - only one sample is a proof
    from gpusetup.selftest.proof import Proof  # noqa: PLC0415
    from gpusetup.value import load  # noqa: PLC0415

    text = io.StringIO()
    with patch.dict(os.environ, _PLAIN), redirect_stdout(text):
        show(load(file, Proof))
    return text.getvalue()


def main() -> int:
    """Rewrite every page that has samples."""
    for page in pages():
        old = page.read_text(encoding="utf-8")
        if (new := rewritten(old)) != old:
            page.write_text(new, encoding="utf-8")
            print(f"rewritten: {page.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
