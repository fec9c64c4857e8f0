"""Writes the samples of output in the README and the pages: ``python -m tools.samples``. A test holds them to it.

A sample is a block of a page after a comment such as ``<!-- sample paragraphs=2 -->``. Its first line is the command;
what the command prints follows, as many paragraphs or ``lines`` of it. The command runs where ``laptop.json`` is the
machine of ``tests/samples/laptop.toml``. A self-test takes a minute and measures speed, and no two runs without a
seed are the same, so ``proof=FILE`` and ``repro=FILE`` show a saved result instead, ``fleet=FILE`` and
``links=FILE`` one of many hosts.
"""

from __future__ import annotations

import errno
import io
import json
import os
import pty
import re
import shlex
import subprocess
import sys
import tempfile
import termios
import tomllib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "tests" / "samples"
COLUMNS = 92  # what GitHub and the site show without a scroll bar
_SAMPLE = re.compile(
    r"(<!-- sample(?P<options>[^>]*)-->\n+```console\n\$ (?P<command>[^\n]+)\n)(?P<shown>.*?)(?=```)", re.DOTALL
)
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
_SHOW = """
import importlib, sys, pathlib
from gpusetup.value import load
report, model, kind = sys.argv[2:]
kind = getattr(importlib.import_module(model), kind)
importlib.import_module(report).show(load(pathlib.Path(sys.argv[1]), kind))
"""
SAVED = {
    "proof": ("gpusetup.report.selftest", "gpusetup.selftest.proof", "Proof"),
    "fleet": ("gpusetup.report.fleet", "gpusetup.fleet.model", "Fleet"),
    "links": ("gpusetup.report.links", "gpusetup.fleet.links.model", "Links"),
    "repro": ("gpusetup.report.repro", "gpusetup.repro.model", "Repro"),
}
"""Kinds of saved result: the module that shows one, and its value."""


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
    from tests.doctor.machines import laid_over  # hosts of the tests

    said = tomllib.loads((SAMPLES / "laptop.toml").read_text(encoding="utf-8"))
    host = json.loads((ROOT / "tests/doctor/hosts" / f"{said['host']}.json").read_text(encoding="utf-8"))
    return json.dumps(laid_over(host, said["change"]))


def _output(command: str, options: str) -> str:
    chosen = dict(one.split("=", 1) for one in options.split())
    program, *words = shlex.split(command)
    if program != "gpusetup":
        raise SystemExit(f"a sample runs gpusetup, not {program}")
    kind = next((kind for kind in SAVED if kind in chosen), "")
    run = ["-c", _SHOW, str(SAMPLES / chosen[kind]), *SAVED[kind]] if kind else ["-m", "gpusetup", *words]
    lines = [line.rstrip() for line in _printed(sys.executable, "-P", *run).splitlines()]
    shown = lines[: _end(lines, int(chosen.get("paragraphs", 0)) or len(lines), int(chosen.get("lines", len(lines))))]
    return "\n".join([*shown, *(["…"] if len(shown) < len(lines) else [])]) + "\n"


def _end(lines: list[str], paragraphs: int, most: int) -> int:
    """Return where the first `paragraphs` of `lines` end, or the first `most` lines."""
    ends = [number for number, line in enumerate(lines) if not line]
    return min([*ends[paragraphs - 1 : paragraphs], most])


@cache
def _printed(*command: str) -> str:
    """Return what `command` prints on a terminal of `COLUMNS` columns, beside ``laptop.json``."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (50, COLUMNS))
    environment = {"PATH": os.environ["PATH"], "NO_COLOR": "1", "LANG": "C.UTF-8", "TERM": "xterm"}
    with tempfile.TemporaryDirectory() as folder, open(ours, "rb", buffering=0) as terminal:
        Path(folder, "laptop.json").write_text(laptop(), encoding="utf-8")
        with subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
        ):
            os.close(theirs)
            printed = b"".join(iter(lambda: _read(terminal), b""))
    return _STYLE.sub("", printed.decode().replace("\r\n", "\n"))


def _read(terminal: io.FileIO) -> bytes:
    try:
        return terminal.read(4096)
    except OSError as error:
        if error.errno != errno.EIO:  # Linux's way to say that the other side has closed
            raise
        return b""


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
