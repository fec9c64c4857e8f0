"""``--deep``: each framework is imported in a child, and whatever becomes of the child becomes a finding."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import venv
from pathlib import Path

import msgspec
import pytest

from gpusetup.doctor.examine import examine
from gpusetup.doctor.registry import all_rules
from gpusetup.files import write
from gpusetup.machine.frameworks.read import places, read_frameworks
from gpusetup.machine.model import Distribution, Framework, Unread
from gpusetup.trust.owner import runs_as
from gpusetup.value import to_json
from tests.doctor.machines import machine
from tests.support import Run, tool

pytestmark = pytest.mark.slow

RULES = all_rules().values()
RUNS_AS = functools.cache(runs_as)

# a framework whose every operation is the identity, and whose answers are those of the list
HEALTHY = """
import os, signal, sys, time, types
ANSWERS = iter([1_000_000.0, 508_032.0, 324.0] * 2)
class Tensor:
    def __getattr__(self, name):
        return lambda *args, **kwargs: self
    __mul__ = __add__ = __mod__ = __matmul__ = lambda self, other: self
    def item(self):
        return next(ANSWERS)
__version__ = "9.9.0"
version = types.SimpleNamespace(cuda="13.0")
cuda = types.SimpleNamespace(
    init=lambda: None, is_available=lambda: True, device_count=lambda: 1, get_device_name=lambda i: "NVIDIA Test"
)
float32 = None
arange = ones = lambda *args, **kwargs: Tensor()
nn = types.SimpleNamespace(functional=types.SimpleNamespace(conv2d=lambda *args: Tensor()))
"""
NO_GPU = """
def _no(): raise RuntimeError("Found no NVIDIA driver on your system")
cuda.init, cuda.is_available, cuda.device_count = _no, lambda: False, lambda: 0
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The interpreter of an empty environment: of ours root would look at each of 150,000 files, for 2 s each time."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=True)
    return str(folder / "bin/python")


