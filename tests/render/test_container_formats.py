"""Every format upon every base: it passes its linter or schema, no driver is in it, what went in comes out."""

from __future__ import annotations

import functools
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusetup.content_dirs import content_dirs
from gpusetup.errors import WrongInputError
from gpusetup.facts import facts
from gpusetup.render.container import Container, ContainerJob, render
from gpusetup.render.container.bases import names
from gpusetup.render.container.choose import HOST, choose
from gpusetup.render.container.formats import formats
from gpusetup.resolve.model import Card, Request
from tests.render import container_readers as readers
from tests.support import ROOT, Run, examples, tool

ADA = Card(name="GeForce RTX 4090", arch="Ada", compute_capability="8.9", known_by="NVML")
BASES = [name for name in names(facts()) if not name.endswith(HOST)]
IMAGE_FORMATS = ("containerfile", "apptainer")
RUN_FORMATS = ("compose", "devcontainer", "kubernetes-deployment", "kubernetes-job", "quadlet", "slurm")
JOB = ContainerJob(image="registry.example/lab/torch:1", name="train", command=("python", "train.py"), gpus=2)
DRIVERS = ("akmod-nvidia", "kmod-nvidia", "nvidia-driver", "nvidia-open", "cuda-drivers", "xorg-x11-drv-nvidia",
           "libnvidia-compute", "nvidia-kernel", "nvidia-utils", ".run")  # fmt: skip
QUADLET_KEYS = {"Image", "ContainerName", "AddDevice", "SecurityLabelDisable", "PodmanArgs", "Exec"}
"""Of podman-systemd.unit(5), "Container units"."""


@functools.cache
def chosen(base: str, kind: str = "containerfile") -> Any:
    request = Request(release="44", cards=(ADA,), frameworks=("torch",))
    return choose(request, facts(), kind, name=base)


def made(base: str, kind: str, job: ContainerJob = JOB, card: Card = ADA) -> Container:
    stack, upon = chosen(base, kind if kind == HOST else "containerfile")
    request = msgspec.structs.replace(stack.request, cards=(card,))
    stack = msgspec.structs.replace(stack, request=request)
    return render(stack, upon, job, facts(), made="2026-11-22", kind=kind)


def hadolint(text: str, folder: Path) -> str:
    (folder / "Containerfile").write_text(text)
    return subprocess.run(
        [tool("hadolint"), folder / "Containerfile"], capture_output=True, text=True, check=False
    ).stdout


