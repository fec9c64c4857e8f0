"""``gpusetup repro`` as people type it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO
from xml.etree import ElementTree

import msgspec
import pytest

from gpusetup.repro.axes import axes
from gpusetup.repro.model import Repro
from gpusetup.repro.trial import INJECTED
from tests.support import ROOT

Ran = subprocess.CompletedProcess[str]
COMMAND = Path(sys.executable).with_name("gpusetup")


@pytest.fixture
def repro(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Write ``p.py`` into a folder and run the command there."""
    folder, scratch = tmp_path / "folder", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()

    def run(
        text: str,
        *options: str,
        words: tuple[str, ...] = (sys.executable, "p.py"),
        stdin: TextIO | None = None,
        **env: str,
    ) -> Ran:
        (folder / "p.py").write_text(text)
        variables = dict(os.environ) | {"TMPDIR": str(scratch)} | env
        ran = subprocess.run(
            [COMMAND, "repro", *options, "--", *words],
            cwd=folder, env=variables, capture_output=True, text=True, timeout=300, check=False,
            stdin=stdin or subprocess.DEVNULL,
        )  # fmt: skip
        assert os.listdir(folder) == ["p.py"]
        assert os.listdir(scratch) == [], "nothing is left behind"
        assert "Traceback" not in ran.stderr or "Traceback" in text
        return ran

    return run


def test_the_verdict_the_place_and_the_remedy_are_printed(repro) -> None:  # type: ignore[no-untyped-def]
    ran = repro("import random; print('loss', random.random())")
    assert ran.returncode == 1
    assert ran.stdout.startswith("DOES NOT REPRODUCE")
    assert "what it prints: line 1: loss 0." in ran.stdout
    assert "Python's random module, which nothing seeds" in ran.stdout
    assert "random.seed(0)" in ran.stdout


def test_what_reproduces_is_said_with_how_much_was_compared(repro) -> None:  # type: ignore[no-untyped-def]
    ran = repro("print(1); open('out.json', 'w').write('[1, 2]')")
    assert ran.returncode == 0
    assert ran.stdout.startswith("REPRODUCES: 2 runs gave the same (1 file and 3 values compared;")


