"""Our recipe, its bytes unchanged, on a real Debian 13: the driver is installed, built and signed, and taken back.

apt, dpkg, dkms, alternatives and the initramfs are real; the module's sources are short ones (`driver_host`).
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from datetime import date

import pytest
from msgspec.structs import replace

from gpusetup.facts import facts
from gpusetup.render.formats import render
from gpusetup.render.steps import recipe
from gpusetup.resolve import attempt
from gpusetup.resolve.model import Card, Request, Stack, Toolkit
from tests.lab.driver_host.host import DriverHost

ADA = Card(name="GeForce RTX 4090", arch="Ada Lovelace", compute_capability="8.9", known_by="name")
PASCAL = Card(name="GeForce GTX 1080", arch="Pascal", compute_capability="6.1", known_by="name")
REMADE = (
    r"/boot/initrd\.img-.*", r"/usr/lib/modules/[^/]*/modules\..*", r"/var/lib/dpkg/.*",
    r"/var/lib/apt/(extended_states|lists/.*)",
)  # fmt: skip
"""Files that programs write anew, in another order or with times in them; what they say is compared otherwise."""
New = Callable[..., DriverHost]


def script(card: Card = ADA) -> str:
    """Return the recipe for a driver of Debian's own; what needs NVIDIA's site or PyPI is tried elsewhere."""
    request = Request(distro="debian", release="13", repo="debian", cards=(card,), frameworks=("torch",),
                      secure_boot=False)  # fmt: skip
    found = attempt(request, facts(), date(2026, 12, 1))
    assert isinstance(found, Stack)
    ours = tuple(one for one in found.repositories if one.id == "debian-nonfree")
    stack = replace(
        found, environments=(), toolkit=Toolkit(series="", via="none"), container_packages=(), repositories=ours
    )
    return render(recipe(stack), "bash", "2026-12-01")


def furnished(new_debian: New, *, network: bool = True) -> DriverHost:
    """Return a bare Debian that has lists of packages, and asks for no recommended ones, as servers are set up."""
    host = new_debian("bare", network=network)
    host.write("/etc/apt/apt.conf.d/99lab", 'APT::Install-Recommends "false";\n')
    host.boot()
    host.do("ln -sfn /srv/proc/locks /proc/locks")  # apt is waited for by what the kernel says of locks
    return host


def run(host: DriverHost, *options: str) -> subprocess.CompletedProcess[str]:
    return host.sh(" ".join(("bash /root/recipe.sh", *options)))


def state(host: DriverHost) -> dict[str, str]:
    """Return what has to be as it was: packages, files, and what the initramfs holds."""
    found = {name: text for name, text in host.state().items() if not any(re.fullmatch(one, name) for one in REMADE)}
    return found | {"initramfs": host.do("lsinitramfs /boot/initrd.img-* | sort | sha256sum")}


@pytest.mark.slow
@pytest.mark.parametrize(("card", "module", "licence"), [(ADA, "nvidia-current-open", "Dual MIT/GPL")])
def test_debians_driver_is_installed_and_taken_back(new_debian: New, card: Card, module: str, licence: str) -> None:
    host = furnished(new_debian)
    host.do("apt-get --quiet=2 update")
    host.write("/root/recipe.sh", script(card))
    before = state(host)

    # a mirror that is cut off while packages come, and a disk that is full: nothing has changed then
    host.do("mount -t tmpfs -o size=2m full /var/cache/apt/archives && mkdir /var/cache/apt/archives/partial")
    full = run(host)
    assert full.returncode == 6, full.stdout[-2000:]
    assert "enough free space" in full.stderr
    assert state(host)["packages"] == before["packages"]
    host.do("umount /var/cache/apt/archives")

    done = run(host)
    assert done.returncode == 7, done.stdout[-2000:] + done.stderr[-3000:]
    assert "reboot now" in done.stdout
    found = host.do(f"modinfo -k {host.kernel} {module}")
    assert licence in found
    assert "DKMS module signing key" in found
    host.do('dpkg --audit && test -z "$(dpkg --audit)"')
    assert host.do("readlink /etc/alternatives/glx").strip() == "/usr/lib/nvidia"

    # the next start loads it, and nothing is left to do
    host.boot()
    assert "nvidia " in host.do("cat /proc/modules")
    again = run(host)
    assert (again.returncode, again.stdout.count("nothing to do")) == (0, 6), (
        again.stdout[-2000:] + again.stderr[-2000:]
    )

    undone = run(host, "--undo")
    assert undone.returncode == 0, undone.stderr[-2000:]
    after = state(host)
    assert {
        name: (before.get(name), after.get(name)) for name in before | after if before.get(name) != after.get(name)
    } == {}


def test_without_a_network_it_stops_before_anything_is_changed(new_debian: New) -> None:
    host = furnished(new_debian, network=False)
    host.write("/root/recipe.sh", script())
    before = state(host)
    done = run(host)
    assert done.returncode == 6
    assert "the step repositories failed" in done.stderr
    assert run(host, "--undo").returncode == 0
    assert state(host) == before
