"""The same bytes a user would run, on a stand-in Fedora with real dnf and rpm."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gpusetup.facts import facts
from gpusetup.render.formats import render
from gpusetup.render.steps import recipe
from gpusetup.resolve.model import Stack
from tests.lab import cells, kills
from tests.lab.base import HERE
from tests.lab.fedora import Lab
from tests.lab.world import ADA, DAY, DRIVER_ALONE, PASCAL, World
from tests.support import drawn, fedoras, tool

WHOLE = (("Pascal", "akmod-nvidia-580xx"), ("Ada", "akmod-nvidia-610"))


@pytest.mark.parametrize(("name", "driver"), drawn("whole stacks", WHOLE, 1))
def test_it_installs_changes_nothing_twice_and_goes_back(world: World, tmp_path: Path, name: str, driver: str) -> None:
    """Of one by chance; with dnf 5 always of Ada, and of every card in `benchmarks/lab_matrix.py`."""
    stack = world.stack({"Pascal": PASCAL, "Ada": ADA}[name])
    assert stack.driver is not None
    assert driver in {f"{one}-{stack.driver.branch}" for one in stack.driver.packages} | set(stack.driver.packages)
    verdict = cells.walk(world, tmp_path / "lab", stack)
    assert verdict.wrong == "", verdict.said


def test_cells_of_the_matrix(world: World, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """One by chance, with the dnf of its release; `benchmarks/lab_matrix*.py` walk through them all."""
    for number, cell in enumerate(drawn("cells", cells.every(), 1)):
        stack = cell.stack(world)
        if isinstance(stack, Stack):
            base = request.getfixturevalue("dnf5") if int(cell.release) >= cells.FIRST_WITH_DNF5 else HERE
            verdict = cells.walk(world, tmp_path / f"lab{number}", stack, base)
            assert verdict.wrong == "", f"{cell}: {verdict.said}"


def test_uv_makes_the_environments_where_it_is_asked_to(world: World, new_lab: Callable[..., Lab]) -> None:
    """On the release whose own Python is the one that runs here, since uv asks an interpreter for its version."""
    tool("uv")
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    release = next((row.release for row in fedoras(facts()) if row.python == here), None)
    if release is None:
        pytest.skip(f"no Fedora in the tables has Python {here} for its own")
    lab = new_lab(release)
    script, before = world.script(ADA, release, python_env="uv", allow_eol=True), lab.state()
    index = {"UV_DEFAULT_INDEX": "https://index.lab/simple/", "UV_INSECURE_HOST": "index.lab download.pytorch.org"}
    done = lab.recipe(script, **index)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " uv-" in lab.state()["packages"]
    assert "nothing to do" in lab.recipe(script, **index).stdout
    assert lab.recipe(script, "--undo").returncode == 0
    assert lab.state() == before


def test_a_broken_recipe_does_not_pass_for_a_whole_one(world: World, tmp_path: Path) -> None:
    """The walk through a cell sees what it is there to see: here a package that is never installed."""
    stack = world.small(ADA, frameworks=("tensorflow",))
    made = recipe(stack)
    assert "python" in {step.id for step in made.steps}
    made = type(made)(**{
        name: getattr(made, name) for name in made.__struct_fields__ if name != "steps"
    }, steps=tuple(step for step in made.steps if step.id != "python"))  # fmt: skip
    lab = Lab(tmp_path / "lab", world)
    try:
        assert cells.walk_in(lab, render(made, "bash", DAY), stack).wrong
    finally:
        lab.close()


def test_killed_anywhere_it_resumes_to_the_state_of_an_undisturbed_run(
    world: World, new_lab: Callable[..., Lab]
) -> None:
    """At one point by chance; `benchmarks/lab_kill_points.py` takes them all."""
    script, undisturbed = world.script(ADA), new_lab()
    before = undisturbed.state()
    points = kills.points(undisturbed, script)
    whole = undisturbed.state()
    for point in drawn("points", points, 1):
        disturbed = new_lab()
        assert kills.killed(disturbed, script, point), str(point)
        resumed = disturbed.recipe(script)
        assert resumed.returncode == 0, resumed.stdout + resumed.stderr
        assert disturbed.state() == whole, str(point)
        assert disturbed.recipe(script, "--undo").returncode == 0
        assert disturbed.state() == before


@pytest.mark.parametrize("wrongly", ["unsigned", "signed by a stranger"])
def test_a_package_that_is_not_signed_by_the_pinned_key_is_not_installed(world: World, lab: Lab, wrongly: str) -> None:
    script = world.script(PASCAL, **DRIVER_ALONE)
    with world.signed_by(None if wrongly == "unsigned" else world.stranger):
        refused = lab.recipe(script)
        assert refused.returncode == 6
        assert "the step driver failed" in refused.stderr
        assert "nvidia" not in lab.state()["packages"]
    lab.sh("dnf clean metadata")  # the mended repository has other checksums
    mended = lab.recipe(script)
    assert "── nouveau" in mended.stdout, mended.stderr  # the driver is there now


def test_a_key_that_is_not_the_pinned_one_is_not_imported(world: World, lab: Lab) -> None:
    before, script = lab.state(), world.script(PASCAL)
    refused = lab.recipe(script.replace(world.key.fingerprint, world.stranger.fingerprint))
    assert refused.returncode == 6
    assert "is not trusted" in refused.stderr
    after = lab.state()
    assert after["packages"] == before["packages"]
    assert {path for path in after if not path.startswith("/var/lib/gpusetup/")} == set(before)


def test_a_driver_of_another_owner_stops_it_before_anything_is_changed(world: World, lab: Lab) -> None:
    script = world.script(ADA)
    repo = f"--repofrompath=cuda,file://{world.repository('cuda', 'fedora44')}"
    assert lab.sh(f"dnf -y {repo} --setopt=cuda.gpgcheck=0 install nvidia-open").returncode == 0
    before = lab.state()
    refused = lab.recipe(script)
    assert refused.returncode == 6
    assert "nvidia-open.x86_64" in refused.stderr
    assert lab.state() == before


def test_the_cuda_repository_brings_no_driver_and_undo_breaks_nothing_that_came_since(world: World, lab: Lab) -> None:
    """`nvidia-driver` provides a newer xorg-x11-drv-nvidia-cuda than RPM Fusion has; the excludes must hold."""
    script, before = world.script(ADA), lab.state()
    assert lab.recipe(script).returncode == 0
    packages = lab.state()["packages"]
    assert "xorg-x11-drv-nvidia-cuda-610" in packages
    assert "cuda-toolkit-13-3-" in packages
    assert " nvidia-driver-" not in packages
    assert "filtered out by exclude" in lab.sh("dnf -y install nvidia-driver").stdout
    assert lab.sh("dnf -y install blender").returncode == 0
    refused = lab.recipe(script, "--undo")
    assert refused.returncode == 6
    assert "blender" in refused.stderr
    assert "blender" in lab.state()["packages"]
    assert lab.sh("dnf -y remove --noautoremove blender").returncode == 0
    assert lab.recipe(script, "--undo").returncode == 0
    assert lab.state() == before


def test_dry_run_leaves_no_trace(world: World, lab: Lab) -> None:
    script = world.script(ADA)
    lab.write("/root/recipe.sh", script)
    before = lab.state(strict=True)
    shown = lab.sh("bash /root/recipe.sh --dry-run")
    assert shown.returncode == 0
    assert "install_packages driver" in shown.stdout
    assert lab.state(strict=True) == before
    assert lab.sh("test ! -e /var/lib/gpusetup").returncode == 0