def test_the_result_is_saved_and_read_back(repro, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    ran = repro("print(1)", "--json", "--output", str(tmp_path / "saved.json"))
    assert msgspec.json.decode(ran.stdout, type=Repro) == msgspec.json.decode(
        (tmp_path / "saved.json").read_bytes(), type=Repro
    )
    assert json.loads(ran.stdout)["reproduces"] is True


@pytest.mark.parametrize(
    ("text", "options", "code", "said"),
    [
        ("pass", (), 3, "nothing was compared"),
        ("import sys; sys.exit('no data')", (), 3, "exit code 1, and nothing was compared; it last said: no data"),
        ("print(1)", ("--vary", "thread"), 2, "did you mean threads?"),
        ("print(1)", ("--runs", "1"), 2, "1 is not in the range x>=2"),
        ("import time; time.sleep(60)", ("--deadline", "1"), 3, "did not end within 1 s"),
    ],
)
def test_what_cannot_be_compared_is_no_success(
    repro: Callable[..., Ran],
    text: str, options: tuple[str, ...], code: int, said: str,
) -> None:  # fmt: skip
    ran = repro(text, *options)
    assert ran.returncode == code
    assert said in ran.stderr


def test_a_command_that_is_not_there_is_named(repro) -> None:  # type: ignore[no-untyped-def]
    ran = repro("", words=("no-such-trainer",))
    assert ran.returncode == 5
    assert "cannot run no-such-trainer" in ran.stderr


def test_only_what_is_asked_for_is_compared(repro) -> None:  # type: ignore[no-untyped-def]
    text = "import os; open('model.txt', 'w').write('1'); open('noise.txt', 'w').write(os.urandom(8).hex())"
    assert repro(text, "--compare", "model*").returncode == 0
    assert repro(text, "--ignore", "noise*").returncode == 0
    assert repro(text).returncode == 1


def test_a_program_that_shuts_our_hooks_out_is_told_so(repro) -> None:  # type: ignore[no-untyped-def]
    ran = repro("import random; print(random.random())", words=(sys.executable, "-I", "p.py"))
    assert ran.returncode == 1
    assert "loaded our hooks" in ran.stdout
    assert "which nothing seeds" not in ran.stdout, "it could not be varied"


def test_the_sitecustomize_of_a_user_still_runs(repro, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    own = tmp_path / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text("import builtins; builtins.CUSTOM = 'loaded'")
    ran = repro("print(CUSTOM)", PYTHONPATH=str(own))
    assert ran.returncode == 0, ran.stderr


def test_a_run_that_only_sometimes_fails_differs(repro, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    flag = tmp_path / "flag"
    ran = repro(f"import os, sys; p = {str(flag)!r}; print(1)\nif os.path.exists(p): sys.exit(9)\nopen(p, 'w').close()")
    assert ran.returncode == 1
    assert "exit code: 0 and 9" in ran.stdout


def test_an_interrupted_search_leaves_no_process_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "scratch").mkdir()
    marker = tmp_path / "pid"
    program = f"import os, time; open({str(marker)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    (tmp_path / "folder" / "p.py").write_text(program)
    running = subprocess.Popen(
        [COMMAND, "repro", "--", sys.executable, "p.py"], cwd=tmp_path / "folder",
        env=dict(os.environ) | {"TMPDIR": str(tmp_path / "scratch")}, stderr=subprocess.PIPE,
    )  # fmt: skip
    while not (marker.exists() and marker.read_text()):
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=60)
    assert running.returncode == 128 + signal.SIGTERM
    assert not Path(f"/proc/{marker.read_text()}").exists()
    assert os.listdir(tmp_path / "scratch") == []


def test_what_is_injected_needs_nothing_of_ours() -> None:
    found = sorted(path.name for path in INJECTED.iterdir() if path.name != "__pycache__")
    assert found == ["_gpusetup_repro", "sitecustomize.py"], "no other name may shadow a module of the user"
    for path in INJECTED.rglob("*.py"):
        assert "import gpusetup" not in path.read_text()
        assert "from gpusetup" not in path.read_text()


def test_each_axis_is_on_its_page_with_a_source() -> None:
    page = (ROOT / "docs" / "repro.md").read_text()
    for axis in axes().values():
        assert f"`{axis.name}`" in page
        assert axis.source
        assert axis.varied
        assert axis.remedy


def test_what_is_varied_is_asked_beside_what_differs(repro: Callable[..., Ran]) -> None:
    ran = repro("import random, time; print(random.random(), time.localtime(10**9).tm_hour)", "--vary", "timezone")
    assert "which nothing seeds" in ran.stdout
    assert "it depends on the time zone" in ran.stdout


def test_each_run_reads_standard_input_from_a_file(repro: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "data.txt").write_text("one\ntwo\n")
    with (tmp_path / "data.txt").open() as given:
        ran = repro("import sys; print(len(sys.stdin.read()))", "--json", stdin=given)
    assert json.loads(ran.stdout)["reproduces"] is True
    assert repro("import sys; print(len(sys.stdin.read()))").returncode == 0, "and nothing where there is none"


def test_a_run_that_waits_for_our_clock_is_given_up(repro: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    """The hook of the clock makes it wait in vain; without it the cause is still named."""
    text = """
import os, random, time
if os.environ.get("_GPUSETUP_REPRO_DURATIONS"):
    time.sleep(600)
print(random.random())
"""
    ran = repro(text, "--deadline", "20")
    assert ran.returncode == 1
    assert "Python's random module, which nothing seeds" in ran.stdout
    assert "the command fails with fixed measured durations: they were left as they are" in ran.stdout


def test_a_preset_speaks_of_operations_only_where_runs_differ(repro: Callable[..., Ran], tmp_path: Path) -> None:
    preset = ("--preset", "ci", "--reports", str(tmp_path / "reports"), "--no-search")
    assert "--bisect" not in repro("print(1)", *preset).stdout
    assert "none was imported" in repro("import random; print(random.random())", *preset).stdout
    assert "none was imported" in repro("print(1)", "--bisect").stdout, "what was typed is answered"


def test_it_is_reported_to_servers_of_ci(repro: Callable[..., Ran]) -> None:
    junit = ElementTree.fromstring(repro("import random; print(random.random())", "--format", "junit").stdout)
    assert junit.attrib["failures"] == "1", "one cause, one failure"
    (failure,) = junit.iter("failure")
    assert "what it prints: line 1" in failure.attrib["message"]
    assert "Python's random module, which nothing seeds" in (failure.text or "")
    assert "no effect" in {case.findtext("system-out") for case in junit}


def test_where_a_container_forbids_an_axis_that_is_said(repro: Callable[..., Ran], tmp_path: Path) -> None:
    for name in ("setarch", "unshare"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{name}: Operation not permitted' >&2\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    ran = repro(
        "import os; print(os.getpid())", PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    )  # fmt: skip
    assert ran.returncode == 1
    assert "it may depend on memory addresses or process numbers, which could not be held here" in ran.stdout
    assert "none of the axes" not in ran.stdout
    assert "process numbers could not be held: unshare: Operation not permitted" in ran.stdout
    assert "memory addresses could not be held: setarch: Operation not permitted" in ran.stdout
    assert "which the kernel draws" not in ran.stdout


def test_what_is_fetched_is_named_where_no_axis_is_the_cause(repro: Callable[..., Ran], tmp_path: Path) -> None:
    text = f"""
import socket
one = socket.socket()
one.setblocking(False)
one.connect_ex(("192.0.2.1", 80))
path = {str(tmp_path / "served")!r}
count = len(open(path).read()) if __import__("os").path.exists(path) else 0
__import__("os").system(f"printf x >> {{path}}")
print("from the server:", count)
"""
    ran = repro(text)
    assert ran.returncode == 1
    assert "it connects to 192.0.2.1:80: what it is sent may be other each time" in ran.stdout
