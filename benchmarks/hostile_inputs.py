"""Hostile text in every text field of a recipe: none of it may be run, and all of it must arrive unchanged.

``python benchmarks/hostile_inputs.py [COUNT]``. Three campaigns against real bash: COUNT words (default 40,000) drawn
by hypothesis through the quoting filter, in every place a template may put one; poison in every single text of several
plans, whose whole scripts are then run; poison on the command line. Exits 1 when anything was run, lost or changed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the campaign lives beside the tests

from gpusetup.errors import GpusetupError, WrongInputError
from gpusetup.render import environment
from gpusetup.render.formats import render
from gpusetup.render.quoting_check import check_shell
from gpusetup.render.steps import recipe
from gpusetup.resolve.model import Stack
from tests.stacks import cardless, desktop, laptop

BATCH = 200
PLACES = (
    "printf '%s\\0' {{ value | sh }}",
    "x={{ value | sh }}; printf '%s\\0' \"$x\"",
    "x=({{ [value] | sh }}); printf '%s\\0' \"${x[0]}\"",
    "f() { printf '%s\\0' \"$1\"; }; f {{ value | sh }}",
    "[[ x == {{ value | sh }} ]] || :; printf '%s\\0' \"$(printf '%s.' {{ value | sh }})\"",
)
PIECES = ("'", '"', "\\", "`", "$(", ")", "${", "}", ";", "&", "|", ">", "<", "#", "!", "~", "*", "?", "[", "]", "$'",
          "\n", "\r", "\t", "\x1b", "\0", "\u2028", "\u202e", "\ue000", "\ue001", "\ue002", "EOF", "GPUSETUP_END",
          "{{ x }}", "{%", "$(exit 3)", "`exit 3`", "-n", "--", "=", " ", "é", "\U0001f4a3", "\ud7ff")  # fmt: skip
WORDS = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=8).map("".join)
POISONS = ("'\"$(:>{mark})`:>{mark}`;:>{mark}&x", "x\n:>{mark}\n", "x$(:>{mark})", "{{ 7*7 }}x';:>{mark};'")


def main(count: str = "40000") -> int:
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        totals = [words(int(count)), plans(Path(folder)), command_line(Path(folder))]
    print(f"{sum(tried for tried, _ in totals)} hostile inputs tried, {sum(bad for _, bad in totals)} got through; "
          f"{time.monotonic() - start:.0f} s")  # fmt: skip
    return 1 if any(bad for _, bad in totals) else 0


def words(count: int) -> tuple[int, int]:
    """Send `count` words through the filter and real bash; each has to arrive whole, or be refused for a reason."""
    tried = refused = changed = 0
    scripts = environment.scripts([])
    templates = [scripts.from_string(place) for place in PLACES]

    @settings(max_examples=count // BATCH, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(st.lists(WORDS, min_size=BATCH, max_size=BATCH))
    def send(values: list[str]) -> None:
        nonlocal tried, refused, changed
        lines, sent = [], []
        for number, value in enumerate(values):
            template = templates[number % len(templates)]
            try:
                lines.append(check_shell(template.render(value=value)))
            except WrongInputError:
                refused += 1
            else:
                sent.append(value + "." * (template is templates[-1]))
        tried += len(values)
        done = subprocess.run(["bash", "-eu"], input="\n".join(lines).encode(), capture_output=True, check=False)
        heard = done.stdout.decode().split("\0")[:-1]
        changed += sum(one != other for one, other in zip(heard, sent, strict=False)) + abs(len(heard) - len(sent))

    send()
    print(f"words:        {tried} tried, {refused} refused with their reason, {changed} changed or run")
    return tried, changed


def plans(folder: Path) -> tuple[int, int]:
    """Poison each text of each plan in turn, and run the script's checks and dry run where there is no command."""
    tried = refused = run = 0
    mark, root = folder / "was-here", folder / "root"
    (root / "etc").mkdir(parents=True)
    subprocess.run(["/usr/bin/bash", "-c", f"echo {POISONS[2].format(mark=mark)}"], capture_output=True, check=True)
    mark.unlink()  # the poison works where it is let in
    for make in (laptop, desktop, cardless):
        plain = msgspec.to_builtins(make())
        for path in _texts(plain):
            for poison in POISONS:
                tried += 1
                try:
                    made = recipe(msgspec.convert(_put(plain, path, poison.format(mark=mark)), Stack))
                    script = render(made, "bash", "2026-11-22")
                except (GpusetupError, msgspec.ValidationError):
                    refused += 1
                    continue
                for option in ("--check", "--dry-run"):
                    subprocess.run(["/usr/bin/bash", "-c", script, "recipe", option], capture_output=True, check=False,
                                   env={"PATH": "/nonexistent", "GPUSETUP_ROOT": str(root)}, timeout=60)  # fmt: skip
                if mark.exists():
                    run += 1
                    mark.unlink()
                    print(f"  run: {'.'.join(map(str, path))} = {poison!r}")
    print(f"plans:        {tried} tried, {refused} refused with their reason, {run} run")
    return tried, run


def command_line(folder: Path) -> tuple[int, int]:
    """Give poison to every option that takes a text: one clear line, never a traceback, nothing run."""
    from click.testing import CliRunner  # only this campaign needs the command

    from gpusetup.cli.install import install

    mark, tried, bad = folder / "was-here", 0, 0
    given_by = ("--distro", "--release", "--gpu", "--gpu-arch", "--driver", "--cuda", "--cudnn", "--torch",
                "--tensorflow", "--python", "--format")  # fmt: skip
    for option in given_by:
        for poison in (*POISONS, "", " ", "-1", "9" * 5000, "\u0664\u0664", "../../etc/passwd", "%s%n", "\x1b[2J"):
            tried += 1
            values = {"--release": "44", "--gpu": "RTX 4090"} | {option: poison.format(mark=mark)}
            done = CliRunner().invoke(install, [f"{name}={value}" for name, value in values.items()])
            if mark.exists() or (done.exception and not isinstance(done.exception, (GpusetupError, SystemExit))):
                bad += 1
                print(f"  {option} {poison[:40]!r}: {done.exception!r}")
    print(f"command line: {tried} tried, {bad} not answered by one clear line")
    return tried, bad


def _texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every text in a plan."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    for key, child in items:
        yield from _texts(child, (*path, key))
    if isinstance(value, str):
        yield path


def _put(value: Any, path: tuple[Any, ...], text: str) -> Any:
    """Return a copy of `value` with `text` at `path`."""
    if not path:
        return text
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _put(copy[path[0]], path[1:], text)
    return copy


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
