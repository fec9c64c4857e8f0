"""The kernel's log where only systemd's journal has it: a real journal and journalctl, and a stand-in for its refusals.

``journal.xz`` was made by systemd-journal-remote from two starts of a host; the first ended with an Xid 79.
"""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest

from gpusetup.machine.host import Host
from gpusetup.machine.kernel import journal, log
from gpusetup.machine.kernel.journal import read_journal
from gpusetup.machine.kernel.log import read_earlier_log, read_kernel_log
from gpusetup.machine.model import Unread
from tests.fake_host import Link, grow
from tests.support import tool

FOLDER = f"/var/log/journal/{'d' * 32}"


@pytest.fixture
def host(tmp_path: Path) -> Host:
    tool("journalctl")
    raw = lzma.decompress(Path(__file__).with_name("journal.xz").read_bytes())
    return Host(grow(tmp_path / "root", {f"{FOLDER}/system.journal": raw}))


@pytest.fixture
def refusing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for journalctl in front of the path, as the live host's program."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "journalctl"


def test_this_start_is_told_without_the_hosts_name(host: Host) -> None:
    assert read_kernel_log(host) == ("[    7.000000] nvidia: module verification failed: signature missing",)


def test_the_start_before_is_told_only_when_asked(host: Host) -> None:
    unasked = read_earlier_log(host)
    assert isinstance(unasked, Unread)
    assert (unasked.unread, "--deep" in unasked.detail) == ("unsupported", True)
    told = read_earlier_log(host, deep=True)
    assert not isinstance(told, Unread)
    (line,) = told
    assert line.endswith("NVRM: Xid (PCI:0000:01:00): 79, pid=1, GPU has fallen off the bus.")
    assert "secrethost" not in line


def test_files_of_a_logger_go_before_the_journal(host: Host) -> None:
    grow(Path(host.root), {"/var/log/kern.log": "kernel: [    1.0] NVRM: loading\n"})
    assert read_kernel_log(host) == ("[    1.0] NVRM: loading",)
    assert read_earlier_log(host, deep=True) == ()


def test_a_start_that_is_not_kept_is_absent(host: Host) -> None:
    told = read_journal(host, -5)
    assert isinstance(told, Unread)
    assert told.unread == "absent"


def test_a_damaged_journal_is_never_an_empty_log(host: Host) -> None:
    grow(Path(host.root), {f"{FOLDER}/system.journal": b"LPKSHHRH" + b"\xff" * 5000})
    told = read_kernel_log(host)
    assert isinstance(told, Unread)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 0", "denied"),
        ("echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1", "denied"),
        ("echo 'No journal files were found.' >&2; exit 1", "absent"),
        ("echo 'Failed to open files: Bad message' >&2; exit 1", "failed"),
        ("echo '[ 1.0] host kernel: Linux version 6.17'; echo broken >&2; exit 1", "failed"),
        ("exec sleep 9", "timeout"),
    ],
)
def test_what_journalctl_refuses_says_why(
    refusing: Path, script: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "SECONDS", 0.5)
    refusing.write_text(f"#!/bin/bash\n{script}\n")
    refusing.chmod(0o755)
    told = read_journal(Host(Path("/")), 0)
    assert isinstance(told, Unread)
    assert told.unread == why


def test_the_live_journal_is_asked_where_the_kernel_and_the_files_refuse(
    refusing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied() -> list[bytes]:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(log, "_records", denied)
    monkeypatch.setattr(log, "FILES", ("/nowhere/dmesg", "/nowhere/kern.log"))
    monkeypatch.setattr(journal, "FOLDERS", ("/etc",))
    refusing.write_text(
        '#!/bin/bash\n[[ "$*" != *--directory* ]] && echo "[ 5.0] host kernel: NVRM: Xid (PCI:0): 13"\n'
    )
    refusing.chmod(0o755)
    assert read_kernel_log(Host(Path("/"))) == ("[ 5.0] NVRM: Xid (PCI:0): 13",)


def test_a_folder_without_a_file_of_a_journal_never_speaks_of_the_live_one(tmp_path: Path, refusing: Path) -> None:
    refusing.write_text('#!/bin/bash\necho "[ 5.0] host kernel: NVRM: Xid (PCI:0): 13"\n')
    refusing.chmod(0o755)
    root = grow(tmp_path / "root", {f"{FOLDER}/system.journal~": "", f"{FOLDER}/user.journal": Link("/proc/1/fd/0")})
    told = read_journal(Host(root), 0)
    assert isinstance(told, Unread)
    assert told.unread == "absent"


def test_a_journal_that_a_link_names_outside_the_folder_is_not_read(host: Host, tmp_path: Path) -> None:
    outside = tmp_path / "outside.journal"
    (Path(host.root) / f"{FOLDER}/system.journal".lstrip("/")).rename(outside)
    grow(Path(host.root), {f"{FOLDER}/system.journal": Link(str(outside))})
    told = read_journal(host, 0)
    assert isinstance(told, Unread)
    assert told.unread == "absent"


def test_the_further_lines_of_a_message_are_told_with_it(refusing: Path) -> None:
    refusing.write_text(
        "#!/bin/bash\n"
        "echo '[    6.0] host kernel: NVRM: The NVIDIA GPU 0000:01:00.0'\n"
        "echo '                       NVRM: fallen off the bus and is not responding to commands.'\n"
        "echo '[    7.0] host systemd[1]: NVRM: not the kernel'\n"
    )
    refusing.chmod(0o755)
    assert read_journal(Host(Path("/")), 0) == [
        b"[    6.0] NVRM: The NVIDIA GPU 0000:01:00.0",
        b"                       NVRM: fallen off the bus and is not responding to commands.",
    ]
