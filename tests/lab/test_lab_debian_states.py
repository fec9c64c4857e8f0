"""The doctor on a real Debian 13 with its own driver: real packages, modules, alternatives and initramfs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.lab.driver_host.host import DriverHost
from tests.lab.driver_host.states import State, judged, make, repaired, states

CHEAP = [state for state in states() if state.ci]


def test_a_bare_debian_has_the_card_and_no_driver(new_debian: Callable[..., DriverHost]) -> None:
    host = new_debian("bare")
    host.boot()
    assert judged(host).rule == "DRV003"


def test_debians_own_driver_is_built_signed_and_loaded(new_debian: Callable[..., DriverHost]) -> None:
    host = new_debian()
    host.boot()
    assert host.do("dkms status").strip().endswith(": installed")
    assert host.do("modinfo -k $(uname -r) -F signer nvidia-current").strip() == "DKMS module signing key"
    assert host.do("cut -d' ' -f1 /proc/modules").split() == ["nvidia", "nvidia_modeset", "nvidia_drm", "nvidia_uvm"]


@pytest.mark.parametrize("state", CHEAP, ids=[state.name for state in CHEAP])
def test_the_cause_comes_first_and_its_remedy_mends_it(state: State, new_debian: Callable[..., DriverHost]) -> None:
    host = new_debian()
    make(host, state)
    said = judged(host)
    assert said.rule == state.first, said
    assert state.remedy in " ".join(said.commands)
    if state.fix:
        assert repaired(host, state.fix) == ""
        assert judged(host).rule == state.after
