"""What ``gpusetup upgrade`` does beside printing: the two sides, the targets, the proof and the switch."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gpusetup.cli._streams import notify
from gpusetup.errors import MissingError, RefusedError, StepFailedError

if TYPE_CHECKING:
    from gpusetup.apply.generations.place import Place, Target
    from gpusetup.resolve.model import Environment, Stack
    from gpusetup.resolve.upgrades.model import Side

PROOF = ".gpusetup-proof.json"
"""The proof of a generation, in its folder."""
BEFORE = "before.json"
"""The proof of what a generation is to replace, in the store."""
IMPORT = "import sys; [__import__(name) for name in sys.argv[1:]]"


class Proving(msgspec.Struct, frozen=True):
    """How a generation is proven: by ``quick``, ``full``, or by ``import`` alone; then by a command of the user's."""

    how: str
    command: str = ""


def environments_folder(given: Path | None) -> Path:
    """Return where the environments are: as given, else as the recipe has it (``environment_folder``)."""
    if given is not None:
        return given.absolute()
    if set_here := os.environ.get("GPUSETUP_ENVIRONMENTS"):
        return Path(set_here).absolute()
    if os.geteuid() != 0:
        return Path.home() / "gpusetup"
    if os.environ.get("SUDO_USER", "root") != "root":
        raise RefusedError("the environments are those of the user who called sudo", "run this without sudo")
    return Path("/opt/gpusetup")


def side_here(stack: Stack, folder: Path, driver: str) -> Side:
    """Return what this machine has of the environments of `stack`."""
    from gpusetup.apply.generations.folders import held_in
    from gpusetup.apply.generations.place import place_of
    from gpusetup.resolve.upgrades.model import Side

    found = (held_in(place_of(folder / one.name)) for one in stack.environments)
    return Side(driver=driver, environments=tuple(one for one in found if one is not None))


def target_of(environment: Environment, stack: Stack) -> Target:
    """Return what a generation of an environment is to hold; raises `RefusedError` where its wheels are not known."""
    from gpusetup.apply.generations.place import Target

    if not environment.wheels:
        raise RefusedError(
            f"the wheels of env {environment.name} are not locked", "lock them: gpusetup plan --wheels --format toml"
        )
    indexes = (*(one.index for one in environment.requirements if one.index), *stack.request.packages.indexes)
    return Target(
        name=environment.name, python=environment.python, wheels=environment.wheels,
        indexes=tuple(dict.fromkeys(indexes)), frameworks=environment.frameworks,
    )  # fmt: skip


def unproven(stack: Stack) -> list[str]:
    """Return the packages that the self-test needs and the environments of `stack` lack, as far as that is known."""
    from gpusetup.resolve.upgrades.sides import held
    from gpusetup.selftest.frameworks import FRAMEWORKS, canonical

    lacking: dict[str, None] = {}
    for environment in stack.environments:
        there = held(environment)
        modules = (module for name in environment.frameworks for module in FRAMEWORKS[canonical(name)][0])
        needed = ("numpy", *(one for one in modules if one not in environment.frameworks))
        lacking |= dict.fromkeys(one for one in needed if there.whole and one not in there.packages)
    return list(lacking)


def require_provable(stack: Stack, proving: Proving) -> None:
    """Raise `RefusedError` where the self-test could not run in an environment."""
    if proving.how != "import" and (lacking := unproven(stack)):
        raise RefusedError(
            f"the self-test needs {' and '.join(lacking)}, which an environment of this lock does not have",
            "plan again, which adds it, or only import the frameworks: --prove import",
        )


def require_other_python(place: Place) -> None:
    """Raise `RefusedError` where this program itself runs from the environment."""
    if Path(sys.prefix).resolve() == place.folder.resolve():
        raise RefusedError(
            f"gpusetup runs from {place.folder}, which it would replace",
            "install gpusetup in an environment of its own (pipx, uv tool) and run that one",
        )


def find_tools(kind: str) -> str:
    """Return the uv that makes environments where the plan says so, "" for venv and pip."""
    if kind != "uv":
        return ""
    from gpusetup.packages.resolver import find_uv

    return find_uv().path


def upgrade_all(stack: Stack, folder: Path, proving: Proving) -> list[str]:
    """Rehearse and switch every environment of `stack`, and return the names of those that were switched."""
    from gpusetup.apply.generations.build import Tools
    from gpusetup.apply.generations.place import place_of
    from gpusetup.apply.generations.rehearsal import upgrade

    folder.mkdir(parents=True, exist_ok=True)
    tools = Tools(find_tools(stack.request.python_env))
    targets = [target_of(one, stack) for one in stack.environments]
    _require_wheels_alone(stack)
    require_provable(stack, proving)
    for target in targets:
        require_other_python(place_of(folder / target.name))
    switched = []
    for target in targets:
        place = place_of(folder / target.name)
        prove, verify = _prover(place, target, proving), _importer(target)
        if upgrade(place, target, tools, prove, verify, notify):
            switched.append(target.name)
        else:
            notify(f"   {place.folder} is as planned")
    return switched


def _require_wheels_alone(stack: Stack) -> None:
    for one in stack.environments:
        if one.built:
            names = ", ".join(built.name for built in one.built)
            raise RefusedError(
                f"an upgrade compiles nothing, and env {one.name} has packages without a wheel: {names}",
                "leave them out, and build them in the new environment",
            )


def _importer(target: Target) -> Callable[[Path], None]:
    def verify(folder: Path) -> None:
        _run([str(folder / "bin/python"), "-I", "-c", IMPORT, *target.frameworks], f"importing from {folder}")

    return verify


def _prover(place: Place, target: Target, proving: Proving) -> Callable[[Path], None]:
    def prove(folder: Path) -> None:
        _importer(target)(folder)
        if proving.how != "import" and target.frameworks:
            before = place.store / BEFORE
            compared = place.current() != "" and _proven_before(place, target, proving, before)
            _selftest(folder, target, proving, folder / PROOF, before if compared else None)
        if proving.command:
            path = f"{folder / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
            more = {"PATH": path, "VIRTUAL_ENV": str(folder)}
            _run(shlex.split(proving.command), f"{proving.command!r} in {folder}", **more)

    return prove


def _proven_before(place: Place, target: Target, proving: Proving, proof: Path) -> bool:
    """Run the self-test in what is to be replaced, and return whether its proof is fit to compare with."""
    notify(f"   first {place.folder} as it is, to compare with")
    try:
        _selftest(place.folder, target, proving, proof, None)
    except (StepFailedError, MissingError) as error:
        notify(f"   there is nothing to compare with: {error.message}")
        return False
    return True


def _selftest(folder: Path, target: Target, proving: Proving, proof: Path, before: Path | None) -> None:
    python = folder / "bin/python"
    words = [sys.executable, "-P", "-m", "gpusetup", "selftest", f"--{proving.how}", "--save", str(proof)]
    for name in target.frameworks:
        words += ["--framework", name.replace("torch", "pytorch"), "--python", f"{name}={python}"]
    words += ["--baseline", str(before)] if before else []
    _run(words, f"the self-test in {folder}")


def _run(words: list[str], what: str, **more: str) -> None:
    """Run a program with its output shown; raises `StepFailedError` unless it exits with 0."""
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, check=False, env=os.environ | more)
    except OSError as error:
        raise StepFailedError(f"{what}: {words[0]} cannot be started: {error}") from error
    if done.returncode != 0:
        raise StepFailedError(f"{what} failed (exit status {done.returncode})", "nothing was switched")
