"""What uv says, as it said it (2026-11-30, uv 0.13.9), and what is made of it."""

from __future__ import annotations

import pytest

from gpusetup.packages.resolver.refusals import read_refusal

CONFLICT = """\
error: No solution found when resolving dependencies
  cause: Because only the following versions of vllm are available:
          vllm<=0.32.0
          vllm>=0.33.0
      and vllm>=0.27.0,<=0.32.0 depends on torch==2.13.0, we can conclude that vllm<0.33.0 cannot be used. (14)

      Because vllm>=0.33.0 depends on torch==2.14.0 and torch==2.15.0, we can conclude that vllm>=0.33.0 cannot be used.

hint: Wheels are required for `vllm` because building from source is disabled for all packages (i.e., with `--no-build`)
"""
SAID = {
    "conflict": (CONFLICT, ("vllm",)),
    "source-only": (
        "Because all versions of flash-attn have no usable wheels and you require flash-attn, we can conclude that "
        "your requirements are unsatisfiable.\nhint: Wheels are required for `flash-attn` because building is disabled",
        ("flash-attn",),
    ),
    "not-found": (
        "cause: Because nowhere was not found in the package registry and you require nowhere,",
        ("nowhere",),
    ),
    "no-version": ("Because there is no version of torch==9.9 and you require torch==9.9, we can", ("torch",)),
    "unreachable": ("  cause: error sending request for url (https://wheels.example/cu130/torch/)", ()),
    "other": ("error: something new", ()),
}


@pytest.mark.parametrize("kind", SAID)
def test_a_refusal_has_its_kind_and_its_packages(kind: str) -> None:
    text, packages = SAID[kind]
    found = read_refusal(text)
    assert (found.kind, found.packages) == (kind, packages)


def test_a_conflict_has_what_needs_what() -> None:
    said = [(one.package, one.needs) for one in read_refusal(CONFLICT).clashes]
    assert said == [
        ("vllm>=0.27.0,<=0.32.0", "torch==2.13.0"), ("vllm>=0.33.0", "torch==2.14.0"),
        ("vllm>=0.33.0", "torch==2.15.0"),
    ]  # fmt: skip


def test_an_escape_sequence_does_not_come_through() -> None:
    assert "\x1b" not in read_refusal("error: \x1b[31mred\x1b[0m").text


def test_the_first_of_several_is_what_is_needed() -> None:
    text = (
        "Because tensorflow==2.15.0 depends on one of:\n    numpy>=1.23.5,<1.26.0\n    numpy>1.26.0\nand you require x,"
    )
    assert read_refusal(text).clashes[0].needs == "numpy>=1.23.5,<1.26.0"


def test_of_several_that_are_required_as_well_the_first_counts() -> None:
    text = "Because you require tensorflow==1.5 and one of:\n  tensorflow>=2.15.1,<2.16.1\n  tensorflow>2.16.1\nwe can"
    (one,) = read_refusal(text).clashes
    assert (one.package, one.needs) == ("tensorflow==1.5", "tensorflow>=2.15.1,<2.16.1")


def test_a_statement_after_and_is_no_second_need() -> None:
    text = "Because gradio==3.38.0 depends on numpy<2 and numpy<=1.26.4 has no usable wheels, we can"
    assert [one.needs for one in read_refusal(text).clashes] == ["numpy<2"]
