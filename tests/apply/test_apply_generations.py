"""An environment that is upgraded: built beside the old one by real pip or uv, proven, switched, killed at each point.

The wheels are stubs in an index of the test's own; everything else is real: virtual environments, links, signals.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpusetup.apply.generations import build as building
from gpusetup.apply.generations import rehearsal, swap
from gpusetup.apply.generations import switch as switching
from gpusetup.apply.generations.build import Tools, installed
from gpusetup.apply.generations.folders import held_in, places_in
from gpusetup.apply.generations.history import History
from gpusetup.apply.generations.place import ORIGINAL, Place, Target, place_of
from gpusetup.apply.generations.pythons import find_python
from gpusetup.apply.generations.rehearsal import clean, undo, upgrade
from gpusetup.errors import GpusetupError, MissingError, RefusedError, StepFailedError
from gpusetup.trust.paths import mine
from tests.packages.stub_index import Stub, sha256_of, write_index
from tests.support import ROOT, tool

HERE = "{}.{}".format(*sys.version_info)
OLD = ("plain==1.1", "dep==1.0")
NEW = ("plain==1.2", "dep==2.0")
pytestmark = pytest.mark.slow


class Killed(BaseException):
    """What stands for a run that ends here; nothing after it is done."""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    write_index(folder, [Stub(one.partition("==")[0], one.partition("==")[2]) for one in (*OLD, *NEW)])
    return folder


@pytest.fixture(autouse=True)
def alone(index: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", (index / "simple").as_uri())
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", (index / "simple").as_uri())
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def uv() -> Tools:
    return Tools(tool("uv"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "envs").mkdir()
    return place_of(tmp_path / "envs/ml")


def target(index: Path, wheels: tuple[str, ...]) -> Target:
    lines = tuple(f"{one} --hash=sha256:{sha256_of(index, *one.split('=='))}" for one in wheels)
    return Target(name="ml", python=HERE, wheels=lines)


def nothing(_folder: Path) -> None:
    """Prove nothing."""


def go(place: Place, wanted: Target, tools: Tools, **more: object) -> bool:
    return upgrade(place, wanted, tools, more.get("prove", nothing), more.get("verify", nothing), lambda _text: None)  # type: ignore[arg-type]


def versions(place: Place) -> dict[str, str]:
    found = installed(place.folder)
    return {name: found[name] for name in ("plain", "dep") if name in found}


def original(place: Place) -> None:
    """Make what a user has before the first upgrade: a folder with a file of their own in it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place.folder], check=True)
    (place.folder / "notes.txt").write_text("mine")


def test_pip_and_uv_make_the_same(index: Path, place: Place, uv: Tools) -> None:
    assert go(place, target(index, OLD), Tools())
    first = versions(place)
    assert go(place, target(index, NEW), uv)
    assert (first, versions(place)) == ({"plain": "1.1", "dep": "1.0"}, {"plain": "1.2", "dep": "2.0"})
    assert not mine().tree(str(place.folder.resolve())), "no file in it can be changed by others"
    assert not go(place, target(index, NEW), uv), "what is there already is not built again"


def test_what_was_there_comes_back_step_by_step(index: Path, place: Place, uv: Tools) -> None:
    original(place)
    go(place, target(index, OLD), uv)
    assert place.folder.is_symlink()
    assert not (place.folder / "notes.txt").exists()
    go(place, target(index, NEW), uv)
    undo(place, lambda _text: None)
    assert versions(place) == {"plain": "1.1", "dep": "1.0"}
    assert undo(place, lambda _text: None) == ORIGINAL
    assert not place.folder.is_symlink()
    assert (place.folder / "notes.txt").read_text() == "mine"
    with pytest.raises(RefusedError, match="nothing to undo"):
        undo(place, lambda _text: None)


def test_without_an_exchange_of_names_it_works_too(
    index: Path, place: Place, uv: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switching, "exchange", lambda _one, _other: False)
    test_what_was_there_comes_back_step_by_step(index, place, uv)


