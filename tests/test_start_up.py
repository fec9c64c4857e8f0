"""What keeps a start short changes nothing else: no parser where nothing is to parse, our own finder, a quick end."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest

from gpusetup.cli._options import one_format
from gpusetup.cli._plain import DOCTOR, FLAGS, plain_options
from gpusetup.cli._reading import HERE
from gpusetup.cli.doctor import doctor
from gpusetup.doctor import preparation, unrecorded
from gpusetup.doctor.diagnosis import diagnose
from gpusetup.doctor.registry import all_rules
from gpusetup.facts import Facts, facts
from gpusetup.machine.model import NOT_RECORDED, Gpu, Machine
from tests.doctor.machines import HOSTS, machine
from tests.support import Run

HERE_ONLY = {"sysroot": HERE}
"""Beside `DOCTOR` the one option that is not empty when it is not given."""


def parsed(words: list[str]) -> dict[str, Any]:
    """Return the options of ``doctor`` as click reads them."""
    with click.Context(click.Group("gpusetup"), info_name="gpusetup") as above:
        params = dict(doctor.make_context("doctor", words, parent=above).params)
    params["form"] = one_format(params["form"], as_json=params.pop("as_json"))
    return params


@pytest.mark.parametrize("count", range(len(FLAGS) + 1))
def test_plain_options_are_those_of_the_parser(count: int) -> None:
    for flags in itertools.permutations(FLAGS, count):
        plain = plain_options(["doctor", *flags], {})
        assert plain is not None
        found = parsed(list(flags))
        assert plain == {name: found[name] for name in DOCTOR}
        assert {name: value for name, value in found.items() if name not in DOCTOR and value} == HERE_ONLY


@pytest.mark.parametrize(
    ("words", "variables"),
    [
        ([], {}),
        (["detect"], {}),
        (["doctor", "--al"], {}),
        (["doctor", "--help"], {}),
        (["doctor", "rules"], {}),
        (["doctor", "--json", "--only", "GPU"], {}),
        (["--version", "doctor"], {}),
        (["doctor"], {"GPUSETUP_DOCTOR_ONLY": "GPU"}),
        (["doctor"], {"GPUSETUP_MISSPELT": ""}),
        (["doctor"], {"_GPUSETUP_COMPLETE": "bash_source"}),
    ],
)
def test_whatever_else_is_given_is_for_the_parser(words: list[str], variables: dict[str, str]) -> None:
    assert plain_options(words, variables) is None


@pytest.mark.slow
def test_the_report_is_the_same_with_the_parser(gpusetup: Run) -> None:
    plain, full = gpusetup("doctor"), gpusetup("doctor", "--fail-on", "error")
    assert plain.stdout.splitlines()[0] == full.stdout.splitlines()[0]
    assert plain.returncode == full.returncode


def test_the_tables_that_many_machines_need_are_loaded_beforehand(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: dict[str, set[str]] = {}
    load = Facts.load

    def watched(self: Facts, table: str) -> object:
        loaded.setdefault(table, set()).add(host)
        return load(self, table)

    monkeypatch.setattr(Facts, "load", watched)
    for host in HOSTS:
        facts.cache_clear()
        diagnose(machine(host), list(all_rules().values()))
    assert set(preparation.TABLES) == {table for table, hosts in loaded.items() if len(hosts) * 3 >= len(HOSTS)}


@pytest.mark.parametrize("kind", [Machine, Gpu])
def test_the_fields_of_a_struct_are_those_that_msgspec_names(kind: type[msgspec.Struct]) -> None:
    expected = {one.name: one.default == NOT_RECORDED for one in msgspec.structs.fields(kind)}
    assert unrecorded._fields(kind) == expected
    assert True in expected.values()


PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from {name} import finder
finder.install()
import {name}.one, {name}.sub.two
print({name}.one.VALUE, {name}.sub.two.VALUE, {name}.one.__file__, {name}.sub.__path__)
print(type({name}.one.__spec__.loader).__name__)
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with a copy of the finder, which finds the modules of the package that it is in."""
    here = tmp_path / "house"
    (here / "sub").mkdir(parents=True)
    for name in ("__init__.py", "sub/__init__.py"):
        (here / name).write_text("")
    (here / "one.py").write_text("VALUE = 1\n")
    (here / "sub/two.py").write_text("VALUE = 2\n")
    source = Path(__file__).resolve().parent.parent / "gpusetup/finder.py"
    shutil.copy(source, here)
    return here


