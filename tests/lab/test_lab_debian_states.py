"""The doctor on a real Debian 13 with its own driver: real packages, modules, alternatives and initramfs."""

from __future__ import annotations

from collections.abc import Callable

from tests.lab.driver_host.host import DriverHost


def test_a_bare_debian_has_the_card_and_no_driver(new_debian: Callable[..., DriverHost]) -> None:
    host = new_debian("bare")
    host.boot()
    assert host.doctor()["findings"][0]["rule"] == "DRV003"


def test_debians_own_driver_is_built_signed_and_loaded(new_debian: Callable[..., DriverHost]) -> None:
    host = new_debian()
    host.boot()
    assert host.do("dkms status").strip().endswith(": installed")
    assert host.do("modinfo -k $(uname -r) -F signer nvidia-current").strip() == "DKMS module signing key"
    said = [(one["rule"], one["state"]) for one in host.doctor()["findings"] if one["state"] in ("error", "warning")]
    assert said == [("DRV102", "warning")]
