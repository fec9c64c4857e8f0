"""What one stand-in Fedora gathers installs on another that reaches nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from gpusetup.render.formats import render
from gpusetup.render.steps import recipe
from gpusetup.resolve.model import Card
from tests.lab.fedora import Lab
from tests.lab.stubs import KERNEL, program
from tests.lab.world import ADA, DAY, PASCAL, World
from tests.support import chance, drawn

KINDS = ((PASCAL, "rpmfusion"), (ADA, "nvidia"), (ADA, "wheels"))
GATHERED = drawn("bundles", KINDS, 1)
OFFLINE = {"GPUSETUP_BUNDLE": "/root/bundle"}


def gather(world: World, lab: Lab, card: Card = PASCAL, repo: str = "") -> str:
    """Fill /root/bundle in `lab` and return the recipe that is in it."""
    made = recipe(world.small(card, repo=repo, frameworks=("tensorflow",)))
    lab.write("/root/gather.sh", render(made, "bundle", DAY))
    assert "python3.13 is not installed" in lab.sh("bash /root/gather.sh /root/bundle").stderr
    assert lab.sh("dnf -y install python3.13 podman").returncode == 0
    done = lab.sh(f"bash /root/gather.sh /root/bundle {KERNEL}", GPUSETUP_IMAGE="yes")
    assert done.returncode == 0, done.stdout + done.stderr
    listed = {line.split("  ./")[1] for line in lab.sh("cat /root/bundle/SHA256SUMS").stdout.splitlines()}
    there = lab.sh("cd /root/bundle && find . -type f ! -name SHA256SUMS -printf '%P\\n'").stdout.split()
    assert listed == set(there)
    return lab.sh("cat /root/bundle/install.sh").stdout


@pytest.mark.parametrize(("card", "repo"), GATHERED, ids=lambda one: getattr(one, "arch", one))
def test_a_bundle_installs_with_no_network_at_all(
    world: World, new_lab: Callable[..., Lab], card: Card, repo: str
) -> None:
    connected, alone = new_lab(), new_lab()
    before = alone.state()
    script = gather(world, connected, card, repo)
    connected.carry("/root/bundle", alone)
    with alone.spoilt("down"):
        assert alone.recipe(script).returncode == 6  # without the bundle there is nothing to install from
        assert alone.recipe(script, "--undo").returncode == 0
        asked = alone.asked()
        done = alone.recipe(script, **OFFLINE)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "all steps are done" in done.stdout
        assert alone.asked() == asked
    if card == PASCAL:
        assert "nvidia-container-toolkit-base" in alone.state()["packages"]  # vouched for by signed metadata
        assert "podman load" in alone.sh("cat /var/log/lab-calls").stdout
    assert alone.recipe(script, "--undo", **OFFLINE).returncode == 0
    assert {path: what for path, what in alone.state().items() if not path.startswith("/root/bundle")} == before


def test_the_keys_for_secure_boot_can_be_made_from_a_bundle(world: World, new_lab: Callable[..., Lab]) -> None:
    connected, alone = new_lab(), new_lab()
    script = gather(world, connected, ADA, "nvidia")
    connected.carry("/root/bundle", alone)
    alone.sh("touch /srv/firmware/secure-boot")
    alone.write("/usr/local/sbin/mokutil", program("mokutil"), mode="755")
    with alone.spoilt("down"):
        stopped = alone.recipe(script, **OFFLINE)
    assert "needs a password" in stopped.stderr  # the key is there; its enrolment is for a person to ask
    assert alone.sh("test -e /var/lib/dkms/mok.pub").returncode == 0


@pytest.fixture(scope="module")
def gathered(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, str]]:
    """Return a stand-in Fedora that has gathered a bundle, which tests leave as it is, and the bundle's recipe."""
    lab = Lab(tmp_path_factory.mktemp("gathered") / "lab", world)
    yield lab, gather(world, lab)
    lab.close()


def test_every_single_file_of_a_bundle_is_checked(gathered: tuple[Lab, str]) -> None:
    lab, script = gathered
    before = lab.state()
    files = lab.sh("cd /root/bundle && find . -type f ! -name SHA256SUMS ! -name install.sh").stdout.split()
    assert len(files) > 10
    for file in chance("files").sample(sorted(files), 3):
        flip = f"""
            cd /root/bundle && cp -p {file} /tmp/whole
            printf '\\001' | dd of={file} bs=1 seek=$(($(stat -c %s {file}) / 2)) conv=notrunc status=none
        """
        lab.sh(flip)
        refused = lab.recipe(script, **OFFLINE)
        assert refused.returncode == 6, file
        assert "damaged" in refused.stderr
        lab.sh(f"cp -p /tmp/whole /root/bundle/{file}")
    assert lab.state() == before


def test_an_unsigned_package_slipped_into_a_bundle_is_not_installed(gathered: tuple[Lab, str], lab: Lab) -> None:
    """Even by somebody who writes the list of checksums anew."""
    script = gathered[1]
    gathered[0].carry("/root/bundle", lab)
    lab.sh("""
        set -eu
        cd /root/bundle
        rpmsign --delsign rpms/akmod-nvidia-580xx-*.rpm
        createrepo_c -q rpms
        find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum >/tmp/sums
        mv /tmp/sums SHA256SUMS
    """)
    refused = lab.recipe(script, **OFFLINE)
    assert refused.returncode == 6
    assert "the step driver failed" in refused.stderr
    assert "akmod-nvidia" not in lab.state()["packages"]