def test_what_fails_its_proof_is_not_switched_to(index: Path, place: Place, uv: Tools) -> None:
    original(place)

    def fail(_folder: Path) -> None:
        raise StepFailedError("wrong numbers")

    with pytest.raises(StepFailedError, match="wrong numbers"):
        go(place, target(index, NEW), uv, prove=fail)
    assert (place.folder / "notes.txt").exists()
    assert History(place).last(target(index, NEW).id) == "failed"


def test_what_does_not_work_in_its_place_is_switched_back(index: Path, place: Place, uv: Tools) -> None:
    original(place)

    def fail(folder: Path) -> None:
        assert folder == place.folder
        raise StepFailedError("does not import")

    with pytest.raises(StepFailedError, match="does not import"):
        go(place, target(index, NEW), uv, verify=fail)
    assert (place.folder / "notes.txt").exists()


def test_a_wheel_with_another_hash_is_not_installed(index: Path, place: Place, uv: Tools) -> None:
    wanted = target(index, NEW)
    forged = Target(name="ml", python=HERE, wheels=(f"plain==1.2 --hash=sha256:{'0' * 64}", *wanted.wheels[1:]))
    with pytest.raises(StepFailedError, match="installing into"):
        go(place, forged, uv)
    assert not place.folder.exists()


