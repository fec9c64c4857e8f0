"""Every base's rendered file, built unchanged by buildah upon stand-ins for the upstream images; then the real thing.

First each base with stand-in wheels, twice: have both builds one digest? Then the self-test image with the real CPU
wheels of PyTorch and TensorFlow, twice as well: what its stages weigh, and what `gpusetup selftest` proves inside it.
With `bases` or `real` only the one or the other. Needs root and buildah. Real wheels come from wherever this machine's
pip gets its own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the stand-in images live beside the tests

from gpusetup.selftest.proof import Proof
from gpusetup.value import load
from tests.lab.images import Images, lacking

CPU, CUDA = ["--gpu", "none"], ["--gpu", "RTX 4090", "--torch", "2.14.1+cu126"]
BASES = {
    "fedora": CPU, "ubuntu": CPU, "rocky": CPU, "ubi": CPU, "cuda-ubuntu": CUDA, "cuda-rocky": CUDA, "cuda-ubi": CUDA,
}  # fmt: skip
REAL = [*CPU, "--torch", "2.13.0", "--tensorflow", "2.21.0", "--python", "3.11", "--base-image", "fedora"]
"""What this machine's pip can get, for the Python that the stand-in has."""
MIB = 1 << 20


class Build(NamedTuple):
    """One build: the image's id, and how long it took."""

    id: str
    seconds: float


def main() -> int:
    why_not = lacking()
    if why_not:
        print(f"not built: {why_not}")
        return 1
    images = Images(Path(tempfile.mkdtemp(prefix="gpusetup-images-")), in_memory=False)
    try:
        same = [every_base(images, base, options) for base, options in BASES.items() if "real" not in sys.argv]
        return 0 if ("bases" in sys.argv or real(images)) and all(same) else 1
    finally:
        images.close()


def every_base(images: Images, base: str, options: list[str]) -> bool:
    """Build the file of `base` twice with stand-in wheels, and say whether both builds have one digest."""
    wanted = [*options, "--framework", "torch", "--base-image", base]
    reference = images.stand_in(wanted).base.reference
    first, second = (build(images, f"localhost/{base}:{n}", wanted) for n in (1, 2))
    told = f"{base:12} {reference}: built in {first.seconds:.0f} s, {size(images, f'{base}:1')}"
    return told_same(told, first, second)


def real(images: Images) -> bool:
    """Build the image with the real frameworks, prove it, and say what its stages weigh; return whether all is well."""
    images.stand_in(REAL, wheels=False)
    common = [*REAL, "--pip-config", str(pip_config(images.folder / "pip.conf"))]
    common += [f"--builder-option=--volume={folder}:{folder}:ro" for folder in pip_folders()]
    common += ["--builder-option=--layers"]  # each later build goes on where the one before it was
    stage = build(images, "localhost/build:1", [*common, "--builder-option=--target=build"])
    print(f"stage build: {size(images, 'build:1')}, built in {stage.seconds:.0f} s", flush=True)
    plain = build(images, "localhost/runtime:1", common)
    print(f"stage runtime: {size(images, 'runtime:1')}, built in {plain.seconds:.0f} s", flush=True)
    proof = images.folder / "proof.json"
    slim = [*common, "--format", "selftest"]
    first = build(images, "localhost/selftest:1", [*slim, "--run-selftest", "--save", str(proof)])
    second = build(images, "localhost/selftest:2", [*slim, "--builder-option=--no-cache"])
    same = told_same(f"self-test image: {size(images, 'selftest:1')}", first, second)
    made_inside = load(proof, Proof)
    states = [verdict.state for verdict in made_inside.verdicts]
    print(
        f"inside it, as uid 1000: {len(made_inside.runs)} runs in {made_inside.seconds:.0f} s; verdicts: "
        + ", ".join(f"{states.count(state)} {state}" for state in ("passed", "failed", "unproven"))
    )
    return same and not made_inside.failed


def build(images: Images, image: str, options: list[str]) -> Build:
    """Build `image`; a build that fails ends the campaign with what it said last."""
    start = time.monotonic()
    done = images.build([*options, "--image", image])
    if done.returncode != 0:
        raise SystemExit(f"{image} was not built: {done.stderr[-2000:]}")
    return Build(done.stdout.split()[0], time.monotonic() - start)


def told_same(told: str, first: Build, second: Build) -> bool:
    """Print `told` and whether both builds have one digest, and return it."""
    same = first.id == second.id
    print(f"{told}; two builds, {'one digest' if same else 'TWO DIGESTS'} {first.id[:19]}", flush=True)
    return same


def size(images: Images, image: str) -> str:
    """Return what the files of `image` take, and how much of it the base has not."""
    whole, base = images.size(f"localhost/{image}"), images.size("localhost/root:1")
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


def pip_folders() -> list[str]:
    """Return the folders of this machine that its pip takes files from, with what lies beside an index."""
    text = pip_config(Path(tempfile.mkdtemp(), "pip.conf")).read_text()
    places = [Path(word.removeprefix("file://")) for word in text.split()]
    found = {
        place.parent if place.name == "simple" else place for place in places if place.is_absolute() and place.is_dir()
    }
    return sorted(map(str, found))


if __name__ == "__main__":
    raise SystemExit(main())
