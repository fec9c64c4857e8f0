"""The table of build errors: every text means what its row says, and lines of real logs are understood."""

from __future__ import annotations

import pytest

from gpusetup.doctor.kernel.build_errors import build_errors, cause, is_clang, kernel_gcc
from gpusetup.doctor.registry import all_rules
from gpusetup.doctor.remedies.fixes import table

GCC_12 = "The kernel was built by: x86_64-linux-gnu-gcc-12 (Ubuntu 12.3.0-1ubuntu1~22.04) 12.3.0"
FEDORA = "The kernel was built by: gcc (GCC) 15.2.1 20251211 (Red Hat 15.2.1-5)"
CLANG = "The kernel was built by: clang version 21.1.4"


@pytest.mark.parametrize("row", build_errors(), ids=lambda row: row.remedy)
def test_each_text_of_a_row_leads_to_that_row(row) -> None:  # type: ignore[no-untyped-def]
    assert row.source
    assert row.remedy in table()
    assert row.remedy in all_rules()["KRN101"].remedies
    for text in row.text:
        assert text == text.lower()
        assert cause((f"x: {text.upper()} y",)).row == row


@pytest.mark.parametrize(
    ("lines", "remedy"),
    [
        (("make[3]: *** [nv.o] Error 127", "/bin/sh: line 1: g++: command not found"), "install-cxx"),
        ((GCC_12, "cc1: error: incompatible gcc/plugin versions"), "kernel-compiler"),
        (("FATAL: modpost: GPL-incompatible module nvidia-uvm.ko uses GPL-only symbol 'x'",), "driver-for-kernel"),
        (("Could not find files needed to compile modules for 6.18.8-200.fc43.x86_64",), "build-module"),
        (("cp: error writing 'x': No space left on device", "nv.c:1: error: 'x' undeclared here"), "room-to-build"),
    ],
)
def test_a_cause_comes_before_its_consequences(lines: tuple[str, ...], remedy: str) -> None:
    row = cause(lines).row
    assert row is not None
    assert row.remedy == remedy


def test_of_a_log_that_no_row_fits_the_first_error_is_shown() -> None:
    found = cause(("  CC nv.o", "nv.c:7:1: error: something new", "make: *** Error 2"))
    assert (found.row, found.line) == (None, "nv.c:7:1: error: something new")
    assert cause(()).line == ""


@pytest.mark.parametrize(
    ("lines", "gcc"),
    [((GCC_12,), "12"), ((FEDORA,), "15"), ((CLANG,), ""), (("/bin/sh: 1: gcc-13: not found",), "13"), ((), "")],
)
def test_the_compiler_of_the_kernel_is_named(lines: tuple[str, ...], gcc: str) -> None:
    assert kernel_gcc(lines) == gcc
    assert is_clang(lines) == (lines == (CLANG,))
