"""Ubuntu: modules that are built and signed already, for the kind of kernel that the machine has."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pytest

from gpusetup.facts import facts
from gpusetup.licences.of_stack import parts_of
from gpusetup.render.model import Recipe
from gpusetup.render.steps import recipe
from gpusetup.resolve import attempt
from gpusetup.resolve.model import Card, Refusal, Request, Stack
from tests.each import each

ADA = Card(name="GeForce RTX 4090", arch="Ada Lovelace", compute_capability="8.9", known_by="name")
BLACKWELL = Card(name="GeForce RTX 5090", arch="Blackwell", compute_capability="12.0", known_by="name")
HOPPER = Card(name="H100 SXM5 80 GB", arch="Hopper", compute_capability="9.0", known_by="name")
PASCAL = Card(name="GeForce GTX 1080", arch="Pascal", compute_capability="6.1", known_by="name")
INSTALLED = r"""
dpkg-query() { printf '%s\n' \
  'not-installed|linux-image-oem-24.04|,' \
  'installed|linux-image-6.8.0-31-generic|linux-modules-6.8.0-31-generic,' \
  'installed|linux-image-generic|linux-image-6.8.0-31-generic, linux-firmware,' \
  'installed|linux-image-generic-hwe-24.04|linux-image-6.17.0-40-generic, linux-firmware,' \
  'installed|linux-image-virtual-hwe-22.04|linux-image-6.5.0-9-generic, linux-firmware,'
}
"""


def found(release: str, card: Card, repo: str = "") -> Stack | Refusal:
    request = Request(distro="ubuntu", release=release, cards=(card,), frameworks=("torch",), repo=repo)
    return attempt(request, facts(), date(2026, 12, 1))


def planned(release: str, card: Card, repo: str = "") -> Stack:
    stack = found(release, card, repo)
    assert isinstance(stack, Stack), stack.because
    return stack


@pytest.fixture(scope="module", name="prebuilt")
def _prebuilt() -> Recipe:
    return recipe(planned("24.04", ADA))


@each(
    "release, card", [(one, card) for one in ("22.04", "24.04", "26.04") for card in (ADA, BLACKWELL, HOPPER, PASCAL)]
)
def test_its_own_driver_comes_first_built_and_signed(release: str, card: Card) -> None:
    stack = planned(release, card)
    branch, kind = ("580", "") if card is PASCAL else ("595", "-open")
    assert stack.driver is not None
    assert (stack.driver.repo, stack.driver.packages) == ("ubuntu", (f"nvidia-driver-{branch}{kind}",))
    assert stack.driver.prebuilt == f"linux-modules-nvidia-{branch}{kind}-{{kernel}}"
    # nobody has a key to enrol, and nothing is built
    assert "request:secure_boot" not in {one.fact for one in stack.warnings}
    assert "dkms" not in {part.name for part in parts_of(stack, facts())}
    own = stack.repositories[0]
    assert own.deb
    assert own.deb.suite == {"22.04": "jammy", "24.04": "noble", "26.04": "resolute"}[release] + "-updates"


@each("release, card", [(one, card) for one in ("22.04", "24.04") for card in (ADA, PASCAL)])
def test_nvidias_is_built_here_and_needs_the_key(release: str, card: Card) -> None:
    stack = planned(release, card, "nvidia")
    assert stack.driver is not None
    assert not stack.driver.prebuilt
    assert ("nvidia-driver-pinning-580" in stack.driver.packages) == (card is PASCAL)
    assert "request:secure_boot" in {one.fact for one in stack.warnings}
    made = recipe(stack)
    steps = {step.id: step for step in made.steps}
    assert "prebuilt-modules" not in steps
    assert {"kernel-headers", "secure-boot"} <= set(steps)
    assert "var/lib/shim-signed/mok/MOK.der" in made.library


def test_where_no_key_of_a_directory_is_known_it_is_not_used() -> None:
    assert isinstance(found("26.04", ADA, "nvidia"), Refusal)


def test_no_compiler_and_no_key_where_modules_are_built_already(prebuilt: Recipe) -> None:
    steps = [step.id for step in prebuilt.steps]
    assert not {"kernel-headers", "secure-boot"} & set(steps)
    assert steps.index("prebuilt-modules") < steps.index("driver")


def run(made: Recipe, text: str, tmp_path: Path) -> str:
    step = next(one for one in made.steps if one.id == "prebuilt-modules")
    whole = "\n".join(("set -euo pipefail", made.library, INSTALLED, step.define, text))
    environment = {"PATH": "/usr/bin:/bin", "GPUSETUP_ROOT": str(tmp_path)}
    done = subprocess.run(["bash", "-c", whole], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@each(
    "kernel, package",
    [
        ("6.8.0-31-generic", "linux-modules-nvidia-595-open-generic"),
        ("6.17.0-40-generic", "linux-modules-nvidia-595-open-generic-hwe-24.04"),
        ("6.5.0-9-generic", "linux-modules-nvidia-595-open-generic-hwe-22.04"),
        ("6.8.0-31-generic-64k", "linux-modules-nvidia-595-open-6.8.0-31-generic-64k"),
        ("6.8.0-3", "linux-modules-nvidia-595-open-6.8.0-3"),
    ],
)
def test_modules_are_those_of_the_kind_of_kernel(
    kernel: str, package: str, prebuilt: Recipe, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = f"next_kernel() {{ say {kernel}; }}\nmodules_package"
    assert run(prebuilt, text, tmp_path_factory.mktemp("root")) == package


def test_headers_follow_the_kind_of_kernel(prebuilt: Recipe, tmp_path: Path) -> None:
    wanted = "linux-headers-6.17.0-40-generic\nlinux-headers-generic-hwe-24.04"
    assert run(prebuilt, "kernel_headers 6.17.0-40-generic", tmp_path) == wanted
    assert run(prebuilt, "kernel_headers 6.1.0-1-lab", tmp_path) == "linux-headers-6.1.0-1-lab"


def test_canonicals_key_needs_no_enrolment(prebuilt: Recipe, tmp_path: Path) -> None:
    assert "already enrolled" in run(prebuilt, 'key_state "$(signing_key ubuntu)"', tmp_path)


CUDA = "noble|noble|main|http://a.example/ubuntu/\n/||/|https://developer.download.nvidia.{}/compute/cuda/repos/u/x/\n"
KEYRING = "Package: nsight-compute\nPin: origin *ubuntu.com*\nPin-Priority: -1\n\nPackage: *\n"
KEYRING += "Pin: release l=NVIDIA CUDA\nPin-Priority: {}\n"
"""What the package cuda-keyring puts into the preferences, with its priority."""
DRIVER = "Package: nvidia-driver-* libnvidia-*\nPin: release l=NVIDIA CUDA\nPin-Priority: 400\n"
NARROW = DRIVER.replace("nvidia-driver-* libnvidia-*", "nvidia-settings")


@each(
    "pinned, country, preferences, rival",
    [
        (True, "com", "", False),
        (True, "cn", "", True),
        (False, "com", "", True),
        (False, "com", KEYRING.format(600), True),
        (False, "com", KEYRING.format(100), False),
        (False, "com", KEYRING.format(600) + "\n" + DRIVER, False),
        (False, "com", NARROW, True),
    ],
)
def test_a_source_with_nvidias_driver_is_no_rival_where_preferences_keep_it_back(
    pinned: bool, country: str, preferences: str, rival: bool, prebuilt: Recipe,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    root = tmp_path_factory.mktemp("root")
    (root / "etc/apt/preferences.d").mkdir(parents=True)
    (root / "etc/apt/preferences.d/cuda-repository-pin-600").write_text(preferences)
    step = next(one for one in prebuilt.steps if one.id == "preflight")
    assert "to_pin=(https://developer.download.nvidia.com/" in step.define
    text = (step.define, f"sources() {{ printf '{CUDA.format(country)}'; }}", "" if pinned else "to_pin=()", "rivals")
    assert bool(run(prebuilt, "\n".join(text), root)) is rival


HOST = """
uname() { say 6.8.0-31-generic; }
next_kernel() { say 6.8.0-90-generic; }
modinfo() { :; }
apt-cache() { [[ $* == *-extra-6.8.0-90-generic ]]; }
has="linux-modules-nvidia-595-open-6.8.0-90-generic linux-modules-extra-6.8.0-31-generic"
installed() { [[ " $has " == *" $1 "* ]]; }
install_packages() { has+=" $2"; }
"""


def test_a_kernel_that_comes_with_the_modules_gets_its_drivers(prebuilt: Recipe, tmp_path: Path) -> None:
    step = next(one for one in prebuilt.steps if one.id == "prebuilt-modules")
    text = f"{HOST}\n( {step.check} ) && say done\n{step.apply}\n( {step.check} ) && say done now\nsay $has"
    *said, has = run(prebuilt, text, tmp_path).splitlines()
    assert said == ["done now"]
    assert "linux-modules-extra-6.8.0-90-generic" in has


def test_the_kernel_that_runs_is_not_taken_away(prebuilt: Recipe, tmp_path: Path) -> None:
    step = next(one for one in prebuilt.steps if one.id == "prebuilt-modules")
    state = tmp_path / "var/lib/gpusetup"
    state.mkdir(parents=True)
    new = ["linux-image-6.8.0-90-generic", "linux-modules-nvidia-595-open-6.8.0-90-generic", "nvidia-firmware-595"]
    (state / "prebuilt-modules.before").write_text("bash\n")
    (state / "prebuilt-modules.after").write_text("\n".join(("bash", *new)) + "\n")
    names = "package_names() { printf '%s\\n' bash " + " ".join(new)
    text = f"uname() {{ say 6.8.0-90-generic; }}\n{names} | {{ [[ -z ${{1:-}} ]] && cat || grep 6.8.0-90; }}; }}"
    text = f'{text}\ntake_out() {{ say "$*"; }}\n{step.undo}'
    assert run(prebuilt, text, tmp_path) == " ".join(new[1:])
    assert not (state / "prebuilt-modules.before").exists()
