"""Every base's rendered file, built unchanged by buildah upon stand-ins for the upstream images; then the real thing.

    python benchmarks/container_build.py                      # both of these; all files are removed afterwards
    python benchmarks/container_build.py bases [BASE…]        # stub wheels, each twice: have both builds one digest?
    python benchmarks/container_build.py real FOLDER [PART…]  # the real CPU wheels of PyTorch and TensorFlow

The parts of the real thing are `build` and `runtime` (what these stages weigh), `selftest` (the self-test image, and
what it proves), `again` (is a second build of it the same?), `list` (licences and bill of materials) and `fit` (what
the doctor says of it as an archive). Each goes on from what the one before left in FOLDER, which is kept. Needs root
and buildah. Real wheels come from wherever this machine's pip gets its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the stand-in images live beside the tests

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from gpusetup.selftest.proof import Proof
from gpusetup.value import load
from tests.lab.images import GPUSETUP, Images, lacking

CPU, CUDA = ["--gpu", "none"], ["--gpu", "RTX 4090", "--torch", "2.14.1+cu126"]
BASES = {
    "fedora": CPU, "ubuntu": CPU, "rocky": CPU, "ubi": CPU, "cuda-ubuntu": CUDA, "cuda-rocky": CUDA, "cuda-ubi": CUDA,
}  # fmt: skip
REAL = [*CPU, "--torch", "2.13.0", "--tensorflow", "2.21.0", "--python", "3.11", "--base-image", "fedora"]
"""What this machine's pip can get, for the Python that the stand-in has."""
PROVING = "localhost/selftest:1"
MIB = 1 << 20


class Build(NamedTuple):
    """One build: the image's id, and how long it took."""

    id: str
    seconds: float


def main(arguments: list[str]) -> int:
    why_not = lacking()
    if why_not:
        print(f"not built: {why_not}")
        return 1
    what, *some = arguments or [""]
    answers = []
    if what in {"", "bases"}:
        with store() as images:
            answers += [every_base(images, base) for base in some or BASES]
    if what in {"", "real"}:
        with store(Path(some[0]) if some else None) as images:
            answers += [PARTS[part](images) for part in some[1:] or PARTS]
    return 0 if answers and all(answers) else 1


@contextmanager
def store(kept: Path | None = None) -> Iterator[Images]:
    """Open the store in the folder `kept`, or one that is gone afterwards."""
    if kept is not None:
        kept.mkdir(exist_ok=True, parents=True)
    images = Images(kept or Path(tempfile.mkdtemp(prefix="gpusetup-images-")), in_memory=False)
    try:
        yield images
    finally:
        images.close(keep=kept is not None)


def every_base(images: Images, base: str) -> bool:
    """Build the file of `base` twice with stand-in wheels, and say whether both builds have one digest."""
    wanted = [*BASES[base], "--framework", "torch", "--base-image", base]
    reference = images.stand_in(wanted).base.reference
    first, second = (build(images, f"localhost/{base}:{n}", wanted) for n in (1, 2))
    line = f"{base:12} {reference}: built in {first.seconds:.0f} s, {size(images, f'localhost/{base}:1')}"
    return same_digest(line, first, second)


def stage(images: Images, name: str, *options: str) -> bool:
    """Build one stage of the image with the real frameworks, and say what it weighs."""
    image = f"localhost/{name}:1"
    made = build(images, image, [*common(images), *options])
    print(f"stage {name}: {size(images, image)}, built in {made.seconds:.0f} s", flush=True)
    return True


def selftest(images: Images) -> bool:
    """Build the self-test image and run it as its own user; return whether no verdict failed."""
    made = build(images, PROVING, [*common(images), "--format", "selftest"])
    print(f"self-test image: {size(images, PROVING)}, built in {made.seconds:.0f} s, {made.id[:19]}", flush=True)
    _, uid = images.inside(PROVING, "id -u")
    kept = images.folder / "proof.json"
    status, text = images.inside(PROVING, "gpusetup selftest --quick --json")
    kept.write_text(text)
    proof = load(kept, Proof)
    states = Counter(verdict.state for verdict in proof.verdicts)
    said = ", ".join(f"{states[state]} {state}" for state in ("passed", "failed", "unproven"))
    print(f"inside it, as uid {uid.strip()}: exit {status}, {len(proof.runs)} runs in {proof.seconds:.0f} s; {said}")
    for verdict in proof.verdicts:
        if verdict.state == "failed":
            print(f"  {verdict.check}, {verdict.framework}: {verdict.summary}")
    return status == 0 and not proof.failed


def again(images: Images) -> bool:
    """Build the self-test image once more, from nothing, and say whether it is the same."""
    slim = [*common(images), "--format", "selftest"]
    first = build(images, PROVING, slim)
    return same_digest(
        "self-test image", first, build(images, "localhost/selftest:2", [*slim, "--builder-option=--no-cache"])
    )


def listed(images: Images) -> bool:
    """Save the bill of materials, hold it against its schema and the image, and count the licences."""
    bill = images.folder / "bill.json"
    done = command(images, "licences", "--image", PROVING, "--builder", "buildah", "--sbom", str(bill), "--json")
    invalid = JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill.read_text())
    parts = json.loads(done.stdout)["parts"]
    names = {
        (one["name"].lower(), one["version"]) for one in json.loads(bill.read_text())["components"] if "version" in one
    }
    lacking = sorted(distributions(images) - names)
    hashed = sum(bool(one["sha256"]) for one in parts if one["key"].startswith("pypi/"))
    print(
        f"bill of materials: {len(names)} parts, {hashed} wheels with their SHA-256; schema 1.6: {invalid or 'valid'}"
    )
    print(f"in the image and not in the bill: {', '.join(map(' '.join, lacking)) or 'nothing'}")
    words = {True: "free", False: "not free", None: "not known"}
    print("licences: " + ", ".join(f"{n} {words[state]}" for state, n in Counter(one["free"] for one in parts).items()))
    print("not free: " + (", ".join(one["name"] for one in parts if one["free"] is False) or "none"))
    return invalid is None and not lacking and hashed > 0


