"""``gpusetup upgrade`` as it is typed: from a lock or this machine, with real environments of stub wheels."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from gpusetup.cli._upgrade import unproven
from gpusetup.resolve import lock
from gpusetup.resolve.model import Stack
from gpusetup.resolve.upgrades.model import Upgrade
from tests.packages.conftest import index, world
from tests.resolve.conftest import Plan, plan
from tests.support import Run, tool

__all__ = ["index", "plan", "world"]
HERE = "{}.{}".format(*sys.version_info)
CARD = ("--gpu", "RTX 4090", "--release", "44", "--framework", "torch", "--python", HERE)
CPU = ("--gpu", "none", "--release", "44", "--framework", "tensorflow", "--python", HERE, "--python-env", "uv")
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("index")]


def pinned(path: Path) -> Path:
    """Return the lock that `older` has written on its way, which the tables give again."""
    return path.with_suffix(".pinned")


def older(gpusetup: Run, path: Path, asked: tuple[str, ...] = CARD, pin: str = "torch==2.13.0", *more: str) -> Path:
    """Write the lock of somebody who asked for no release, at a time when that of `pin` was the newest."""
    field, _, version = pin.partition("==")
    done = gpusetup("plan", *asked, f"--{field}", version, *more, "--wheels", "--format", "toml", "-o", path)
    assert done.returncode == 0, done.stderr
    pinned(path).write_bytes(path.read_bytes())
    ((name, one),) = lock.load(path).profile.items()
    assert one.request is not None
    one = replace(one, request=replace(one.request, **{field: ""}))
    path.write_text(lock.dump(lock.with_profile(None, name, replace(one, digest=lock.digest(one)))))
    return path


def test_a_lock_says_what_would_change_and_changes_nothing(gpusetup: Run, tmp_path: Path) -> None:
    file = older(gpusetup, tmp_path / "gpusetup.lock")
    before = file.read_bytes()
    assert gpusetup("upgrade", "--from", file, "--gpu", "none").returncode == 2, "the lock has the cards"
    done = gpusetup("upgrade", "--from", file, "--json")
    assert done.returncode == 0, done.stderr
    found = msgspec.json.decode(done.stdout, type=Upgrade)
    (torch,) = (one for one in found.changes if one.component == "env torch: torch")
    assert (torch.now, torch.after) == ("2.13.0", "2.15.0")
    assert {one.fact for one in found.risks if one.kind == "bits"} == {"bits-torch"}
    text = gpusetup("upgrade", "--from", file)
    assert "Nothing was changed. Next: `gpusetup upgrade apply --from" in " ".join(text.stdout.split())
    assert file.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "gpusetup.lock", "gpusetup.pinned"]


def test_what_is_pinned_stays_and_more_can_be_asked_for(gpusetup: Run, tmp_path: Path) -> None:
    file = tmp_path / "gpusetup.lock"
    gpusetup("plan", *CARD, "--torch", "2.13.0", "--wheels", "--format", "toml", "-o", file)
    assert "nothing newer for these wishes" in gpusetup("upgrade", "--from", file).stdout
    done = gpusetup("upgrade", "--from", file, "--with", "plain", "-o", tmp_path / "new.lock")
    assert "env torch: plain" in done.stdout
    assert "kept as asked for: torch 2.13.0" in done.stdout
    (made,) = lock.load(tmp_path / "new.lock").profile.values()
    assert any(line.startswith("plain==") for line in made.environment[0].wheels)
    older(gpusetup, tmp_path / "other.lock", CPU, "tensorflow==2.20.0")
    done = gpusetup("upgrade", "--from", file, "-o", tmp_path / "other.lock")
    assert done.returncode == 0, done.stderr
    assert len(lock.load(tmp_path / "other.lock").profile) == 2, "a profile of other cards is not overwritten"


def test_a_stack_for_other_cards_is_not_applied_here(gpusetup: Run, tmp_path: Path) -> None:
    file = older(gpusetup, tmp_path / "gpusetup.lock")
    done = gpusetup(
        "upgrade", "apply", "--to", pinned(file), "--folder", tmp_path / "envs", "--prove", "import", "--yes"
    )
    assert done.returncode == 4
    assert not (tmp_path / "envs").exists()


def test_it_is_applied_undone_and_cleaned(gpusetup: Run, tmp_path: Path) -> None:
    old, new, folder = tmp_path / "old.lock", tmp_path / "new.lock", tmp_path / "envs"
    older(gpusetup, old, CPU, "tensorflow==2.20.0")
    words = ("--folder", folder, "--prove", "import", "--yes")
    python = folder / "tensorflow/bin/python"

    def version() -> str:
        said = subprocess.run(
            [python, "-c", "import tensorflow; print(tensorflow.__version__)"],
            capture_output=True,
            text=True,
            check=True,
        )
        return said.stdout.strip()

    done = gpusetup("upgrade", "apply", "--to", pinned(old), *words)
    assert done.returncode == 0, done.stderr
    assert version() == "2.20.0"
    done = gpusetup("upgrade", "apply", "--from", old, "-o", new, *words, "--test", "python -c 'raise SystemExit(3)'")
    assert done.returncode == 6
    assert version() == "2.20.0", "a test of one's own that fails switches nothing"
    done = gpusetup("upgrade", "apply", "--to", new, *words, "--test", "python -c 'import tensorflow'")
    assert done.returncode == 0, done.stderr
    assert version() == "2.21.0"
    assert gpusetup("upgrade", "apply", "--to", new, *words).stdout == "nothing to do\n"
    assert gpusetup("upgrade", "undo", "--folder", folder, "--yes").returncode == 0
    assert version() == "2.20.0"
    assert "removed" in gpusetup("upgrade", "clean", "--folder", folder, "--yes").stdout
    assert version() == "2.20.0"


def test_without_what_the_self_test_needs_nothing_is_built(gpusetup: Run, tmp_path: Path) -> None:
    file = older(gpusetup, tmp_path / "old.lock", CPU, "tensorflow==2.20.0")
    done = gpusetup("upgrade", "apply", "--to", pinned(file), "--folder", tmp_path / "envs", "--yes")
    assert done.returncode == 4
    assert "needs numpy, which an environment of this lock does not have" in done.stderr


def test_what_is_here_is_compared_and_what_was_added_is_named(gpusetup: Run, index: str, tmp_path: Path) -> None:
    folder = tmp_path / "envs"
    done = gpusetup("upgrade", *CARD, "--folder", folder)
    assert done.returncode == 4
    assert "none of the environments torch" in done.stderr
    subprocess.run([tool("uv"), "venv", "--quiet", "--python", sys.executable, folder / "torch"], check=True)
    python = str(folder / "torch/bin/python")
    words = [tool("uv"), "pip", "install", "--quiet", "--default-index", index, "--python", python]
    subprocess.run([*words, "torch==2.13.0", "plain==1.1"], check=True)
    done = gpusetup("upgrade", *CARD, "--folder", folder)
    assert done.returncode == 0, done.stderr
    assert "env torch: plain: 1.1 is there, and the new environment has none" in " ".join(done.stdout.split())


def test_the_old_lock_without_a_request_is_refused(gpusetup: Run, tmp_path: Path) -> None:
    file = older(gpusetup, tmp_path / "gpusetup.lock")
    ((name, one),) = lock.load(file).profile.items()
    one = replace(one, request=None)
    file.write_text(lock.dump(lock.with_profile(None, name, replace(one, digest=lock.digest(one)))))
    assert gpusetup("upgrade", "--from", file).returncode == 4


def test_named_environments_are_upgraded_each_by_its_own_wishes(gpusetup: Run, tmp_path: Path) -> None:
    file, old, folder = tmp_path / "gpusetup.toml", tmp_path / "old.lock", tmp_path / "envs"
    table = f'tensorflow = "2.20.0"\npython = "{HERE}"\n'
    file.write_text(f"[environments.train]\n{table}[environments.serve]\n{table}")
    asked = ("--gpu", "none", "--release", "44", "--python-env", "uv", "--environments", file)
    done = gpusetup("plan", *asked, "--wheels", "--format", "toml", "-o", old)
    assert done.returncode == 0, done.stderr
    words = ("--folder", folder, "--prove", "import", "--yes")
    assert gpusetup("upgrade", "apply", "--to", old, *words).stdout.startswith("switched: train, serve;")
    ((name, one),) = lock.load(old).profile.items()
    assert one.request is not None
    train, serve = one.request.environments
    wish = replace(one.request, environments=(replace(train, tensorflow=""), serve))
    one = replace(one, request=wish)
    old.write_text(lock.dump(lock.with_profile(None, name, replace(one, digest=lock.digest(one)))))
    done = gpusetup("upgrade", "apply", "--from", old, *words)
    assert done.stdout.startswith("switched: train;"), done.stdout + done.stderr
    versions = {
        one: next((folder / one).glob("lib/python3*/site-packages/tensorflow_cpu-*")).name for one in ("train", "serve")
    }
    assert versions == {"train": "tensorflow_cpu-2.21.0.dist-info", "serve": "tensorflow_cpu-2.20.0.dist-info"}
    assert gpusetup("upgrade", "undo", "--folder", folder, "--yes").stdout.count("back to") == 2


@pytest.mark.parametrize("words", [("undo",), ("clean",)])
def test_nothing_to_take_back_is_said(gpusetup: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    done = gpusetup("upgrade", *words, "--folder", tmp_path / "envs", "--yes")
    assert (done.returncode, done.stdout.partition(" to ")[0]) == (0, "there is nothing")


def test_what_the_self_test_needs_is_known_before_anything_is_built(plan: Plan) -> None:
    stack: Stack = plan("RTX 4090", release="44", frameworks=("torch", "jax"))
    lines = {"torch": ("torch==2.15.0", "numpy==2.5.0"), "jax": ("jax==0.12.0", "numpy==2.5.0")}
    whole = [replace(one, wheels=lines[one.name]) for one in stack.environments]
    assert unproven(replace(stack, environments=tuple(whole))) == ["optax"]
    bare = [replace(one, wheels=(lines[one.name][0],)) for one in stack.environments]
    assert unproven(replace(stack, environments=tuple(bare))) == ["numpy", "optax"]
    assert unproven(stack) == [], "where dependencies are not known, nothing is said"
