"""``gpusetup why`` as its users run it: yes or no, the facts with their sources, the smallest way out."""

from __future__ import annotations

import msgspec
import pytest

from gpusetup.resolve.model import Answer
from tests.support import Run


def test_torch_on_pascal_is_possible_in_another_variant(gpusetup: Run) -> None:
    done = gpusetup("why", "torch==2.14.1", "--distro", "fedora", "--gpu", "GTX 1050 Mobile")
    assert done.returncode == 0
    assert done.stdout.startswith("torch==2.14.1: yes\nPyTorch: 2.14.1+cu126\n")
    assert "machine code for 6.0, which runs on GeForce GTX 1050 Mobile" in done.stdout
    assert "✗ not 2.14.1+cu130" in done.stdout
    assert "source: github.com/pytorch/pytorch: RELEASE.md" in done.stdout
    assert "✗ not 2.15.0" not in done.stdout  # nobody asked


def test_tensorflow_on_a_python_too_new(gpusetup: Run) -> None:
    done = gpusetup("why", "tensorflow==2.21", "--python", "3.14", "--gpu", "none", "--distro", "fedora")
    assert done.returncode == 4
    assert "TensorFlow 2.21.0 has wheels for Python 3.10 to 3.13, not 3.14 [tensorflow-2.21.0]" in done.stdout
    assert "→ use Python 3.13: --python 3.13" in done.stdout
    assert "leave tensorflow out" not in done.stdout  # that would be no answer


def test_cuda_on_a_driver_too_old(gpusetup: Run) -> None:
    done = gpusetup("why", "cuda==13.0", "--driver", "550.54", "--gpu", "none", "--distro", "fedora")
    assert done.returncode == 4
    assert "CUDA 13.0 needs driver 580 or newer (CUDA 13.0); 550.54 is older [cuda-major-13]" in done.stdout
    ways = [line for line in done.stdout.splitlines() if line.startswith("→")]
    assert ways[0].startswith("→ use driver ")
    assert ways[-1] == "→ use the CUDA toolkit 12.4: --cuda 12.4"


def test_a_toolkit_that_cannot_work_on_the_host_is_had_from_a_container(gpusetup: Run) -> None:
    done = gpusetup("why", "cuda==12.9", "--gpu", "RTX 4090", "--release", "44")
    assert done.returncode == 0
    assert "CUDA 12.9 in docker.io/nvidia/cuda:12.9" in done.stdout
    assert "[glibc-2.41]" in done.stdout


def test_json_is_an_answer(gpusetup: Run) -> None:
    asked = ("--distro", "fedora", "--gpu", "GTX 1050 Mobile", "--json")
    yes = msgspec.json.decode(gpusetup("why", "torch==2.14.1", *asked).stdout, type=Answer)
    no = msgspec.json.decode(gpusetup("why", "torch==2.15", *asked).stdout, type=Answer)
    assert (yes.possible, no.possible) == (True, False)
    assert yes.stack is not None
    assert no.refusal is not None
    assert no.refusal.ways_out[0].options == ("--torch", "2.14.1+cu126")


@pytest.mark.parametrize("question", ["rust==1.0", "torch==", "==2.14", "torch==9.9", "cuda==99.9", "?", ""])
def test_what_no_table_can_answer_is_one_clear_line(gpusetup: Run, question: str) -> None:
    done = gpusetup("why", question, "--gpu", "none", "--distro", "fedora")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_wrong_name_gets_the_right_one(gpusetup: Run) -> None:
    done = gpusetup("why", "tensorflwo", "--gpu", "none", "--distro", "fedora")
    assert done.returncode == 2
    assert "did you mean tensorflow?" in done.stderr


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("gcc", "[cuda-series-"),
        ("gcc==16", "gcc 16 is the compiler of Fedora 44 [fedora-44]"),
        ("gcc==99", "gcc 99 is too new for every nvcc"),
        ("kernel", "[rule-kernel-modules]"),
        ("fedora", "distribution: Fedora 44"),
        ("jax", "[rule-jax-environment]"),
        ("torch", "PyTorch: 2.15.0"),
        ("torch 2.14.1", "torch==2.14.1: yes"),
        ("torch=2.14.1", "torch==2.14.1: yes"),
        ("driver", "driver: 610.43.03"),
        ("580", "branch 580 drives Maxwell (5.0) and newer"),
        ("akmod-nvidia", "kernel module built on the machine"),
        ("nvidia-cudnn-cu12==9.10.2.21", "cudnn==9.10.2.21: yes"),
        ("torch-2.14.1+cu126-cp313-cp313-manylinux_2_28_x86_64.whl", "torch==2.14.1+cu126 on Python 3.13: yes"),
        ("GTX 1080 Ti", "GeForce GTX 1080 Ti is Pascal (6.1): driver branch 580 is its last"),
    ],
)
def test_a_question_is_a_version_a_component_a_card_a_branch_a_wheel_or_a_word(
    gpusetup: Run, question: str, says: str
) -> None:
    card = () if question.startswith("GTX") else ("--gpu", "RTX 3060")
    done = gpusetup("why", question, *card, "--release", "44")
    assert done.returncode == 0, done.stderr
    assert says in " ".join(done.stdout.split())


def test_a_card_that_nothing_fits_is_named_with_its_last_driver(gpusetup: Run) -> None:
    done = gpusetup("why", "GTX 680", "--release", "44")
    assert done.returncode == 4
    assert "Kepler" in done.stdout
    assert "driver branch 470 is its last" in " ".join(done.stdout.split())