def distributions(images: Images) -> set[tuple[str, str]]:
    """Return name and version of every wheel and package in the image, asked of its files and of rpm alone."""
    listing = (
        "find / -xdev -path '*/site-packages/*.dist-info' -prune -name '*.dist-info'; rpm -qa --qf '%{NAME} %{EVR}\\n'"
    )
    _, text = images.inside(PROVING, listing)
    found = set()
    for line in text.splitlines():
        words = (
            Path(line).name.removesuffix(".dist-info").rpartition("-") if line.startswith("/") else line.partition(" ")
        )
        if "/_vendor/" not in line:  # a part of the wheel around it
            name = re.sub(r"[-_.]+", "-", words[0]) if line.startswith("/") else words[0]
            found.add((name.lower(), words[2]))
    return found


def fits(images: Images) -> bool:
    """Ask of the saved image, whole and broken, whether it runs on some hosts: one line each, in little time."""
    hosts = Path(__file__).resolve().parent.parent / "tests/doctor/hosts"
    archives = {}
    for kind in ("docker-archive", "oci-archive"):
        archives[kind] = images.folder / f"{kind}.tar"
        archives[kind].unlink(missing_ok=True)
        images.buildah("push", "--quiet", PROVING, f"{kind}:{archives[kind]}:{PROVING}")
        half = archives[kind].with_suffix(".half.tar")
        shutil.copyfile(archives[kind], half)
        os.truncate(half, archives[kind].stat().st_size // 2)
        archives[f"half of the {kind}"] = half
    well = True
    for name, path in archives.items():
        for host in ("desktop", "no_gpu"):
            start = time.monotonic()
            done = command(images, "doctor", "--machine", str(hosts / f"{host}.json"), "--image", str(path), code=None)
            said = (done.stderr or done.stdout).strip().splitlines()[0]
            size = f"{path.stat().st_size / MIB:,.0f} MiB"
            print(f"{name}, {size}, {host}: exit {done.returncode} in {time.monotonic() - start:.1f} s: {said}")
            well &= done.returncode == (2 if "half" in name else 0)
    return well


def command(images: Images, *words: str, code: int | None = 0) -> subprocess.CompletedProcess[str]:
    """Run gpusetup with `words` in this store; it must end with the exit status `code`, if that is given."""
    done = subprocess.run(
        [str(GPUSETUP), *words], env=os.environ | images.env, capture_output=True, text=True, check=False
    )
    if code not in (None, done.returncode):
        raise SystemExit(f"gpusetup {words[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done


def common(images: Images) -> list[str]:
    """Return the options of every real build; the first makes the base as well."""
    if not images.has("registry.fedoraproject.org/fedora:44"):
        images.stand_in(REAL, wheels=False)
    options = [*REAL, "--pip-config", str(pip_config(images.folder / "pip.conf"))]
    options += [f"--builder-option=--volume={folder}:{folder}:ro" for folder in pip_folders(images.folder / "pip.conf")]
    return [*options, "--builder-option=--layers"]  # each later build goes on where the one before it was


def build(images: Images, image: str, options: list[str]) -> Build:
    """Build `image`; a build that fails ends the campaign with what it said last."""
    start = time.monotonic()
    done = images.build([*options, "--image", image])
    if done.returncode != 0:
        raise SystemExit(f"{image} was not built: {done.stderr[-2000:]}")
    return Build(done.stdout.split()[0], time.monotonic() - start)


def same_digest(line: str, first: Build, second: Build) -> bool:
    """Print `line` and whether both builds have the same digest, and return that."""
    same = first.id == second.id
    print(f"{line}; two builds, {'one digest' if same else 'TWO DIGESTS'} {first.id[:19]}", flush=True)
    return same


def size(images: Images, image: str) -> str:
    """Return what the files of `image` take, and how much of it the base has not."""
    whole, base = images.size(image), images.size("localhost/root:1")
    return f"{whole / MIB:,.0f} MiB ({(whole - base) / MIB:,.0f} above the base)"


def pip_config(path: Path) -> Path:
    """Write what configures this machine's pip, from files and environment, as one file, and return its path."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    settings = dict(line.partition("=")[::2] for line in listed.splitlines())
    values = {name.rpartition(".")[2]: value.strip("'") for name, value in settings.items()} | {"retries": "1"}
    values.pop("constraint", None)  # names a file of this machine's, and the stack has its versions anyway
    path.write_text("[global]\n" + "".join(f"{name} = {value}\n" for name, value in values.items()))
    return path


def pip_folders(configuration: Path) -> list[str]:
    """Return the folders of this machine that its pip takes files from, with what lies beside an index."""
    places = [Path(word.removeprefix("file://")) for word in configuration.read_text().split()]
    found = {
        place.parent if place.name == "simple" else place for place in places if place.is_absolute() and place.is_dir()
    }
    return sorted(map(str, found))


PARTS = {
    "build": lambda images: stage(images, "build", "--builder-option=--target=build"),
    "runtime": lambda images: stage(images, "runtime"),
    "selftest": selftest,
    "again": again,
    "list": listed,
    "fit": fits,
}

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
