"""As whom root runs an interpreter: as the owner of its environment, and never where a third could change it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gpusetup.errors import RefusedError
from gpusetup.trust.owner import Owner, environment, require_own, runs_as, works_as
from tests import strangers
from tests.strangers import MALLORY, TRENT, give, needs_root, ran

pytestmark = needs_root
SHOW = "id -u; id -g; id -G; pwd; umask; env | sort; ps -o sid= -p $$; grep -E '^Cap(Prm|Eff)' /proc/$$/status"


@pytest.fixture
def env(commons: Path) -> Path:
    strangers.environment(commons / "env", MALLORY)
    return commons / "env"


def test_another_users_environment_is_run_as_that_user(env: Path) -> None:
    someone = Owner(MALLORY, MALLORY, (), f"user {MALLORY}", "/")
    assert runs_as(f"{env}/bin/python3") == someone
    assert works_as(str(env)) == someone


def test_roots_own_is_run_as_root_while_root_alone_can_write_it(env: Path) -> None:
    give(env, 0)
    assert runs_as(f"{env}/bin/python3") is None
    (env / "lib/python3.11/site-packages/torch.py").write_text("x")
    os.chown(env / "lib/python3.11/site-packages/torch.py", MALLORY, MALLORY)
    with pytest.raises(RefusedError, match=r"torch\.py belongs to user"):
        runs_as(f"{env}/bin/python3")


def test_roots_environment_made_of_another_users_python_is_refused(commons: Path, env: Path) -> None:
    strangers.environment(commons / "roots", 0)
    (commons / "roots/pyvenv.cfg").write_text(f"include-system-site-packages = false\nhome = {env}/bin\n")
    (env / "pyvenv.cfg").unlink()
    with pytest.raises(RefusedError, match=f"{env} belongs to user {MALLORY}"):
        runs_as(f"{commons}/roots/bin/python3")


@pytest.mark.parametrize("how", ["link", "mode", "folder", "above"])
def test_what_a_third_can_change_is_not_run_at_all(commons: Path, env: Path, how: str) -> None:
    python = env / "bin/python3"
    match how:
        case "link":
            strangers.environment(commons / "trents", TRENT)
            python.unlink()
            python.symlink_to(commons / "trents/bin/python3")
            os.chown(python, MALLORY, MALLORY, follow_symlinks=False)
        case "mode":
            python.chmod(0o777)
        case "folder":
            (env / "bin").chmod(0o775)
        case "above":
            os.chown(commons, TRENT, TRENT)
    with pytest.raises(RefusedError, match=f"root runs nothing in {env}, the environment of user {MALLORY}: "):
        runs_as(str(python))
    with pytest.raises(RefusedError):
        require_own(str(python))


def test_a_user_without_an_account_gets_no_groups_and_nothing_of_roots_variables(
    env: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV", "AWS_SECRET_ACCESS_KEY", "BASH_ENV"):
        monkeypatch.setenv(name, "/x")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    given = environment(runs_as(f"{env}/bin/python3") or pytest.fail("it is not root's"))
    assert given.items() >= {"HOME": "/", "PATH": "/usr/local/bin:/usr/bin:/bin", "CUDA_VISIBLE_DEVICES": "1"}.items()
    assert set(given) <= {"HOME", "PATH", "USER", "LOGNAME", "CUDA_VISIBLE_DEVICES", "LANG", "LC_ALL", "TZ"}


def as_owner(kind: str, path: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "gpusetup.trust.owner", kind, path, *command],
        env=os.environ | variables, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.mark.parametrize(("kind", "place"), [("python", "bin/python3"), ("folder", "")])
def test_the_shells_door_gives_up_every_right_of_roots(env: Path, kind: str, place: str) -> None:
    done = as_owner(kind, env / place, "bash", "-c", SHOW, LD_PRELOAD="", BASH_ENV="/nowhere", http_proxy="http://p:1")
    assert done.returncode == 0, done.stderr
    uid, gid, groups, folder, umask, *rest = done.stdout.splitlines()
    assert (uid, gid, groups, folder, umask) == (str(MALLORY), str(MALLORY), str(MALLORY), "/", "0022")
    assert "http_proxy=http://p:1" in rest
    assert not any(line.startswith(("BASH_ENV", "SUDO", "VIRTUAL_ENV", "PYTHON")) for line in rest)
    session = next(int(line) for line in rest if line.strip().isdecimal())
    assert session != os.getsid(0)
    assert [line.split()[1] for line in rest if line.startswith("Cap")] == ["0" * 16] * 2


def test_the_shells_door_refuses_before_anything_runs(env: Path) -> None:
    (env / "bin/python3").chmod(0o777)
    done = as_owner("python", env / "bin/python3", str(env / "bin/python3"))
    assert done.returncode == 1
    assert "is world-writable" in done.stderr
    assert ran(env) == []


def test_only_another_users_interpreter_has_to_be_used_by_that_user(env: Path) -> None:
    with pytest.raises(RefusedError, match=f"belongs to user {MALLORY}, and root does not run another user's files"):
        require_own(f"{env}/bin/python3")
    require_own("/usr/bin/env")
    require_own("no-such-program")
