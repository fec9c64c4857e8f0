"""The rendered script under real bash: order, second run, failure and kill at every step, undo, hostile values."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpusetup.resolve.model import Stack
from tests.shims.conftest import Fedora
from tests.stacks import NONFREE, desktop, laptop
from tests.support import drawn

# Calls of which each marks one place where an undisturbed run of the laptop's recipe changes something.
PLACES = (
    "curl",
    "rpmkeys --import",
    "dnf -y install gcc",
    "dnf -y install akmod",
    "akmods",
    "grubby --update-kernel",
    "dnf -y install podman",
    "dnf -y install python3.13",
    "python3.13 -m venv",
    "python -m pip install",
    "modprobe nvidia",
)
# A kill at each takes minutes, so three are drawn.
KILLS = drawn("places of kills", PLACES, 3)


def without_archive() -> Stack:
    """Return the desktop's stack without the cuDNN archive, which the stand-in for curl cannot bring."""
    stack = desktop()
    return msgspec.structs.replace(stack, toolkit=msgspec.structs.replace(stack.toolkit, cudnn_archive=None))


def secure(fedora: Fedora) -> None:
    (fedora.shim / "secure-boot").write_text("SecureBoot enabled\n")


@pytest.mark.parametrize("make", [laptop, without_archive])
def test_everything_is_done_in_order_and_a_second_run_changes_nothing(
    fedora: Fedora, make: Callable[[], Stack]
) -> None:
    script = fedora.render(make())
    first = fedora.run(script)
    assert first.returncode == 0, first.stderr
    driver = next(n for n, call in enumerate(fedora.changes) if call.startswith("dnf -y install akmod-nvidia"))
    assert fedora.changes[driver + 1].startswith("akmods")
    assert any(call.startswith("rpmkeys --import") for call in fedora.changes[:driver])
    after, events = fedora.tree(), fedora.events()
    second = fedora.run(script)
    assert second.returncode == 0, second.stderr
    assert fedora.changes == []
    assert (fedora.tree(), fedora.events()) == (after, events)


@pytest.mark.parametrize("option", ["--dry-run", "--check"])
def test_looking_changes_nothing(fedora: Fedora, option: str) -> None:
    script = fedora.render(laptop())
    before = fedora.tree()
    done = fedora.run(script, option, SHIM_UID="1000")
    assert done.returncode == (1 if option == "--check" else 0), done.stderr
    assert "to do  driver" in done.stdout
    assert ("install_packages driver" in done.stdout) == (option == "--dry-run")
    assert fedora.changes == []
    assert fedora.tree() == before


@pytest.mark.parametrize("place", PLACES)
def test_a_failure_anywhere_says_which_step_and_the_next_run_goes_on(fedora: Fedora, place: str) -> None:
    script = fedora.render(laptop())
    failed = fedora.run(script, FAIL_ON=place)
    if place not in ("akmods", "modprobe nvidia"):
        assert failed.returncode == 6
        step, event = fedora.events()[-1]
        assert event == "failed"
        assert f"the step {step} failed" in failed.stderr
    elif place == "akmods":
        assert failed.returncode == 6
        assert "no proprietary kernel module" in failed.stderr
    else:
        assert failed.returncode == 7
        assert fedora.events()[-1] == ("load", "waiting")
    resumed = fedora.run(script)
    assert resumed.returncode == 0, resumed.stderr
    assert "all steps are done" in resumed.stdout
    assert {step: event for step, event in fedora.events() if step == "driver"} == {"driver": "applied"}


@pytest.mark.parametrize("place", KILLS)
@pytest.mark.parametrize("when", ["KILL_ON", "KILL_AFTER"])
def test_killed_anywhere_it_resumes_to_the_same_state_and_undoes_to_the_first(
    fedora: Fedora, place: str, when: str
) -> None:
    script = fedora.render(laptop())
    before = fedora.tree()
    killed = fedora.run(script, **{when: place})
    assert killed.returncode == -9
    assert fedora.run(script).returncode == 0
    resumed = fedora.tree()
    assert fedora.run(script, "--undo").returncode == 0
    assert fedora.tree() == before
    assert fedora.run(script).returncode == 0
    assert normal(resumed) == normal(fedora.tree())


def normal(tree: dict[str, str]) -> dict[str, list[str]]:
    """Return `tree` without the order of lines: what an interrupted run installs comes in another order."""
    return {name: sorted(set(text.splitlines())) for name, text in tree.items()}


