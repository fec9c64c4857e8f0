"""What names a machine, its people or a secret is gone from every text, and facts stay readable."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path

import pytest

from gpusetup.machine.model.names import HostNames
from gpusetup.redact.redactor import Redactor
from tests.each import each

HERE = Path(__file__).parent
NAMES = HostNames(users=("mark", "ada.byron"), own=("lovelace",), hosts=("babbage-7", "babbage", "corp.example.com"))
LEAKS = {
    f"{group}: {kind}": tuple(said)
    for group, cases in tomllib.loads((HERE / "leaks.toml").read_text()).items()
    for kind, said in cases.items()
}
KEPT = (HERE / "kept.txt").read_text().splitlines()
SHORT = [
    "a.", "a:", "0:", "::", "a-", "-", "@", "a@", "://", "x://a@", "/home/", "'", '"', "=", "password=", 'token="',
    "eyJ.", "-----BEGIN ", "-----BEGIN A-----", "a1", "A1b", "/", "a/", "1.", "user ", 'user "', "uid=1(", "host=",
    'name="', "\n", "\\", "~a", "/data/", "/mnt/a/", "bearer ", "--token", "--a", "0x", "[", "serial ", "i-",
    "GPU-", "MIG-GPU-", "arn:aws:", "_", "+", "%", "?a=", "ssh-rsa AAAA", "sk-", "hf_", " ", "é.", "0123456789ab",
    "f",
]  # fmt: skip


def clean(text: str, names: HostNames = NAMES) -> str:
    redactor = Redactor(names)
    redactor.learn(text)
    return redactor.text(text)


@each("case", LEAKS)
def test_what_must_not_leave_is_gone(case: str) -> None:
    text, *gone = LEAKS[case]
    assert all(part in text for part in gone), "the case is wrong"
    done = clean(text)
    assert not [part for part in gone if part in done]
    assert clean(done) == done, "a second time it changes nothing"


@each("line", KEPT)
def test_facts_stay_readable(line: str) -> None:
    assert clean(line) == line


@pytest.mark.slow
@pytest.mark.parametrize("word", [*SHORT, *(text for text, *_ in LEAKS.values())])
def test_every_text_takes_time_in_proportion_to_its_length(word: str) -> None:
    """64 KiB of "a.a.a." once took a minute; a quadratic pattern takes at least ten times what is allowed here."""
    text = (word * (65536 // len(word) + 1))[:65536] + "!"
    begun = time.process_time()
    clean(text)
    assert time.process_time() - begun < 4


@pytest.mark.slow
@pytest.mark.parametrize("start", ["x://h/", "x://a:b", "password=", "/home/", "user ", "ghp_", "--", "uid=1(", "a@"])
def test_what_follows_a_beginning_takes_no_longer(start: str) -> None:
    for word in (",", ")", ":", "a", "-", ".", "@", "/", "'", " ", "1", "a,", "?", "_"):
        begun = time.process_time()
        clean(start + (word * 65536)[:65536] + "!")
        assert time.process_time() - begun < 4, word


def test_one_name_has_one_stand_in_throughout() -> None:
    redactor = Redactor(HostNames())
    said = [redactor.text(text) for text in ("/home/ada/x", "user: ada", "/home/grace/y", "/scratch/ada")]
    assert said == ["/home/user-1/x", "user: user-1", "/home/user-2/y", "/scratch/user-1"]


def test_the_beginning_of_a_uuid_has_the_stand_in_of_the_whole() -> None:
    redactor = Redactor(HostNames())
    whole = redactor.text("GPU-1a2b3c4d-2222-3333-4444-555555555550")
    assert redactor.text("GPU-1a2b3c4d") == whole == "GPU-uuid-1"
    assert redactor.text("MIG-GPU-1a2b3c4d-2222-3333-4444-555555555550/7/0") == "MIG-GPU-uuid-1/7/0"
    assert redactor.text("GPU-9a2b3c4d") == "GPU-uuid-2"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("/env/lovelace/bin on babbage-7", "/env/user-1/bin on host-1"),
        ("lovelaces and babbage-70", "lovelaces and host-1-70"),
        ("Babbage-7, BABBAGE", "host-1, host-2"),
        ("of ada.byron and ada", "of user-1 and ada"),
        ("mark the page; owner=mark", "mark the page; owner=user-1"),
    ],
)  # fmt: skip
def test_own_names_are_taken_out_where_they_stand_alone(said: str, kept: str) -> None:
    assert clean(said) == kept
