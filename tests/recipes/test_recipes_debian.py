"""Debian's recipes: what each release, owner and generation gets, and what the library makes of a host's files."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from gpusetup.content_dirs import content_dirs
from gpusetup.errors import RefusedError
from gpusetup.render import environment
from gpusetup.render.blocks import Blocks
from gpusetup.render.formats import render
from gpusetup.render.steps import lookup, read_library, recipe, step_files
from tests.recipes.debians import HAVE_STACKS, stack
from tests.support import drawn, tool

RECIPES = content_dirs("recipes")[0]
KERNEL = "6.12.117+deb13-amd64"


def run(text: str, root: Path | str = "", **env: str) -> subprocess.CompletedProcess[str]:
    whole = "\n".join(("set -euo pipefail", read_library("debian"), text))
    return subprocess.run(
        ["bash", "-c", whole], capture_output=True, text=True, check=False,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "GPUSETUP_ROOT": str(root), **env},
    )  # fmt: skip


def said(text: str, root: Path | str = "") -> str:
    done = run(text, root)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def grow(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


# ── what is rendered ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", HAVE_STACKS)
def test_a_recipe_speaks_of_debian_alone(name: str) -> None:
    made = recipe(stack(name))
    ids = [step.id for step in made.steps]
    assert ids[:3] == ["preflight", "repositories", "kernel-headers"]
    assert "driver-runfile" in ids if " runfile " in name else "driver" in ids
    lines = render(made, "bash", "2026-12-01").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    assert re.findall(r"\b(?:dnf|rpm|rpmkeys|grubby|akmods|Fedora|RPM Fusion)\b", text) == []
    assert "gpusetup-recipe" in render(made, "cloud-init", "2026-12-01")


@pytest.mark.parametrize("name", drawn("values in Debian's steps", HAVE_STACKS, 4))
def test_no_step_evaluates_what_may_hold_a_value(name: str) -> None:
    folders = [RECIPES / kind for kind in lookup("debian")]
    templates = environment.steps([*folders, RECIPES])
    for file in step_files(folders):
        blocks = Blocks(file, templates, stack(name))
        if blocks("when").replace("\ue002", "").strip():
            blocks.prove(read_library("debian"))


@pytest.mark.slow
@pytest.mark.parametrize("name", drawn("Debian's scripts", HAVE_STACKS, 3))
def test_the_script_passes_shellcheck(name: str, tmp_path: Path) -> None:
    path = tmp_path / "script.sh"
    path.write_text(render(recipe(stack(name)), "bash", "2026-12-01"))
    done = subprocess.run([tool("shellcheck"), "--format", "gcc", path], capture_output=True, text=True, check=False)
    assert done.stdout == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", drawn("Debian's bundles", HAVE_STACKS, 2))
def test_a_bundle_is_gathered_by_apt_and_passes_shellcheck(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bundle.sh"
    path.write_text(render(recipe(stack(name)), "bundle", "2026-12-01"))
    done = subprocess.run([tool("shellcheck"), "--format", "gcc", path], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert "createrepo" not in path.read_text()
    assert "dpkg-scanpackages" in path.read_text()


@pytest.mark.parametrize("kind", ["ansible", "kickstart"])
def test_what_debian_has_no_words_for_is_refused(kind: str) -> None:
    with pytest.raises(RefusedError, match="Debian"):
        render(recipe(stack("13 debian ada")), kind, "2026-12-01")


def test_an_old_card_gets_the_branch_that_its_packages_are_pinned_to() -> None:
    made = stack("13 nvidia pascal")
    assert made.driver is not None
    assert made.driver.packages == ("nvidia-driver-pinning-580", "cuda-drivers")
    assert made.driver.version.startswith("580.")
    assert "nvidia-open-kernel-dkms" in made.driver.conflicts


def test_debians_own_driver_keeps_nvidias_packages_out() -> None:
    (nvidias,) = (one for one in stack("12 debian ada").repositories if one.id.startswith("cuda-"))
    assert {"*nvidia*", "libcuda1*"} <= set(nvidias.exclude)
    for one in stack("12 nvidia ada").repositories:
        assert one.exclude == ()


def test_keys_are_pinned_by_their_whole_fingerprint() -> None:
    for name in HAVE_STACKS:
        for one in stack(name).repositories:
            assert one.key.url.startswith("file:///usr/share/keyrings/") or len(one.key.fingerprint) == 40


# ── the library ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_next_kernel_is_the_newest_on_the_disk(tmp_path: Path) -> None:
    grow(tmp_path, {f"boot/vmlinuz-6.12.{number}+deb13-amd64": "" for number in (9, 117, 38)})
    assert said("next_kernel", tmp_path) == KERNEL
    assert said("next_kernel", tmp_path / "none") == said("uname -r")


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        (KERNEL, f"linux-headers-{KERNEL} linux-headers-amd64"),
        ("6.12.117+deb13-cloud-amd64", "linux-headers-6.12.117+deb13-cloud-amd64 linux-headers-cloud-amd64"),
        ("7.3.4-mine", "linux-headers-7.3.4-mine"),
    ],
)
def test_headers_are_named_for_this_kernel_and_for_later_ones(kernel: str, expected: str) -> None:
    assert said(f"installed() {{ :; }}; kernel_headers {kernel} | xargs") == expected


def test_headers_of_later_kernels_are_for_the_kind_that_is_installed() -> None:
    assert said(f"installed() {{ return 1; }}; kernel_headers {KERNEL}") == f"linux-headers-{KERNEL}"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"etc/apt/sources.list": "deb [arch=amd64 signed-by=/k.gpg] http://a.example/debian trixie main\n"}, "/k.gpg"),
        ({"etc/apt/sources.list": "deb http://a.example/debian trixie main\n"}, ""),
        ({"etc/apt/sources.list.d/a.sources": "Types: deb\nURIs: http://a.example/debian/\nSigned-By: /k.gpg\n"},
         "/k.gpg"),
        ({"etc/apt/sources.list.d/a.sources": "# mine\nURIs: http://b.example\nSigned-By: /b.gpg\n\n"
          "URIs: http://a.example/debian\nSigned-By: /a.gpg\n\nURIs: http://a.example/debian\nSigned-By: /c.gpg\n"},
         "/a.gpg"),
        ({"etc/apt/sources.list.d/a.sources": "URIs: http://a.example/debian\nSigned-By:\n -----BEGIN\n"},
         "(a key in the file itself)"),
    ],
)  # fmt: skip
def test_the_key_of_a_source_is_read_as_apt_reads_it(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    grow(tmp_path, files)
    assert said("signed_by http://a.example/debian", tmp_path) == expected


TARGETS = "trixie|trixie|main|http://a.example/debian/\n/||/|https://n.example/x86_64/\n"


@pytest.mark.parametrize(
    ("words", "there"),
    [
        ("http://a.example/debian trixie main", True),
        ("http://a.example/debian/ trixie", True),
        ("http://a.example/debian trixie contrib", False),
        ("http://a.example/debian bookworm main", False),
        ("http://other.example/debian trixie main", False),
        ("https://n.example/x86_64 /", True),
    ],
)
def test_a_source_is_known_by_address_suite_and_component(words: str, there: bool) -> None:
    done = run(f"sources() {{ printf '{TARGETS}'; }}\nhas_source {words}")
    assert (done.returncode == 0) is there, done.stderr


@pytest.mark.parametrize(
    ("chosen", "known", "expected"),
    [
        ("current-open", "nvidia-current-open", "nvidia-current-open"),
        ("current", "nvidia-current", "nvidia-current"),
        ("tesla-535", "nvidia-tesla-535", "nvidia-tesla-535"),
        ("current", "nvidia", "nvidia"),
        ("", "", "nvidia"),
    ],
)
def test_the_module_is_the_one_that_the_alternative_chooses(
    tmp_path: Path, chosen: str, known: str, expected: str
) -> None:
    (tmp_path / "etc/alternatives").mkdir(parents=True)
    if chosen:
        (tmp_path / "etc/alternatives/nvidia").symlink_to(f"/usr/lib/nvidia/{chosen}")
    modinfo = f'modinfo() {{ [[ ${{!#}} == "{known}" ]]; }}'
    assert said(f"{modinfo}\nnvidia_module {KERNEL}", tmp_path) == expected


OTHERS = "trixie|trixie|main|cdrom://[DVD]/|Debian\n" + "trixie|trixie|main|https://a.example/products/|A company\n"


@pytest.mark.parametrize("mirror", ["https://archive.example/debian/", "http://mirror.house/debian/", ""])
def test_the_archive_is_the_distributions_own_and_no_other_source_of_its_suite(tmp_path: Path, mirror: str) -> None:
    grow(tmp_path, {"etc/os-release": "NAME='x'\nID=debian\n"})
    own = f"trixie|trixie|main|{mirror}|Debian\n" if mirror else ""
    assert said(f"sources() {{ printf '{OTHERS}{own}'; }}\narchive_of trixie", tmp_path) == mirror


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("trixie|trixie|main|http://a.example/|", True),
        ("trixie|trixie|main|http://a.example/|Debian", False),
        ("", True),
    ],
)
def test_sources_are_asked_first_where_it_is_not_known_whose_they_are(tmp_path: Path, line: str, asked: bool) -> None:
    step = next(one for one in recipe(stack("13 debian ada")).steps if one.id == "repositories")
    known = f"say '{line}'; say '/||/|https://b.example/|B'" if line else ":"
    stubs = f'sources() {{ {known}; }}\nwait_for_apt() {{ :; }}\napt_with() {{ say "$*"; }}\nadd_repository() {{ :; }}'
    assert (said(f"{step.define}\n{stubs}\n{step.apply}", tmp_path) == "update") is asked


def test_apt_says_where_its_sources_are_from() -> None:
    tool("apt-get")
    for line in said("sources").splitlines():
        assert line.count("|") == 4


STATES = "installed one:amd64\nconfig-files gone\nhalf-configured half\nunpacked new\nnot-installed never\n"


def test_what_an_interrupted_installation_left_counts_as_there() -> None:
    assert said(f"dpkg-query() {{ printf '{STATES}'; }}\npackage_names | xargs") == "half new one:amd64"


@pytest.mark.parametrize(
    ("state", "there"), [("installed", True), ("not-installed", False), ("half-configured", False)]
)
def test_a_package_is_there_when_it_is_whole(state: str, there: bool) -> None:
    assert (run(f"dpkg-query() {{ echo {state}; }}\ninstalled one").returncode == 0) is there


def test_apt_is_waited_for_while_another_holds_a_lock(tmp_path: Path) -> None:
    grow(tmp_path, {"var/lib/dpkg/lock-frontend": "", "var/lib/apt/lists/lock": ""})
    lock = tmp_path / "var/lib/apt/lists/lock"
    hold = f"import fcntl,time; f=open({str(lock)!r},'w'); fcntl.lockf(f, 2); print(1, flush=True); time.sleep(60)"
    with subprocess.Popen(["python3", "-c", hold], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert said("apt_holder", tmp_path) == str(holder.pid)
        holder.kill()
    assert said("apt_holder", tmp_path) == ""


def test_nothing_is_installed_that_takes_a_package_away(tmp_path: Path) -> None:
    grow(tmp_path, {"var/lib/dpkg/updates/.keep": ""})
    log = tmp_path / "log"
    text = f'apt-get() {{ printf "%s\\n" "$*" >>{log}; }}; dpkg() {{ :; }}\napt_install one two'
    said(text, tmp_path)
    download, change = log.read_text().splitlines()
    assert "--download-only" in download
    assert change.endswith("install --no-remove --no-download one two")
    assert all("AllowInsecureRepositories=false" in line for line in (download, change))


@pytest.mark.parametrize("has_command", [True, False])
def test_a_key_is_made_whether_or_not_dkms_has_a_command_for_it(tmp_path: Path, has_command: bool) -> None:
    """That of Debian 12 prints its usage, and ends with 0."""
    step = next(one for one in recipe(stack("12 nvidia ada")).steps if one.id == "secure-boot")
    dkms = 'say own >"$key"' if has_command else ":"
    grow(tmp_path, {"var/lib/dkms/.keep": ""})
    said(f"{step.define}\ndkms() {{ {dkms}; }}\nmake_key 2>/dev/null", tmp_path)
    public, private = tmp_path / "var/lib/dkms/mok.pub", tmp_path / "var/lib/dkms/mok.key"
    if has_command:
        assert public.read_text() == "own\n"
        return
    assert private.stat().st_mode & 0o777 == 0o600
    shown = subprocess.run(
        [tool("openssl"), "x509", "-inform", "DER", "-in", public, "-noout", "-subject"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "DKMS module signing key" in shown
