"""The same bytes with the real dnf 5 and rpm 6 of today's Fedora, and what these keep of their own."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gpusetup.images.program import failure
from gpusetup.render.steps import read_library
from tests.lab import cells, stubs
from tests.lab.base import Base
from tests.lab.fedora import Lab
from tests.lab.world import ADA, DRIVER_ALONE, HOPPER, PASCAL, World

Maker = Callable[..., Lab]
OVERRIDES = "/etc/dnf/repos.override.d"
MODULES = """---
document: modulemd
version: 2
data:
  name: nvidia-driver
  stream: latest
  version: 1
  context: aaaaaaaa
  arch: x86_64
  summary: stub
  description: stub
  license: {module: [MIT]}
"""
HOLDS_THE_LOCK = """python3 - "$(rpm --eval %_rpmlock_path)" <<'PYTHON' &
import fcntl, sys, time

with open(sys.argv[1], "w") as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    time.sleep(5)
PYTHON
until grep -q POSIX /proc/locks; do sleep 0.1; done
"""


@pytest.fixture
def lab5(new_lab: Maker, dnf5: Base) -> Lab:
    """Return a fresh stand-in Fedora 44 whose dnf is dnf 5."""
    return new_lab(base=dnf5)


def test_it_is_the_dnf_and_rpm_of_today(lab5: Lab) -> None:
    assert lab5.sh("dnf --version").stdout.startswith("dnf5 version 5.")
    assert lab5.sh("rpm --version").stdout.startswith("RPM version 6.")


def test_it_installs_changes_nothing_twice_and_goes_back(world: World, dnf5: Base, tmp_path: Path) -> None:
    verdict = cells.walk(world, tmp_path / "lab", world.stack(ADA), dnf5)
    assert verdict.wrong == "", verdict.said


def test_a_board_with_nvswitches_gets_its_fabric_manager_and_goes_back(
    world: World, dnf5: Base, tmp_path: Path
) -> None:
    stack = world.small(HOPPER, "43", repo="nvidia", allow_eol=True)
    assert {part.name for part in stack.parts} >= {"fabric-manager"}
    verdict = cells.walk(world, tmp_path / "lab", stack, dnf5)
    assert verdict.wrong == "", verdict.said


@pytest.mark.parametrize("section", ["rpmfusion-nonfree", "rpmfusion*", "*"])
def test_an_override_that_stops_checking_signatures_is_refused(world: World, lab5: Lab, section: str) -> None:
    script = world.script(PASCAL)
    lab5.write(f"{OVERRIDES}/50-mine.repo", f"[{section}]\ngpgcheck=0\n")
    with world.signed_by(None):
        refused = lab5.recipe(script)
    assert refused.returncode == 6
    assert f"gpgcheck=0 in {OVERRIDES}/50-mine.repo" in refused.stderr
    assert "nvidia" not in lab5.state()["packages"]


def test_an_override_for_fedoras_own_repository_does_not_hold_for_the_recipe(world: World, lab5: Lab) -> None:
    """dnf 5 itself would follow it: an unsigned package came in, with exit status 0."""
    script = world.script(PASCAL)
    lab5.write(f"{OVERRIDES}/50-mine.repo", "[fedora]\npkg_gpgcheck=0\n")
    with world.signed_by(None, "fedora"):
        lab5.sh("dnf clean all")
        refused = lab5.recipe(script)
        assert refused.returncode == 6
        assert "the step kernel-headers failed" in refused.stderr
        assert " kernel-devel-" not in lab5.state()["packages"]
        assert lab5.sh("dnf -y install mokutil").returncode == 0  # the override is a real one


def test_the_settings_that_the_library_reads_are_those_of_dnf(world: World, lab5: Lab) -> None:
    library = shlex.quote(read_library("fedora"))
    lab5.sh(f"""
        mkdir -p {OVERRIDES} /usr/share/dnf5/repos.override.d
        printf '[fed*]\\npriority=1\\nexclude=a,\\n  b\\n' >{OVERRIDES}/50-x.repo
        printf '[fedora]\\npriority=2\\n' >/usr/share/dnf5/repos.override.d/60-y.repo
        printf '[other]\\npriority=3\\n[f?dora]\\nenabled=0\\n' >{OVERRIDES}/60-y.repo
        printf '[fedora]\\npriority=4\\n' >{OVERRIDES}/70-not-read.conf
        printf '[fedora]\\npkg_gpgcheck=false\\n' >/usr/share/dnf5/repos.override.d/10-z.repo
    """)
    for key in ("gpgcheck", "enabled", "priority", "excludepkgs"):
        real = lab5.sh(f"dnf --dump-repo-config=fedora | sed -n 's/^{key} = //p'").stdout.split()
        ours = lab5.sh(f"eval {library}; repo_option fedora {key}").stdout
        assert ours.replace(",", " ").replace("false", "0").split() == real[0].replace(",", " ").split(), key


def test_a_module_stream_of_dnf_5_is_seen(world: World, lab5: Lab) -> None:
    script = world.script(ADA)
    lab5.write("/srv/modules.yaml", MODULES)
    repo = "/srv/modular"
    made = lab5.sh(f"mkdir {repo} && cp -r {world.repository('fedora')}/. {repo}")
    assert made.returncode == 0, made.stderr
    folder = world.folder / "modules.yaml"
    folder.write_text(MODULES)
    subprocess.run([*lab5.inside, "modifyrepo_c", "--mdtype=modules", folder, f"{lab5.folder}/root{repo}/repodata"],
                   check=True, capture_output=True)  # fmt: skip
    option = f"--repofrompath=modular,file://{repo} --setopt=modular.gpgcheck=0"
    assert lab5.sh(f"dnf -y {option} module enable nvidia-driver:latest").returncode == 0
    refused = lab5.recipe(script)
    assert refused.returncode == 6
    assert "a module stream hides the driver packages" in refused.stderr
    assert lab5.sh(f"dnf -y {option} module disable nvidia-driver").returncode == 0
    assert "── kernel-headers" in lab5.recipe(script).stdout


def test_undo_waits_for_another_rpm(world: World, lab5: Lab) -> None:
    script, before = world.script(PASCAL, **DRIVER_ALONE), lab5.state()
    assert lab5.recipe(script).returncode == 0
    lab5.write("/root/recipe.sh", script)
    undone = lab5.sh(f"{HOLDS_THE_LOCK}\nbash /root/recipe.sh --undo")
    assert undone.returncode == 0, undone.stderr
    assert "Waiting for another program that changes packages" in undone.stderr
    assert lab5.state() == before


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("dnf -y install nosuch", "No match for argument: nosuch"),
        ("dnf -y install 'nosuch*'", "No match for argument: nosuch*"),
        ("dnf -y install /srv/needy.rpm", "nothing provides a-thing-that-is-nowhere needed by needy"),
        ("dnf -y --refresh install unsigned", "OpenPGP check for package"),
        ("dnf -y --setopt=fedora.baseurl=https://fedora.lab/none --setopt=fedora.skip_if_unavailable=0 --refresh "
         "install make", "Failed to download metadata"),
    ],
)  # fmt: skip
def test_the_cause_of_a_build_that_fails_is_named_in_the_words_of_dnf_5(
    world: World, lab5: Lab, command: str, says: str
) -> None:
    lab5.sh("dnf makecache")
    needy = stubs.Stub(name="needy", requires=("a-thing-that-is-nowhere",))
    world.pool.build([needy, stubs.Stub(name="unsigned")])
    lab5.sh(f"cp {world.pool.built}/needy-1*.rpm /srv/needy.rpm")
    if "unsigned" in command:
        lab5.sh(f"""mkdir /srv/u && cp {world.pool.built}/unsigned-1*.rpm /srv/u && rpmsign --delsign /srv/u/*.rpm
                    printf '[u]\\nname=u\\nbaseurl=file:///srv/u\\ngpgcheck=1\\n' >/etc/yum.repos.d/u.repo""")
        subprocess.run([*lab5.inside, "createrepo_c", "--quiet", f"{lab5.folder}/root/srv/u"], check=True)
    done = lab5.sh(f"{command} 2>&1")
    assert done.returncode == 1
    lines = [*done.stdout.splitlines(), 'Error: building at STEP "RUN dnf -y install x": exit status 1']
    message = failure("building x", lines, 1).message
    assert says in message, (message, done.stdout)