@pytest.mark.parametrize("place", KILLS)
def test_killed_anywhere_it_can_be_undone_at_once(fedora: Fedora, place: str) -> None:
    script = fedora.render(laptop())
    before = fedora.tree()
    fedora.run(script, KILL_AFTER=place)
    undone = fedora.run(script, "--undo")
    assert undone.returncode == 0, undone.stderr
    assert fedora.tree() == before


def test_undo_keeps_what_the_user_had_and_what_came_since(fedora: Fedora) -> None:
    with (fedora.shim / "packages").open("a") as packages:
        packages.write("gcc.x86_64\npython3.13.x86_64\n")
    script = fedora.render(laptop())
    assert fedora.run(script).returncode == 0
    with (fedora.shim / "packages").open("a") as packages:
        packages.write("blender.x86_64\nkmod-nvidia-7.0.0.x86_64\n")
    assert fedora.run(script, "--undo").returncode == 0
    left = (fedora.shim / "packages").read_text().split()
    assert {"gcc.x86_64", "python3.13.x86_64", "blender.x86_64"} < set(left)
    assert not [name for name in left if "nvidia" in name]


def test_a_repository_file_that_was_there_comes_back(fedora: Fedora) -> None:
    path = fedora.root / "etc/yum.repos.d/rpmfusion-nonfree.repo"
    path.write_text("[rpmfusion-nonfree]\nname=mine\nenabled=0\ngpgcheck=1\n")
    path.chmod(0o600)
    script = fedora.render(laptop())
    assert fedora.run(script).returncode == 0
    assert "gpgcheck=1" in path.read_text()
    assert "enabled=1" in path.read_text()
    assert fedora.run(script, "--undo").returncode == 0
    assert path.read_text().startswith("[rpmfusion-nonfree]\nname=mine")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_repository_that_is_in_order_is_left_alone(fedora: Fedora) -> None:
    path = fedora.root / "etc/yum.repos.d/rpmfusion.repo"
    path.write_text(f"[{NONFREE.id}]\nname = theirs\ngpgcheck = 1\n")
    assert fedora.run(fedora.render(laptop())).returncode == 0
    assert not [call for call in fedora.changes if call.startswith(("curl", "rpmkeys"))]


def test_the_same_repository_in_another_file_and_unchecked_stops_the_run(fedora: Fedora) -> None:
    path = fedora.root / "etc/yum.repos.d/rpmfusion.repo"
    path.write_text(f"[{NONFREE.id}]\nname=theirs\ngpgcheck=0\n")
    done = fedora.run(fedora.render(laptop()))
    assert done.returncode == 6
    assert str(path) in done.stderr


@pytest.mark.parametrize(
    ("answer", "says"),
    [("F" * 40, "F" * 40 + ", not 79BDB"), ("X:\npub:\nfpr:::::::::Y", "not contain exactly one key")],
    ids=["another key", "two keys in one file"],
)
def test_a_key_that_is_not_the_pinned_one_is_not_imported(fedora: Fedora, answer: str, says: str) -> None:
    done = fedora.run(fedora.render(laptop()), FINGERPRINT=answer)
    assert done.returncode == 6
    assert says in done.stderr
    assert not [call for call in fedora.calls if call.startswith(("rpmkeys --import", "dnf"))]


def test_a_key_whose_fingerprint_nobody_publishes_needs_a_persons_word(fedora: Fedora) -> None:
    stack = laptop()
    key = msgspec.structs.replace(NONFREE.key, fingerprint="")
    open_key = msgspec.structs.replace(stack, repositories=(msgspec.structs.replace(NONFREE, key=key),))
    script, found = fedora.render(open_key), "A" * 32 + "94843C65"
    asked = fedora.run(script, FINGERPRINT=found)
    assert asked.returncode == 6
    assert f"GPUSETUP_TRUST_KEY={found}" in asked.stderr
    assert fedora.run(script, FINGERPRINT=found, GPUSETUP_TRUST_KEY="B" * 40).returncode == 6
    assert fedora.run(script, FINGERPRINT="C" * 40, GPUSETUP_TRUST_KEY="C" * 40).returncode == 6  # another key id
    assert fedora.run(script, FINGERPRINT=found, GPUSETUP_TRUST_KEY=found).returncode == 0


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        ("root/etc/os-release", "ID=fedora\nVERSION_ID=43\n", "this system is fedora 43"),
        ("root/etc/os-release", "ID=debian\nVERSION_ID=12\n", "this system is debian 12"),
        ("root/etc/dnf/modules.d/nvidia-driver.module", "[nvidia-driver]\nstate=enabled\n", "module stream"),
        ("root/run/ostree-booted", "", "--variant ostree"),
        ("shim/packages", "bash.x86_64\nnvidia-driver-cuda.x86_64\n", "sudo dnf remove nvidia-driver-cuda.x86_64"),
    ],
)
def test_preflight_stops_what_cannot_go_well(fedora: Fedora, path: str, text: str, says: str) -> None:
    place = fedora.root.parent / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    done = fedora.run(fedora.render(laptop()))
    assert done.returncode == 6
    assert says in done.stderr
    assert fedora.changes == []