@pytest.fixture
def ask(bare: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Import a ``torch`` that consists of the given text.

    Root looks through all that an interpreter loads (1.5 s); of the same one that is asked once in this file.
    """
    monkeypatch.setattr("gpusetup.machine.frameworks.read.runs_as", RUNS_AS)

    def run(text: str, deadline: float = 20) -> Framework:
        (tmp_path / "torch.py").write_text(textwrap.dedent(text))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        (found,) = read_frameworks((), {"pytorch": bare}, deadline)
        return found

    return run


def judged(framework: Framework) -> dict[str, str]:
    """Return what the rules about imports say of `framework` on a healthy desktop with a GPU."""
    host = msgspec.structs.replace(machine("desktop"), frameworks=(framework,))
    said = {one.rule: one.state for one in examine(host, RULES) if one.rule.startswith("FWK")}
    return {name: state for name, state in said.items() if state not in {"ok", "skipped"}}


def test_a_framework_that_computes_right_on_the_gpu_is_accused_of_nothing(ask) -> None:  # type: ignore[no-untyped-def]
    found = ask(HEALTHY)
    assert (found.version, found.cuda, found.gpus) == ("9.9.0", "13.0", ("NVIDIA Test",))
    assert [(one.device, one.kernel) for one in found.trials[3:4]] == [("cuda:0", "elementwise")]
    assert all(one.answer == one.expected for one in found.trials)
    assert len(found.trials) == 6
    assert judged(found) == {}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (NO_GPU, "FWK101"),
        ("version.cuda = None", "FWK101"),
        ("ANSWERS = iter([1e6, 508_032.0, 324.0, 1e6, 508_033.0, 324.0])", "FWK104"),
        ("ANSWERS = iter([1e6, 508_032.0, 324.0])", "FWK105"),
        ("Tensor.item = lambda self: os.kill(os.getpid(), signal.SIGSEGV)", "FWK105"),
        ("Tensor.item = lambda self: sys.exit('no kernel image is available for execution')", "FWK103"),
        ("cuda.init = lambda: os.kill(os.getpid(), signal.SIGSEGV)", "FWK105"),
        ("cuda.is_available = None", "FWK101"),
        ("raise ImportError('libcudnn.so.9: cannot open shared object file: No such file or directory')", "FWK002"),
        ("raise ImportError('libtorch_cuda.so: undefined symbol: ncclCommWindowRegister')", "FWK003"),
        ('raise ImportError("/lib/libm.so.6: version `GLIBC_2.99\' not found (required by x)")', "FWK003"),
        ("import module_that_is_not_there", "FWK001"),
        ("sys.exit(3)", "FWK001"),
        ("os.kill(os.getpid(), signal.SIGILL)", "FWK004"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "FWK004"),
        ("os._exit(0)", "FWK004"),
    ],
)
def test_every_fault_ends_in_its_rule(change: str, rule: str, ask) -> None:  # type: ignore[no-untyped-def]
    found = judged(ask(HEALTHY + "\n" + change))
    assert found == {rule: "error"}


def test_a_crash_is_told_on_a_machine_without_a_gpu_too(ask) -> None:  # type: ignore[no-untyped-def]
    found = ask(HEALTHY + "\ncuda.init = lambda: os.kill(os.getpid(), signal.SIGSEGV)")
    host = msgspec.structs.replace(machine("no_gpu"), frameworks=(found,))
    assert {one.rule for one in examine(host, RULES) if one.state == "error"} == {"FWK105"}


@pytest.mark.parametrize(
    ("where", "rule"), [("time.sleep(60)", "FWK004"), ("Tensor.item = lambda self: time.sleep(60)", "FWK105")]
)
def test_a_framework_that_never_ends_is_ended(where: str, rule: str, ask) -> None:  # type: ignore[no-untyped-def]
    start = time.monotonic()
    found = ask(HEALTHY + "\n" + where, deadline=1.5)
    assert time.monotonic() - start < 30
    assert judged(found) == {rule: "error"}


def test_what_it_prints_is_kept_at_its_end_and_never_taken_for_an_answer(ask) -> None:  # type: ignore[no-untyped-def]
    noise = (
        "print('x' * 10_000_000, file=sys.stderr); print('[\"read\", \"gpus\", []]'); sys.stderr.write('the last\\n')"
    )
    found = ask(HEALTHY + "\n" + noise)
    assert found.gpus == ("NVIDIA Test",)
    assert found.said[-1] == "the last"
    assert all(len(line) <= 300 for line in found.said)


def test_a_framework_that_writes_into_our_pipe_is_not_believed(ask) -> None:  # type: ignore[no-untyped-def]
    forged = """
    def _forge():
        for number in map(int, os.listdir('/proc/self/fd')):
            if number <= 2:
                continue
            try:
                os.write(number, b'["read", "cuda", 5]\\n')
            except OSError:
                pass
    cuda.init = _forge
    """
    found = ask(HEALTHY + textwrap.dedent(forged))
    assert isinstance(found.version, Unread)
    assert judged(found)["FWK001"] == "error"


LIBRARIES = """
#include <stddef.h>
size_t cudnnGetVersion(void) { return 90804; }
int cudaRuntimeGetVersion(int *version) { *version = 13010; return 0; }
int ncclGetVersion(int *version) { return 5; }
"""


def test_the_loaded_libraries_are_named_and_say_their_versions(ask, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    paths = [str(tmp_path / name) for name in ("libcudnn.so.9", "libcudart.so.13", "libnccl.so.2", "libother.so.1")]
    for path in paths:
        subprocess.run([tool("gcc"), "-shared", "-x", "c", "-", "-o", path], input=LIBRARIES, text=True, check=True)
    found = ask(HEALTHY + f"\nimport ctypes; kept = [ctypes.CDLL(path) for path in {paths!r}]")
    assert not isinstance(found.libraries, Unread)
    assert {path for _, path in found.libraries} == set(paths[:3])
    assert isinstance(found.loaded, Unread)  # NCCL refused
    assert "ncclGetVersion answered 5" in found.loaded.detail
    found = ask(HEALTHY + f"\nimport ctypes; kept = [ctypes.CDLL(path) for path in {paths[:2]!r}]")
    assert sorted(dict(found.loaded).items()) == [("cudart", "13.1"), ("cudnn", "9.8.4")]


def test_an_interpreter_that_is_not_there_is_a_finding() -> None:
    (found,) = read_frameworks((), {"pytorch": "/nowhere/python"}, 5)
    assert isinstance(found.version, Unread)
    assert "No such file" in found.version.detail
    assert judged(found) == {"FWK001": "error"}


def test_each_framework_is_imported_by_the_interpreter_it_is_installed_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").touch()
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    ours, theirs = "/usr/lib/python3/dist-packages", f"{os.path.realpath(tmp_path)}/lib/python3.13/site-packages"
    found = places(
        [
            Distribution(name="torch", version="1", location=theirs),
            Distribution(name="tensorflow-cpu", version="1", location=ours),
            Distribution(name="jax", version="1", location=ours),
            Distribution(name="numpy", version="1", location=ours),
        ],
        {"jax": "/opt/jax/bin/python"},
    )
    assert found == [
        ("jax", "/opt/jax/bin/python"),
        ("pytorch", f"{os.path.realpath(tmp_path)}/bin/python"),
        ("tensorflow", sys.executable),
    ]


@pytest.mark.frameworks
def test_the_real_frameworks_are_imported_saved_and_replayed(gpusetup: Run, tmp_path: Path) -> None:
    saved = tmp_path / "m.json"
    assert gpusetup("detect", "--deep", "--output", saved).returncode == 0
    deep = json.loads(saved.read_text())["frameworks"]
    assert {one["name"] for one in deep} >= {"pytorch", "tensorflow"}
    for one in deep:
        assert [trial["answer"] for trial in one["trials"]] == [1_000_000.0, 508_032.0, 324.0]
    report = json.loads(gpusetup("doctor", "--machine", saved, "--json", "--all").stdout)
    said = [line for line in report["frameworks"] if line.startswith("pytorch 2")]
    assert said[0].endswith("computes correctly on cpu")
    states = {one["rule"]: one["state"] for one in report["findings"] if one["rule"].startswith("FWK")}
    assert set(states.values()) <= {"ok", "skipped"}
    assert states["FWK104"] == "ok"


def test_without_deep_the_rules_say_that_they_were_not_tried(gpusetup: Run, tmp_path: Path) -> None:
    saved = tmp_path / "m.json"
    write(saved, to_json(msgspec.structs.replace(machine("desktop"), frameworks=None)))
    done = gpusetup("doctor", "--machine", saved, "--json", "--all")
    untried = [one for one in json.loads(done.stdout)["findings"] if one["rule"].startswith("FWK")]
    assert {one["state"] for one in untried} == {"skipped"}
    assert all("not tried: " in one["summary"] for one in untried)
    assert f"{len(untried)} only with --deep" in gpusetup("doctor", "--machine", saved).stdout
    assert done.returncode == 0


@pytest.mark.parametrize(
    "options",
    [["--deep", "--machine", "m.json"], ["--deep", "--sysroot", "/tmp"], ["--deep=0"], ["--deep", "--python", "torch"]],
)
def test_deep_is_of_this_machine_alone(options: list[str], gpusetup: Run) -> None:
    done = gpusetup("doctor", *options)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_ctrl_c_leaves_no_child_behind(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text(
        f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    )
    script = Path(sys.executable).with_name("gpusetup")
    with subprocess.Popen(
        [script, "doctor", "--deep", "--python", f"torch={sys.executable}"],
        env=os.environ | {"PYTHONPATH": str(tmp_path)}, stderr=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        while not (tmp_path / "pid").exists() or not (child := (tmp_path / "pid").read_text()):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    assert process.returncode == 130
    assert b"interrupted" in said
    time.sleep(0.3)
    assert not Path(f"/proc/{child}/cmdline").exists() or not Path(f"/proc/{child}/cmdline").read_bytes()
