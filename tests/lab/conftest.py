"""The stand-in internet, built once, and a fresh stand-in Fedora for each test that asks for one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lab.base import HERE, Base, NoBaseError, forky
from tests.lab.driver_host.host import DriverHost
from tests.lab.driver_host.roots import Roots, roots
from tests.lab.fedora import Lab
from tests.lab.world import World

TOOLS = ("dnf", "rpm", "rpmbuild", "rpmsign", "createrepo_c", "gpg", "openssl", "curl", "unshare", "nsenter", "ip")


def lacking() -> str:
    """Return why there can be no lab here, "" when there can."""
    if os.geteuid() != 0:
        return "the lab needs root, for namespaces of its own"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"the lab needs {', '.join(missing)}" if missing else ""


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    why_not = lacking()
    if why_not:
        pytest.skip(why_not)
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def dnf5() -> Base:
    """Return the root with dnf 5 and rpm 6, made the first time."""
    if why_not := lacking():
        pytest.skip(why_not)
    try:
        return forky()
    except NoBaseError as error:
        pytest.skip(f"no root with dnf 5 and rpm 6: {error}")


@pytest.fixture
def new_lab(world: World, tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    """Return a maker of fresh stand-in Fedoras."""
    labs: list[Lab] = []

    def make(release: str = "44", base: Base = HERE) -> Lab:
        labs.append(Lab(tmp_path / f"lab{len(labs)}", world, release, base))
        return labs[-1]

    yield make
    for lab in labs:
        lab.close()


@pytest.fixture
def lab(new_lab: Callable[..., Lab]) -> Lab:
    return new_lab()


@pytest.fixture(scope="session")
def debian_roots() -> Roots:
    """Return the roots of a real Debian 13, without and with its own driver, made the first time (two minutes)."""
    if os.geteuid() != 0:
        pytest.skip("the lab needs root, for namespaces of its own")
    try:
        return roots()
    except NoBaseError as error:
        pytest.skip(f"no root of Debian 13: {error}")


@pytest.fixture
def new_debian(debian_roots: Roots, tmp_path: Path) -> Iterator[Callable[..., DriverHost]]:
    """Return a maker of real Debians: ``"bare"``, as installed, or ``"driver"``, with Debian's own driver."""
    hosts: list[DriverHost] = []

    def make(of: str = "driver", *, network: bool = True) -> DriverHost:
        layers = debian_roots.driver if of == "driver" else debian_roots.bare
        hosts.append(DriverHost(tmp_path / f"debian{len(hosts)}", layers, debian_roots, network=network))
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()
