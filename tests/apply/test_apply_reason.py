"""Which line of a failed step's output is told as its reason."""

from __future__ import annotations

from gpusetup.apply.reason import reason

OF_BASH = "environment: line 560: pop_var_context: head of shell_variables not a function context"
REFUSED = (
    "dpkg: dependency problems prevent removal of libcuda1:amd64:",
    " libnvcuvid1:amd64 depends on libcuda1 (= 550.163.01-2).",
    "",
    "dpkg: error processing package libcuda1:amd64 (--purge):",
    " dependency problems - not removing",
    "Errors were encountered while processing:",
    " libcuda1:amd64",
)
WHY = f"{REFUSED[0]} {REFUSED[1].strip()}"


def test_a_refusal_of_dpkg_is_told_in_its_own_words() -> None:
    assert reason((*REFUSED, OF_BASH)) == WHY
    assert reason((*REFUSED, "E: Sub-process /usr/bin/dpkg returned an error code (1)")) == WHY


def test_a_refusal_of_rpm_is_told_with_its_reason() -> None:
    said = ("error: Failed dependencies:", "\tlibcuda.so.1()(64bit) is needed by (installed) app-1-1.x86_64")
    assert reason(said) == " ".join(line.strip() for line in said)


def test_what_failed_after_dpkg_is_told_instead() -> None:
    assert reason((*REFUSED, "modprobe: FATAL: Module nvidia not found")) == "modprobe: FATAL: Module nvidia not found"


def test_bash_is_quoted_where_it_names_the_fault() -> None:
    missing = "gpusetup-one: line 12: akmods: command not found"
    assert reason(("working", missing, "", OF_BASH)) == missing
    assert reason((OF_BASH, "")) == ""