def test_a_cuda_that_would_go_before_that_of_the_wheels_is_named(fedora: Fedora) -> None:
    profile = fedora.root / "etc/profile.d/old-cuda.sh"
    profile.parent.mkdir(parents=True)
    profile.write_text("export LD_LIBRARY_PATH=/usr/local/cuda-9.0/lib64:$LD_LIBRARY_PATH\n")
    stack = laptop()
    wheels = msgspec.structs.replace(stack, request=msgspec.structs.replace(stack.request, repo="wheels"))
    done = fedora.run(fedora.render(wheels, "preflight"))
    assert done.returncode == 6
    assert "old-cuda.sh" in done.stderr
    assert fedora.run(fedora.render(stack, "preflight")).returncode == 0


def test_a_full_disk_stops_it_at_once_but_not_when_all_is_installed(fedora: Fedora) -> None:
    script = fedora.render(laptop())
    full = fedora.run(script, FREE_GB="5")
    assert full.returncode == 6
    assert "GB are needed on" in full.stderr
    needed, parts = re.search(r"about (\d+) GB are needed on \S+ \((.*)\)", full.stderr).groups()  # type: ignore[union-attr]
    assert int(needed) == sum(int(part.rpartition(" ")[2]) for part in parts.split(", "))
    assert {"driver 3", "Python environments 18"} <= set(parts.split(", "))
    enough = fedora.run(script)
    assert enough.returncode == 0
    assert f"about {needed} GB are needed on {fedora.root}/ ({parts}), and 500 GB are free" in enough.stdout
    assert fedora.run(script, FREE_GB="5").returncode == 0


def test_an_open_module_for_a_pascal_card_is_built_again_and_refused_if_it_stays_open(fedora: Fedora) -> None:
    script = fedora.render(laptop())
    (fedora.shim / "licence").write_text("Dual MIT/GPL\n")
    (fedora.shim / "module").write_text("")
    done = fedora.run(script)
    assert done.returncode == 6
    assert "akmods --force --rebuild --kernels 6.19.8" in fedora.calls
    assert "no proprietary kernel module" in done.stderr


def test_secure_boot_without_a_person_says_what_to_run(fedora: Fedora) -> None:
    secure(fedora)
    done = fedora.run(fedora.render(laptop()))
    assert done.returncode == 6
    assert "mokutil --import" in done.stderr
    assert not [call for call in fedora.calls if call.startswith(("dnf -y install akmod-nvidia", "mokutil --import"))]


def test_secure_boot_goes_on_with_a_requested_key_and_waits_for_its_enrolment(fedora: Fedora) -> None:
    secure(fedora)
    key = fedora.root / "etc/pki/akmods/certs/public_key.der"
    key.parent.mkdir(parents=True)
    key.write_text("")
    (fedora.shim / "mok").write_text("is already in the enrollment request\n")
    script = fedora.render(laptop())
    waiting = fedora.run(script)
    assert waiting.returncode == 7
    assert "blue screen" in waiting.stdout
    assert fedora.events()[-1] == ("load", "waiting")
    (fedora.shim / "mok").write_text("is already enrolled\n")
    assert "all steps are done" in fedora.run(script).stdout


