"""Every form in which a kernel's message is kept comes down to the same message, and what no kernel wrote to none."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import pytest

from gpusetup.machine.host import Host
from gpusetup.machine.kernel.forms import message
from gpusetup.machine.kernel.log import read_kernel_log
from tests.each import each
from tests.fake_host import grow
from tests.log_forms import FORMS, WHOLE

TEXT = "NVRM: Xid (PCI:0000:01:00 GPU-I:05 GPU-CI:00): 79, pid=1, GPU has fallen off the bus."


@each("form", FORMS)
def test_a_message_in_any_form_is_the_same_message(form: str) -> None:
    said = message(FORMS[form](TEXT).encode())
    assert said.endswith(TEXT)
    assert "host-17" not in said
    assert said.removesuffix(TEXT) == "" or said.removesuffix(TEXT).startswith("[")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("whole", WHOLE)
def test_a_saved_log_in_any_form_is_read(tmp_path: Path, form: str, whole: str) -> None:
    lines = "\n".join((FORMS[form]("Linux version 7.0.4"), FORMS[form]("usb 1-1: new device"), FORMS[form](TEXT), ""))
    host = Host(grow(tmp_path, {"/var/log/dmesg": WHOLE[whole](lines)}))
    said = read_kernel_log(host)
    assert isinstance(said, tuple)
    assert [one.endswith(TEXT) for one in said] == [True]


@pytest.mark.parametrize(
    "line",
    [
        "Nov 30 04:00:00 host-17 nvidia-persistenced[812]: Started (812), NVRM: Xid (PCI:0000:01:00): 79",
        "2026-11-30T04:00:00.1+00:00 host-17 sudo: anna : COMMAND=/usr/bin/grep NVRM",
        "<13>1 2026-11-30T04:00:00.1Z host-17 logger 812 - - NVRM: Xid (PCI:0000:01:00): 79",
        "[  100.000000] host-17 systemd[1]: Started nvidia-persistenced.service",
        json.dumps({"_TRANSPORT": "syslog", "MESSAGE": TEXT}),
        '{"_TRANSPORT": "kernel", "MESSAGE": "NVRM: Xid',
    ],
)
def test_what_no_kernel_wrote_is_no_message(line: str) -> None:
    assert message(line.encode()) == ""


def test_the_bytes_that_the_journal_lists_are_a_message() -> None:
    line = json.dumps({"_TRANSPORT": "kernel", "MESSAGE": list(b"NVRM: name=\xff, 79")})
    assert message(line.encode()) == "NVRM: name=\ufffd, 79"


def test_a_line_break_inside_a_message_is_written_as_the_kernel_does() -> None:
    assert message(b"Nov 30 04:00:00 host-17 kernel: NVRM: a#012NVRM: b").endswith("NVRM: a\\x0aNVRM: b")
    assert message(json.dumps({"MESSAGE": "NVRM: a\nNVRM: b"}).encode()) == "NVRM: a\\x0aNVRM: b"


def test_of_very_many_messages_the_first_and_the_last_are_kept(tmp_path: Path) -> None:
    lines = "".join(f"[  {number}.0] NVRM: message {number}\n" for number in range(2000))
    said = read_kernel_log(Host(grow(tmp_path, {"/var/log/dmesg": lines})))
    assert isinstance(said, tuple)
    assert len(said) == 500
    assert said[:100] == tuple(f"[  {number}.0] NVRM: message {number}" for number in range(100))
    assert said[-1] == "[  1999.0] NVRM: message 1999"


def test_utf_16_that_is_cut_off_is_still_read(tmp_path: Path) -> None:
    raw = codecs.BOM_UTF16_LE + f"[    1.0] {TEXT}\r\n".encode("utf-16-le") + b"N"
    assert read_kernel_log(Host(grow(tmp_path, {"/var/log/dmesg": raw}))) == (f"[    1.0] {TEXT}",)