def lines(package: Path) -> list[str]:
    """Return what a new process finds in `package`, with the bytecode written as it is for a user."""
    code = PROGRAM.format(root=str(package.parent), name=package.name)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env, check=False)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_modules_are_found_with_and_without_bytecode(package: Path) -> None:
    expected = [f"1 2 {package / 'one.py'} ['{package / 'sub'}']", "BytecodeLoader"]
    assert lines(package) == expected  # compiles them
    assert list(package.glob("sub/__pycache__/two.*.pyc"))
    assert lines(package) == expected  # reads what was compiled


def test_the_bytecode_is_what_is_run(package: Path) -> None:
    """Without this the two tests around it would pass with a finder that compiles each time."""
    lines(package)
    source = package / "one.py"
    before = source.stat()
    source.write_text("VALUE = 7\n")
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert lines(package)[0].startswith("1 2 ")


@pytest.mark.parametrize("text", ["VALUE = 77\n", "VALUE = 7\n"])
def test_an_edited_module_is_never_hidden_by_old_bytecode(package: Path, text: str) -> None:
    lines(package)
    source = package / "one.py"
    source.write_text(text)
    later = source.stat().st_mtime_ns + 5 * 10**9
    os.utime(source, ns=(later, later))
    assert lines(package)[0].startswith(f"{text.split()[2]} 2 ")


def test_spoilt_moved_and_foreign_bytecode_is_not_run(package: Path, tmp_path: Path) -> None:
    lines(package)
    (compiled,) = package.glob("__pycache__/one.*.pyc")
    for spoilt in (b"", b"\0" * 40, compiled.read_bytes()[:12]):
        compiled.write_bytes(spoilt)
        assert lines(package)[0].startswith("1 2 ")
    moved = tmp_path / "elsewhere" / "house"
    shutil.copytree(package, moved)
    assert lines(moved)[0] == f"1 2 {moved / 'one.py'} ['{moved / 'sub'}']"


def test_a_module_that_is_added_is_found(package: Path) -> None:
    lines(package)
    (package / "one.py").unlink()
    (package / "one").mkdir()
    (package / "one/__init__.py").write_text("VALUE = 9\n")
    assert lines(package)[0].startswith("9 2 ")


def test_what_is_registered_for_the_end_is_done_and_output_is_complete() -> None:
    code = (
        "import atexit, sys, gpusetup.__main__ as program\n"
        "atexit.register(lambda: print('last'))\n"
        "print('first', end=' ')\n"
        "program._leave(7)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("first last\n", "", 7)


def test_a_thread_that_still_runs_is_waited_for() -> None:
    code = (
        "import threading, time, gpusetup.__main__ as program\n"
        "threading.Thread(target=lambda: (time.sleep(0.2), print('done'))).start()\n"
        "program._leave(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "done\n"


def test_pynvml_is_imported_without_what_it_never_calls_and_has_it_all_the_same() -> None:
    code = (
        "import sys; from gpusetup.machine.nvml.driver import _pynvml\n"
        "found = _pynvml().find_library\n"
        "print('subprocess' in sys.modules, 'ctypes.util' in sys.modules)\n"
        "print(found('m'), 'subprocess' in sys.modules)\n"
        "import ctypes.util\n"
        "print(ctypes.util.find_library('m'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    before, found, after = done.stdout.splitlines()
    assert before == "False False"
    assert found == f"{after} True"


def test_jinja_is_imported_without_what_only_its_cache_on_disk_uses() -> None:
    code = (
        "import sys; from pathlib import Path; from gpusetup.render import environment\n"
        "environment.steps([Path('.')])\n"
        "print('tempfile' in sys.modules, 'jinja2.bccache' in sys.modules)\n"
        "import jinja2.bccache, tempfile\n"
        "print(jinja2.bccache.tempfile.gettempdir() == tempfile.gettempdir())\n"
        "print(jinja2.FileSystemBytecodeCache().directory != '')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == (["False", "True", "True", "True"], "")


def test_a_stand_in_has_what_the_module_has_and_leaves_nothing_behind() -> None:
    code = (
        "import sys, gpusetup.__main__ as program\n"
        "program._import_msgspec()\n"
        "away = {'typing_extensions', 'platform', 'textwrap', 'msgspec.inspect', 'inspect'}\n"
        "print(sorted(away & set(sys.modules)))\n"
        "import msgspec, uuid, gpusetup.machine.model as model\n"
        "print(uuid._LINUX, uuid.uuid1().version, uuid.platform.machine() == __import__('platform').machine())\n"
        "print(msgspec.json.schema(model.Machine)['$ref'], msgspec.inspect.type_info(int))\n"
        "import msgspec.inspect\n"
        "print(type(msgspec.inspect).__name__, type(sys.modules['platform']).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "[]",
        "True 1 True",
        "#/$defs/Machine IntType(gt=None, ge=None, lt=None, le=None, multiple_of=None)",
        "module module",
    ]