def shellcheck(text: str, shell: str) -> str:
    command = [tool("shellcheck"), "-s", shell, "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False).stdout


@functools.cache
def compose_specification() -> Any:
    import check_jsonschema.builtin_schemas as builtin
    import jsonschema

    schema = json.loads((Path(builtin.__file__).parent / "vendor" / "compose-spec.json").read_text())
    return jsonschema.validators.validator_for(schema)(schema)


def test_these_are_all_the_formats() -> None:
    known = set(formats(content_dirs("containers")))
    assert known == {*IMAGE_FORMATS, *RUN_FORMATS, HOST, "selftest"}


def test_help_and_page_tell_of_every_format_and_base(gpusetup: Run) -> None:
    told = "".join(gpusetup("container", "--help").stdout.split())  # lines break inside names
    page = (ROOT / "docs" / "containers.md").read_text()
    for name in (*formats(content_dirs("containers")), *BASES):
        assert name in told
        assert f"`{name}`" in page


@pytest.mark.parametrize("base", BASES)
def test_a_containerfile_is_clean(base: str, tmp_path: Path) -> None:
    text = made(base, "containerfile").text
    assert hadolint(text, tmp_path) == ""
    assert "DL3007" in hadolint(text.replace("AS python", "AS python\nFROM fedora:latest"), tmp_path)


def test_a_bootable_host_is_clean_and_has_the_driver(tmp_path: Path) -> None:
    """The one exception: it is the host."""
    text = made("", HOST).text
    assert hadolint(text, tmp_path) == ""
    assert "akmod-nvidia" in text
    assert made("fedora", "quadlet").text.splitlines()[-1] in text
    for script in text.split("<<'GPUSETUP_END'\n")[1:3]:
        assert shellcheck(script.partition("\nGPUSETUP_END\n")[0], "bash") == ""


@pytest.mark.parametrize("kind", [*IMAGE_FORMATS, *RUN_FORMATS])
@pytest.mark.parametrize("base", BASES)
def test_no_driver_goes_into_any_image(base: str, kind: str) -> None:
    text = made(base, kind).text
    assert not [name for name in DRIVERS if name in text]
    if kind in IMAGE_FORMATS:
        assert "io.gpusetup.driver-floor" in text


@pytest.mark.parametrize("base", BASES)
def test_an_apptainer_definition_keeps_to_the_grammar(base: str) -> None:
    sections = readers.sections_of(made(base, "apptainer").text)
    assert [value for name, value in sections if name == "Stage"] == ["build", "runtime"]
    for name, body in sections:
        if name in {"post", "environment", "runscript"}:
            assert shellcheck(body, "sh") == ""
    labels = dict(
        line.split(" ", 1) for line in dict(sections)["labels"].split("\n") if line for line in [line.strip()]
    )
    assert labels == made(base, "apptainer").labels


@pytest.mark.slow
@pytest.mark.parametrize("base", BASES)
def test_a_compose_file_fits_the_specification(base: str) -> None:
    import jsonschema

    validator = compose_specification()
    found = readers.yaml_of(made(base, "compose").text)
    validator.validate(found)
    assert found["services"]["train"]["deploy"]["resources"]["reservations"]["devices"] == [
        {"driver": "nvidia", "count": 2, "capabilities": ["gpu"]}
    ]
    found["services"]["train"]["shm_sise"] = "1g"
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(found)


@pytest.mark.slow
@pytest.mark.parametrize("version", ["1.28", "1.37"])
@pytest.mark.parametrize("kind", ["kubernetes-job", "kubernetes-deployment"])
@pytest.mark.parametrize("base", BASES)
def test_a_manifest_fits_kubernetes_own_schema(base: str, kind: str, version: str) -> None:
    import kubernetes_validate

    job = msgspec.structs.replace(JOB, products=("NVIDIA-H100-80GB-HBM3",), runtime_class="nvidia")
    found = readers.yaml_of(made(base, kind, job).text)
    kubernetes_validate.validate(found, version, strict=True)
    pod = found["spec"]["template"]["spec"]
    assert pod["containers"][0]["resources"]["limits"] == {"nvidia.com/gpu": 2}
    terms = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    said = {one["key"]: (one["operator"], one["values"]) for one in terms[0]["matchExpressions"]}
    assert said == {
        "nvidia.com/cuda.driver.major": ("Gt", ["579"]),
        "nvidia.com/gpu.compute.major": ("In", ["8"]),
        "nvidia.com/gpu.product": ("In", ["NVIDIA-H100-80GB-HBM3"]),
    }
    assert pod["runtimeClassName"] == "nvidia"
    pod["containers"][0]["imagePullPolicies"] = "Always"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(found, version, strict=True)


@pytest.mark.slow
@pytest.mark.parametrize("base", BASES)
def test_a_devcontainer_fits_its_schema(base: str) -> None:
    import jsonschema

    schema = json.loads((Path(__file__).parent / "schemas" / "devcontainer.json").read_text())
    jsonschema.validate(readers.jsonc_of(made(base, "devcontainer").text), schema)


def test_a_devcontainer_without_a_command_runs_none() -> None:
    found = readers.jsonc_of(made("fedora", "devcontainer", msgspec.structs.replace(JOB, command=())).text)
    assert "postCreateCommand" not in found


@pytest.mark.parametrize("base", BASES)
def test_a_quadlet_unit_has_known_keys_and_passes_systemd(base: str, tmp_path: Path) -> None:
    """systemd reads all but [Container], which podman's generator turns into ExecStart: a stand-in is put there."""
    text = made(base, "quadlet").text
    unit = readers.unit_of(text)
    assert {name for name, _ in unit["Container"]} <= QUADLET_KEYS
    devices = [value for name, value in unit["Container"] if name == "AddDevice"]
    assert devices == ["nvidia.com/gpu=0", "nvidia.com/gpu=1"]
    service = dict(unit["Container"])["Exec"].replace('"python"', "/bin/echo", 1)
    path = tmp_path / "train.service"
    path.write_text(
        text.partition("[Container]")[0] + f"[Service]\nExecStart={service}\n" + text.partition("[Service]\n")[2]
    )
    command = [tool("systemd-analyze"), "verify", "--man=no", "--generators=no", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert str(path) not in done.stderr
    path.write_text(path.read_text().replace("Restart=on-failure", "Restart=perhaps"))
    assert str(path) in subprocess.run(command, capture_output=True, text=True, check=False).stderr


@pytest.mark.parametrize("base", BASES)
def test_a_batch_script_is_clean_and_asks_for_the_gpus(base: str) -> None:
    text = made(base, "slurm").text
    assert shellcheck(text, "bash") == ""
    assert "\n#SBATCH --gres=gpu:2\n" in text


@pytest.mark.parametrize("pyxis", [True, False])
def test_a_batch_script_runs_what_the_cluster_has(pyxis: bool, tmp_path: Path) -> None:
    words = readers.slurm_command(made("fedora", "slurm").text, tmp_path, pyxis=pyxis)
    assert words[-2:] == ["python", "train.py"]
    if pyxis:
        assert words[0] == "--container-image=registry.example#lab/torch:1"
    else:
        assert words[:3] == ["apptainer", "exec", "--nv"]
        assert "docker://registry.example/lab/torch:1" in words


def test_a_batch_script_stops_on_an_old_driver(tmp_path: Path) -> None:
    text = made("fedora", "slurm").text.replace("floor=580", "floor=9999")
    with pytest.raises(subprocess.CalledProcessError) as stopped:
        readers.slurm_command(text, tmp_path, pyxis=True)
    assert b"driver 610.43.03 is older than 9999" in stopped.value.stderr
    assert not (tmp_path / "seen").exists()


# ── hostile values ────────────────────────────────────────────────────────────────────────────────────────────────

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)
NASTY = st.sampled_from(readers.NASTY)
COMMANDS = st.lists(TEXT | NASTY, min_size=1, max_size=4)
MANY = examples(25)


def command_in(kind: str, text: str) -> list[str]:
    """Return the command that a file has the container run, read as its format reads it."""
    if kind == "containerfile":
        return list(json.loads(text.rstrip("\n").splitlines()[-1].removeprefix("CMD ")))
    if kind == "compose":
        return [readers.undoubled(word) for word in readers.yaml_of(text)["services"]["train"]["command"]]
    if kind == "devcontainer":
        return list(readers.jsonc_of(text)["postCreateCommand"])
    if kind == "quadlet":
        return readers.unit_words(dict(readers.unit_of(text)["Container"])["Exec"])
    pod = readers.yaml_of(text)["spec"]["template"]["spec"]
    return [readers.undoubled(word) for word in pod["containers"][0]["args"]]


@pytest.mark.parametrize("kind", ["containerfile", "compose", "devcontainer", "kubernetes-job", "quadlet"])
@given(command=COMMANDS)
@MANY
def test_any_command_comes_out_as_it_went_in(kind: str, command: list[str]) -> None:
    job = msgspec.structs.replace(JOB, command=tuple(command))
    if kind == "devcontainer" and any(re.search(r"\$\{.*?\}", word) for word in command):
        with pytest.raises(WrongInputError, match="would replace with a variable"):
            made("fedora", kind, job)
        return
    assert command_in(kind, made("fedora", kind, job).text) == command


@pytest.mark.slow
@pytest.mark.parametrize("name", ["yes", "null", "on", "1e3", "0x1f", "0", "1-1", "2026-11-27"])
def test_a_name_stays_text_where_yaml_would_see_another_kind(name: str) -> None:
    import kubernetes_validate

    job = msgspec.structs.replace(JOB, name=name, image=f"{name}:1", products=(name,), runtime_class=name)
    assert list(readers.yaml_of(made("fedora", "compose", job).text)["services"]) == [name]
    assert readers.jsonc_of(made("fedora", "devcontainer", job).text)["name"] == name
    for kind in ("kubernetes-job", "kubernetes-deployment"):
        found = readers.yaml_of(made("fedora", kind, job).text)
        kubernetes_validate.validate(found, "1.37", strict=True)
        pod = found["spec"]["template"]["spec"]
        container = pod["containers"][0]
        assert (found["metadata"]["name"], container["name"], pod["runtimeClassName"]) == (name, name, name)
        assert container["image"] == f"{name}:1"
    assert dict(readers.unit_of(made("fedora", "quadlet", job).text)["Container"])["ContainerName"] == name


def test_an_image_that_yaml_would_take_for_a_time_of_day_stays_an_image() -> None:
    job = msgspec.structs.replace(JOB, image="1:30")
    assert readers.yaml_of(made("fedora", "compose", job).text)["services"]["train"]["image"] == "1:30"


def test_no_word_ends_the_here_document_that_the_bootable_host_has_its_unit_in() -> None:
    words = (*readers.NASTY, "x\nGPUSETUP_END\nRUN id", "\nGPUSETUP_END\n")
    text = made("", HOST, msgspec.structs.replace(JOB, command=words)).text
    tame = made("", HOST).text
    assert [line for line in text.split("\n") if line == "GPUSETUP_END"] == ["GPUSETUP_END"] * tame.count(
        "\nGPUSETUP_END\n"
    )
    (_, unit) = text.split("COPY <<'GPUSETUP_END' ")
    inside = unit.partition("\n")[2].partition("\nGPUSETUP_END\n")[0]
    assert readers.unit_words(dict(readers.unit_of(inside)["Container"])["Exec"]) == list(words)


def test_an_empty_word_is_refused_where_podman_would_end_the_command() -> None:
    with pytest.raises(WrongInputError, match="empty"):
        made("fedora", "quadlet", msgspec.structs.replace(JOB, command=("python", "", "x")))


@given(command=COMMANDS)
@examples(15)
def test_any_command_stays_words_for_the_shell(command: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Shell text takes no control characters; they are refused, never changed."""
    job = msgspec.structs.replace(JOB, command=tuple(command))
    try:
        text = made("fedora", "slurm", job).text
    except WrongInputError:
        assert any(not char.isprintable() for word in command for char in word)
        return
    words = readers.slurm_command(text, tmp_path_factory.mktemp("slurm"), pyxis=True)
    assert words[-len(command) :] == command
    if any("{{" in word for word in command):  # Apptainer would replace with a variable in: refused
        with pytest.raises(WrongInputError, match="Apptainer"):
            made("fedora", "apptainer", job)
        return
    body = dict(readers.sections_of(made("fedora", "apptainer", job).text))["runscript"]
    shown = subprocess.run(
        ["sh", "-c", body.replace("exec", "printf '%s\\0'", 2)], capture_output=True, text=True, check=True
    )
    assert shown.stdout.split("\0")[:-1] == command


@pytest.mark.parametrize("kind", [*IMAGE_FORMATS, *RUN_FORMATS])
@given(name=TEXT | NASTY)
@MANY
def test_a_hostile_card_stays_in_its_comment(kind: str, name: str) -> None:
    """A saved machine can call a card anything: the file differs from a tame one's in that comment alone."""
    tame = made("fedora", kind).text.splitlines()
    text = made("fedora", kind, card=msgspec.structs.replace(ADA, name=name)).text
    wild = text.split("\n")[:-1]
    changed = [(old, new) for old, new in zip(tame, wild, strict=True) if old != new]
    assert all(new.startswith(("# For: ", "// For: ")) for _, new in changed)


@pytest.mark.parametrize("name", ["", "A", "a b", "-a", "a-", "a/b", "a\n", "x" * 64, "é"])
def test_a_name_that_is_no_label_is_refused(name: str) -> None:
    from gpusetup.render.container.names import label

    with pytest.raises(WrongInputError):
        label(name)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--format", "floppy"), "known: apptainer, bootc, compose"),
        (("--base-image", "plan9"), "known: fedora, ubuntu, rocky"),
        (("--name", "A b"), "lower-case letters, digits and dashes"),
        (("--image", "no tag"), "is not an image name"),
        (("--requirements", "x.txt"), "one image per --framework"),
        (("--base-image", "cuda-ubuntu", "--gpu", "none"), "no tag of NVIDIA's images"),
    ],
)
def test_the_command_refuses_with_a_reason(gpusetup: Run, options: tuple[str, ...], says: str) -> None:
    card = () if "--gpu" in options else ("--gpu", "RTX 4090")
    done = gpusetup("container", "--release", "44", *card, *options)
    assert done.returncode in {2, 4}
    assert says in done.stderr
    assert done.stdout == ""
