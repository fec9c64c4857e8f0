"""``--deep`` as root: another user's framework is imported by that user, and one that a third can change by nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from gpusetup.doctor.examine import examine
from gpusetup.doctor.outcome.machine_title import framework_names
from gpusetup.doctor.registry import all_rules
from gpusetup.machine.frameworks.read import read_frameworks
from gpusetup.machine.model import Framework, Unread
from tests import strangers
from tests.doctor.machines import machine
from tests.doctor.test_doctor_deep import HEALTHY
from tests.strangers import MALLORY, give, needs_root, ran
from tests.support import ROOT, Run

pytestmark = pytest.mark.slow

SYSTEM = "/usr/bin/python3"
TOLD = """
import os
__version__ = f"{os.getuid()} {os.geteuid()} {os.getgid()} {os.getgroups()}"
version.cuda = os.getcwd()
_seen = {name for name in os.environ if name.startswith(("LD_", "PYTHON", "VIRTUAL_ENV", "SECRET"))}
cuda.get_device_name = lambda i: f"{os.environ['HOME']} {sorted(_seen)} {os.getsid(0) == os.getpid()}"
"""


def framework(python: Path, deadline: float = 30) -> Framework:
    (found,) = read_frameworks((), {"pytorch": str(python)}, deadline)
    return found


@needs_root
@pytest.mark.skipif(not os.path.exists(SYSTEM), reason=f"there is no {SYSTEM} that another user could run")
def test_another_users_framework_is_imported_with_that_users_rights_alone(
    commons: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = strangers.environment(commons / "env", MALLORY)
    python.unlink()
    python.symlink_to(SYSTEM)
    site = next(commons.glob("env/lib/python3*/site-packages"))
    here = f"python{'.'.join(os.path.realpath(SYSTEM).rpartition('python')[2].split('.')[:2])}"
    site.parent.rename(site.parent.with_name(here))
    (commons / "env/lib" / here / "site-packages/torch.py").write_text(HEALTHY + TOLD)
    give(commons / "env", MALLORY)
    for name in ("LD_PRELOAD_NOT", "PYTHONPATH", "VIRTUAL_ENV", "SECRET"):
        monkeypatch.setenv(name, "/root")
    found = framework(python)
    assert (found.user, found.version) == (f"user {MALLORY}", f"{MALLORY} {MALLORY} {MALLORY} []"), found
    assert found.cuda == "/"
    assert found.gpus == ("/ [] True",)
    assert all(trial.answer == trial.expected for trial in found.trials)


@needs_root
def test_root_runs_no_interpreter_of_another_user(commons: Path) -> None:
    found = framework(strangers.environment(commons / "env", MALLORY))
    ((uid, words),) = ran(commons / "env")
    isolated, probe, *_ = words.split()
    assert (uid, isolated) == (MALLORY, "-I")
    assert probe.startswith("/tmp/gpusetup-")
    assert not os.path.exists(probe), "the copy of the probe is left behind"
    assert found.user == f"user {MALLORY}"


@needs_root
def test_what_a_third_could_change_is_run_by_nobody_and_unknown(commons: Path) -> None:
    python = strangers.environment(commons / "env", MALLORY)
    python.chmod(0o777)
    found = framework(python)
    assert ran(commons / "env") == []
    assert isinstance(found.version, Unread)
    assert found.version.unread == "denied"
    host = msgspec.structs.replace(machine("desktop"), frameworks=(found,))
    said = {one.rule: one for one in examine(host, all_rules().values()) if one.rule.startswith("FWK")}
    assert said.pop("FWK001").state == "unknown"
    assert {one.state for one in said.values()} == {"skipped"}
    assert "is world-writable" in found.version.detail
    assert framework_names(host) == (f"pytorch: was not imported by {python}",)


@needs_root
def test_the_active_environment_of_another_user_is_run_as_that_user(gpusetup: Run, commons: Path) -> None:
    env = commons / "env"
    python = strangers.environment(env, MALLORY, name="python")
    info = env / f"lib/python3.{sys.version_info.minor}/site-packages/torch-9.9.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: torch\nVersion: 9.9.0\n")
    give(env, MALLORY)
    bare = os.path.realpath(sys.executable)  # has no framework: what ours would find is of no interest here, and slow
    others = [f"--python={name}={bare}" for name in ("tensorflow", "jax")]
    for command in (("doctor", "--json"), ("detect",)):
        done = gpusetup(*command, "--deep", "30", *others, env={"VIRTUAL_ENV": str(env)})
        said = json.loads(done.stdout)
        assert said
    assert {uid for uid, _ in ran(env)} == {MALLORY}
    assert len(ran(env)) == 2
    assert python.exists()


def test_a_flood_costs_no_memory_and_its_end_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch.py").write_text(
        "import os\nfor _ in range(3000): os.write(2, b'x' * 99999 + b'\\n')\n"
        "os.write(2, b'the end\\n')\nraise ImportError('no')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    # in a process of its own, which has had no other peak
    look = "from tests.doctor.test_doctor_deep_owner import flooded; flooded()"
    done = subprocess.run(
        [sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True, timeout=100
    )
    said, peak = done.stdout.split("\n")[:2]
    assert said == "the end"
    assert int(peak) < 200 << 10, "300 MB were kept"


def flooded() -> None:
    """Write what the flooding framework said last, and this process's peak of memory in KiB."""
    found = framework(Path(sys.executable))
    peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
    sys.stdout.write(f"{found.said[-1]}\n{peak}\n")