def test_nouveau_in_charge_means_a_reboot_and_then_it_goes_on(fedora: Fedora) -> None:
    nouveau = fedora.root / "sys/module/nouveau"
    nouveau.mkdir(parents=True)
    script = fedora.render(laptop())
    waiting = fedora.run(script)
    assert waiting.returncode == 7
    assert "reboot now" in waiting.stdout
    assert not [call for call in fedora.calls if call.startswith("modprobe")]
    nouveau.rmdir()
    assert "all steps are done" in fedora.run(script).stdout


def test_environments_belong_to_who_called_sudo(fedora: Fedora) -> None:
    script = fedora.render(laptop())
    done = fedora.run(script, SUDO_USER="ada")
    assert done.returncode == 0, done.stderr
    makers = [call for call in fedora.calls if " -m venv " in call or " -m pip install" in call]
    as_user = [call for call in makers if call.startswith("runuser -u ada -- env HOME=/home/ada ")]
    assert len(as_user) == 6  # a venv, what pip would install, and the installation, of each
    assert (fedora.root / "home/ada/gpusetup/torch/bin/python").exists()


@pytest.mark.parametrize("theirs", [False, True])
def test_environments_go_where_they_are_wanted(fedora: Fedora, theirs: bool) -> None:
    script, folder = fedora.render(laptop()), fedora.root / "data/envs"
    if theirs:
        folder.mkdir(parents=True)
    assert fedora.run(script, GPUSETUP_ENVIRONMENTS="/data/envs").returncode == 0
    assert (folder / "torch/bin/python").exists()
    assert fedora.run(script, "--undo").returncode == 0
    assert folder.exists() == theirs


def test_a_folder_that_is_not_ours_is_never_filled_nor_removed(fedora: Fedora) -> None:
    theirs = fedora.root / "opt/gpusetup/torch/notes.txt"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("thesis")
    script = fedora.render(laptop())
    done = fedora.run(script)
    assert done.returncode == 6
    assert "not created by gpusetup" in done.stderr
    assert fedora.run(script, "--undo").returncode == 0
    assert theirs.read_text() == "thesis"


def test_from_begins_there_and_an_unknown_step_is_named(fedora: Fedora) -> None:
    script = fedora.render(laptop())
    fedora.run(script, "--from", "python")
    assert not [call for call in fedora.calls if "akmod" in call]
    wrong = fedora.run(script, "--from", "nothing")
    assert wrong.returncode == 2
    assert "preflight" in wrong.stderr
    assert fedora.run(script, "--nonsense").returncode == 2


def test_it_needs_root(fedora: Fedora) -> None:
    done = fedora.run(fedora.render(laptop()), SHIM_UID="1000", GPUSETUP_ROOT="")
    assert done.returncode == 1
    assert "sudo" in done.stderr
    assert fedora.changes == []


def test_two_runs_at_once_are_refused(fedora: Fedora) -> None:
    lock = fedora.root / "var/lib/gpusetup/lock"
    lock.parent.mkdir(parents=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        done = fedora.run(fedora.render(laptop()))
    assert done.returncode == 1
    assert "another run" in done.stderr


FIXED = {
    "variant",
    "machine_arch",
    "present_flavour",
    "present_owner",
    "driver_of",
    "python_env",
    "id",
    "key_id",
    "name",
    "via",
    "flavour",
    "repo",
    "distro",
    "preview",
    "python",
    "cudnn",
    "fingerprint",
    "url",
    "text",
}


def poisoned(value: object, poison: str) -> object:
    """Return the JSON `value` with `poison` at the end of every text that need not be a name or a version."""
    if isinstance(value, str):
        return value + poison
    if isinstance(value, list):
        return [poisoned(item, poison) for item in value]
    if isinstance(value, dict):
        return {key: item if key in FIXED else poisoned(item, poison) for key, item in value.items()}
    return value


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=("C", "Z")), max_size=8))
def test_hostile_text_in_the_stack_is_never_run(fedora: Fedora, tmp_path: Path, text: str) -> None:
    mark = tmp_path / "was-here"
    poison = f"'\"$(touch {mark})`touch {mark}`;touch {mark}&{text}"
    stack = msgspec.json.decode(
        msgspec.json.encode(poisoned(msgspec.json.decode(msgspec.json.encode(laptop())), poison)), type=Stack
    )
    script = fedora.render(stack)
    fedora.run(script, "--from", "repositories")
    assert any(call.startswith("dnf -y install akmod-nvidia-580xx'\"$(touch") for call in fedora.calls)
    assert not mark.exists()