POINTS = (
    (building, "require_held"), (rehearsal, "switch"), (switching, "_lead"), (switching, "exchange"),
    (switching, "_put_aside"), (switching, "sync"), (rehearsal, "_require_idle"), (swap, "sync"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("module", "name"), POINTS, ids=[f"{one.__name__.rpartition('.')[2]}-{name}" for one, name in POINTS]
)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_run_that_ends_anywhere_is_continued(
    index: Path, place: Place, uv: Tools, module: object, name: str, after: bool
) -> None:
    """At each point the name leads to the old environment or the new one, and the same command goes on."""
    original(place)
    with pytest.MonkeyPatch.context() as patch:
        real = getattr(module, name)

        def ends(*words: object, **more: object) -> object:
            if after:
                real(*words, **more)
            raise Killed

        patch.setattr(module, name, ends)
        with pytest.raises(Killed):
            go(place, target(index, NEW), uv)
    assert (place.folder / "pyvenv.cfg").exists(), "the name leads to an environment at every moment"
    go(place, target(index, NEW), uv)
    assert versions(place) == {"plain": "1.2", "dep": "2.0"}
    assert undo(place, lambda _text: None) == ORIGINAL
    assert (place.folder / "notes.txt").read_text() == "mine"


UNDOING = ("_lead", "exchange", "sync", "_restore")


@pytest.mark.parametrize("name", UNDOING)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_undo_that_ends_anywhere_is_continued(index: Path, place: Place, uv: Tools, name: str, after: bool) -> None:
    original(place)
    go(place, target(index, NEW), uv)
    with pytest.MonkeyPatch.context() as patch:
        real = getattr(switching, name)

        def ends(*words: object) -> object:
            if after:
                real(*words)
            raise Killed

        patch.setattr(switching, name, ends)
        with pytest.raises(Killed):
            undo(place, lambda _text: None)
    with History(place).locked():
        switching.finish(History(place))
    assert (place.folder / "notes.txt").read_text() == "mine"
    assert go(place, target(index, NEW), uv)


SLOW = """
import sys, time
from pathlib import Path
from gpusetup.apply.generations.build import Tools
from gpusetup.apply.generations.place import Target, place_of
from gpusetup.apply.generations.rehearsal import upgrade
name, python, uv, *wheels = sys.argv[1:]
def prove(folder):
    print("proving", flush=True)
    time.sleep(60)
upgrade(place_of(Path(name)), Target(name="ml", python=python, wheels=tuple(wheels)), Tools(uv), prove, print, print)
"""


@pytest.fixture
def running(index: Path, place: Place, uv: Tools) -> Iterator[subprocess.Popen[str]]:
    wanted = target(index, NEW)
    words = [sys.executable, "-c", SLOW, str(place.folder), HERE, uv.uv, *wanted.wheels]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    yield process
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_a_real_kill_while_it_is_proven(index: Path, place: Place, uv: Tools, running: subprocess.Popen[str]) -> None:
    original(place)
    assert running.stdout is not None
    while running.stdout.readline() != "proving\n":
        pass
    with pytest.raises(RefusedError, match="another run"):
        go(place, target(index, NEW), uv)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert (place.folder / "notes.txt").exists()
    assert History(place).last(target(index, NEW).id) == "built"
    assert go(place, target(index, NEW), uv)


def test_programs_that_run_from_it_keep_it(index: Path, place: Place, uv: Tools) -> None:
    original(place)
    user = subprocess.Popen([place.folder / "bin/python", "-c", "import time; time.sleep(60)"])
    try:
        time.sleep(0.2)
        with pytest.raises(RefusedError, match=f"{user.pid} "):
            go(place, target(index, NEW), uv)
    finally:
        user.kill()
        user.wait()
    assert go(place, target(index, NEW), uv)


def test_a_store_that_others_can_write_is_refused(index: Path, place: Place, uv: Tools) -> None:
    place.store.mkdir(parents=True)
    place.store.parent.chmod(0o777)
    with pytest.raises(GpusetupError, match="not trusted"):
        go(place, target(index, NEW), uv)


def test_a_journal_cannot_lead_elsewhere(index: Path, place: Place, uv: Tools) -> None:
    go(place, target(index, OLD), uv)
    history = History(place)
    with open(history.path, "a") as file:
        file.write('{"at":"x","generation":"../../else","event":"switching","before":""}\n')
    assert all(one.generation == target(index, OLD).id for one in history.entries())


def test_a_python_that_others_can_change_is_not_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, mode in (("open", 0o777), ("broken", 0o755)):
        python = tmp_path / name / f"python{HERE}"
        python.parent.mkdir()
        python.write_text(f"#!/bin/sh\n: >{tmp_path}/{name}.ran\nexit 1\n")
        python.chmod(mode)
    monkeypatch.setenv("PATH", f"{tmp_path}/open:{tmp_path}/broken:{Path(sys.executable).resolve().parent}")
    assert find_python(HERE) == str(Path(sys.executable).resolve().parent / f"python{HERE}")
    assert not (tmp_path / "open.ran").exists()
    assert (tmp_path / "broken.ran").exists()
    with pytest.raises(MissingError, match=r"python3\.99"):
        find_python("3.99", tool("uv"))


def test_a_link_of_the_users_own_is_followed(index: Path, place: Place, uv: Tools, tmp_path: Path) -> None:
    elsewhere = place_of(tmp_path / "disk")
    original(elsewhere)
    place.folder.symlink_to(elsewhere.folder)
    assert place_of(place.folder).folder == elsewhere.folder
    go(place_of(place.folder), target(index, NEW), uv)
    assert versions(place) == {"plain": "1.2", "dep": "2.0"}


def test_what_nothing_leads_to_is_removed_when_asked(index: Path, place: Place, uv: Tools) -> None:
    original(place)
    go(place, target(index, OLD), uv)
    go(place, target(index, NEW), uv)
    assert {one.name for one in clean(place)} == {ORIGINAL, target(index, OLD).id}
    assert versions(place) == {"plain": "1.2", "dep": "2.0"}
    with pytest.raises(RefusedError, match="is gone"):
        undo(place, lambda _text: None)


def test_what_was_added_by_hand_is_known(index: Path, place: Place, uv: Tools) -> None:
    go(place, target(index, ("dep==1.0",)), uv)
    python = str(place.folder / "bin/python")
    subprocess.run([uv.uv, "pip", "install", "--quiet", "--python", python, "plain==1.1"], check=True)
    held = held_in(place)
    assert held is not None
    assert (held.python, held.packages, held.asked) == (HERE, {"dep": "1.0", "plain": "1.1"}, ("plain",))
    assert places_in(place.folder.parent) == [place]
