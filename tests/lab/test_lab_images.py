"""What `gpusetup container` renders is built unchanged, by buildah with real dnf, apt and pip, and proves itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from gpusetup.selftest.proof import Proof
from gpusetup.value import load, to_json
from tests.lab.images import Images, lacking
from tests.lab.wheels import wheel
from tests.selftest.synthetic import scene

TORCH = ["--framework", "torch", "--gpu", "none"]
CUDA = ["--framework", "torch", "--gpu", "RTX 4090", "--torch", "2.14.1+cu126"]
BASES = {"fedora": TORCH, "ubuntu": TORCH, "rocky": TORCH, "cuda-ubuntu": CUDA}
"""One of each kind of file; `benchmarks/container_build.py` has every base."""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Images]:
    why_not = lacking()
    if why_not:
        pytest.skip(why_not)
    made = Images(tmp_path_factory.mktemp("images"), in_memory=True)
    for base, options in BASES.items():
        made.stand_in([*options, "--base-image", base])
    yield made
    made.close()


@pytest.mark.parametrize("base", BASES)
def test_the_file_of_every_base_is_built_unchanged(images: Images, base: str) -> None:
    built = images.build([*BASES[base], "--base-image", base, "--image", f"localhost/{base}:1"])
    assert built.returncode == 0, built.stderr
    assert built.stdout.startswith("sha256:")
    asked = "python -c 'import torch' && id -u && find /tmp /var/log -type f -not -name gpusetup-stdout"
    assert images.inside(f"localhost/{base}:1", asked) == (0, "1000\n")


@pytest.mark.parametrize("base", ["fedora", "ubuntu"])
def test_two_builds_have_one_digest(images: Images, base: str) -> None:
    options = [*TORCH, "--base-image", base]
    first, second = (images.build([*options, "--image", f"localhost/again-{base}:{n}"]) for n in (1, 2))
    assert first.stdout.split()[0] == second.stdout.split()[0]


def test_a_wheel_that_is_not_the_one_on_record_ends_the_build_in_one_clear_error(images: Images) -> None:
    wheel(images.folder / "wheels", "tensorflow", "2.21.0", {"tensorflow.py": ""}, extras=False)
    options = ["--framework", "tensorflow", "--gpu", "none", "--base-image", "fedora"]
    images.stand_in(options)
    built = images.build(options)
    assert (built.returncode, built.stdout) == (6, "")
    *_, message, remedy = built.stderr.strip().splitlines()
    assert message.startswith("gpusetup: building localhost/gpusetup-tensorflow:latest failed at the step 'RUN")
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in message
    assert "fix the cause" in remedy
    assert "Traceback" not in built.stderr


@pytest.mark.parametrize("base", ["fedora", "ubuntu"])
def test_the_bill_of_materials_has_what_is_inside_with_hashes_and_where_it_came_from(
    images: Images, base: str, tmp_path: Path
) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    options = [*TORCH, "--base-image", base, "--image", f"localhost/listed-{base}:1"]
    built = images.build([*options, "--sbom", str(tmp_path / "bom.json")])
    assert built.returncode == 0, built.stderr
    text = (tmp_path / "bom.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    parts = {part["name"]: part for part in json.loads(text)["components"]}
    (wheel_file,) = (images.folder / "wheels").glob("torch-2.15.0+cpu-*.whl")
    assert parts["torch"]["hashes"] == [{"alg": "SHA-256", "content": sha256(wheel_file.read_bytes()).hexdigest()}]
    assert parts["torch"]["purl"] == "pkg:pypi/torch@2.15.0%2Bcpu"
    assert "Intel oneMKL (inside torch)" in parts
    assert "gpg-pubkey" not in parts  # dnf trusted one
    if base == "fedora":
        assert "gpg-pubkey" in images.inside(f"localhost/listed-{base}:1", "rpm -qa")[1]
    package = parts["python3"]
    assert package["purl"].startswith("pkg:rpm/" if base == "fedora" else "pkg:deb/")
    assert package.get("licenses", []) == ([{"license": {"id": "Apache-2.0"}}] if base == "fedora" else [])
    (upstream,) = (part for part in parts.values() if part["type"] == "container")
    assert upstream["name"] in ("registry.fedoraproject.org/fedora", "docker.io/library/ubuntu")


@pytest.mark.parametrize(("form", "code"), [("selftest", 0), ("containerfile", 3)])
def test_the_proof_comes_out_of_the_image_and_its_verdict_is_the_exit_code(
    images: Images, form: str, code: int, tmp_path: Path
) -> None:
    whole = scene(tmp_path)
    proof = (whole if code == 0 else whole.without(lambda job: True)).judged()  # without a run, nothing is proven
    assert proof.concluded().exit_code == code
    own = stand_in_gpusetup(tmp_path / "own", to_json(proof))
    options = [*TORCH, "--base-image", "ubuntu", "--format", form, "--image", f"localhost/{form}:1"]
    built = images.build([*options, "--wheel", str(own), "--run-selftest", "--save", str(tmp_path / "proof.json")])
    assert built.returncode == code, built.stderr
    assert load(tmp_path / "proof.json", Proof) == proof
    image = f"localhost/{form}:1" if form == "selftest" else f"localhost/{form}-proof:1"
    said = json.loads(images.buildah("inspect", "--type", "image", image))["OCIv1"]["config"]
    assert said["Entrypoint"] == ["gpusetup", "selftest"]
    assert said["User"] == "1000"
    _, inside = images.inside(image, "ls /opt/gpusetup/torch/lib/python*/site-packages")
    assert ("pip" in inside.split()) == (form == "containerfile")  # what is proven is not touched; ours is slim


def stand_in_gpusetup(folder: Path, proof: str) -> Path:
    """Return a wheel of a gpusetup that says `proof` when it is asked as the image asks it."""
    code = f"""
import os, sys
def main():
    assert sys.argv[1:] == ["selftest", "--json"], sys.argv
    assert os.environ["GPUSETUP_SELFTEST_PYTHON"] == "torch=/opt/gpusetup/torch/bin/python"
    print({proof!r}, end="")
"""
    modules = {
        "prover.py": code,
        "gpusetup-0.dist-info/entry_points.txt": "[console_scripts]\ngpusetup = prover:main\n",
    }
    wheel(folder, "gpusetup", "0", modules, extras=False)
    return folder / "gpusetup-0-py3-none-any.whl"
