"""What /boot holds for each kernel."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from gpusetup.machine.host import Host
from gpusetup.machine.kernel.boot import read_boot
from gpusetup.machine.model import Boot, Unread
from tests.fake_host import Content, grow

OLD, NEW = "6.12.48+deb13-amd64", "6.12.57+deb13-amd64"
KERNELS: dict[str, Content] = {
    f"/boot/vmlinuz-{OLD}": "12345678",
    f"/boot/vmlinuz-{NEW}": "12345678",
    f"/lib/modules/{OLD}/modules.dep": "",
    f"/lib/modules/{NEW}/modules.dep": "",
}


def read(root: Path, tree: Mapping[str, Content]) -> Boot:
    return read_boot(Host(grow(root, {**KERNELS, **tree})))


@pytest.mark.parametrize("form", ["initrd.img-{}", "initramfs-{}.img", "initrd-{}"])
def test_a_kernel_without_its_initramfs_is_named(form: str, tmp_path: Path) -> None:
    has = {f"/boot/{form.format(OLD)}": "1234"}
    told = read(tmp_path / "missing", has)
    assert told.without_initramfs == (NEW,)
    assert told.one_kernel == 12
    assert isinstance(told.free, Unread)
    assert told.free.unread == "unsupported"
    assert read(tmp_path / "empty", has | {f"/boot/{form.format(NEW)}": ""}).without_initramfs == (NEW,)
    assert read(tmp_path / "there", has | {f"/boot/{form.format(NEW)}": "12"}).without_initramfs == ()


def test_kernels_that_never_have_one_lack_none(tmp_path: Path) -> None:
    assert read(tmp_path, {}).without_initramfs == ()


def test_kernels_by_other_names_are_not_judged(tmp_path: Path) -> None:
    told = read_boot(Host(grow(tmp_path, {"/boot/vmlinuz-linux": "1", "/lib/modules/6.18.1-arch1/pkgbase": "linux"})))
    assert isinstance(told.without_initramfs, Unread)
    assert told.without_initramfs.unread == "absent"
