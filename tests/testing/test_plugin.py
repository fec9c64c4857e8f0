"""The pytest plugin, as its users run it: what passes, what fails and with which words."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy.random  # noqa: F401 - once in this process: pytester forgets what its own runs have imported
import pytest

import gpusetup.determinism.switching
import gpusetup.testing.marked  # noqa: F401
from gpusetup.repro import axes
from gpusetup.testing.places import baseline_path, stem_of

BASELINE = """
    import pytest
    @pytest.mark.parametrize("rate", [0.5, 0.25])
    def test_loss(rate, assert_close_to_baseline):
        assert_close_to_baseline({"loss": VALUE * rate, "name": "sgd"})
        assert_close_to_baseline([1, 2], "steps")
"""


def test_a_test_that_repeats_passes_in_fresh_processes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import os, pytest
        @pytest.mark.reproducible
        def test_sum(tmp_path):
            open("ran", "a").write(f"{os.getpid()} ")
            return {"sum": sum(range(10)), "where": tmp_path.name}
    """)
    pytester.runpytest_inprocess("-n0").assert_outcomes(passed=1)
    assert len(set((pytester.path / "ran").read_text().split())) == 3


@pytest.fixture
def _two_axes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave two of the axes: each is a further run, and tests/repro has them all."""
    for name in ("hash-seed", "python-random"):
        shutil.copy(axes.FOLDER / f"{name}.toml", tmp_path)
    monkeypatch.setattr(axes, "FOLDER", tmp_path)
    axes.axes.cache_clear()
    yield
    axes.axes.cache_clear()


@pytest.mark.usefixtures("_two_axes")
def test_an_order_that_differs_between_processes_is_found_and_named(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import pytest
        class TestOrder:
            @pytest.mark.reproducible
            def test_order(self):
                return list({f"name {number}" for number in range(40)})
    """)
    result = pytester.runpytest_inprocess("-n0")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*TestOrder::test_order: fresh processes give different results", "*first at *"])
    result.stdout.fnmatch_lines(["*cause: it depends on the hashes of strings*", "*do: sort the set*"])
    assert "Traceback" not in result.stdout.str()


def test_a_test_that_fails_in_its_own_process_alone_says_what_it_said(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import os, pytest
        @pytest.mark.reproducible
        def test_alone():
            assert "_GPUSETUP_TEST_RESULT" not in os.environ, "only together"
            return 1
    """)
    result = pytester.runpytest_inprocess("-n0")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*cannot compare fresh processes: *", "*only together*"])


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("@pytest.mark.reproducible(fresh=False)\ndef test_it():\n    return random.random()",
         "*cause: it depends on Python's random module*"),
        ("def test_it(assert_reproducible):\n    assert_reproducible(numpy.random.rand, 3)",
         "*cause: it depends on a generator of NumPy*"),
        ("def test_it(assert_reproducible):\n    assert_reproducible(itertools.count().__next__)",
         "*differs too with every generator seeded*"),
        ("def test_it(assert_reproducible):\n    assert_reproducible(lambda: None)", "*nothing to compare*"),
        ("def test_it(assert_reproducible):\n    assert_reproducible(lambda: [object()])", "*object, which cannot be*"),
        ("@pytest.mark.reproducible\ndef test_it():\n    pass", "*nothing to compare*"),
        ("@pytest.mark.reproducible(runs=1)\ndef test_it():\n    return 1", "*two runs are the fewest*"),
        ("@pytest.mark.reproducible(seeds=1)\ndef test_it():\n    return 1", "*does not take seeds*"),
        ("@pytest.mark.reproducible(3)\ndef test_it():\n    return 1", "*does not take 3*"),
        ("@pytest.mark.reproducible(deadline='x')\ndef test_it():\n    return 1", "*deadline='x'*"),
        ("@pytest.mark.reproducible(seed=-1)\ndef test_it():\n    return 1", "*-1 is not a seed*"),
        ("def test_it(assert_reproducible):\n    assert_reproducible(lambda: 1, seed=True)", "*True is not a seed*"),
    ],
)  # fmt: skip
def test_what_does_not_repeat_fails_with_its_cause(body: str, says: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(f"import itertools, random, numpy, pytest\n{body}")
    result = pytester.runpytest_inprocess("-n0")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([says])
    assert "gpusetup/testing" not in result.stdout.str()  # no traceback of ours


@pytest.mark.parametrize("damage", [b"", b"\x80\x05pickle", b"\xff" * 100])
def test_a_damaged_baseline_is_one_line(damage: bytes, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it="def test_it(assert_close_to_baseline):\n    assert_close_to_baseline(1.0)")
    pytester.mkdir("test_it").joinpath("test_it.safetensors").write_bytes(damage)
    result = pytester.runpytest_inprocess("-n0")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*test_it.safetensors is not a baseline: *"])
    assert "gpusetup/testing" not in result.stdout.str()
    pytester.runpytest_inprocess("-n0", "--gpusetup-update").assert_outcomes(passed=1)
    pytester.runpytest_inprocess("-n0").assert_outcomes(passed=1)


def test_what_repeats_once_it_is_seeded_passes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import random, numpy
        def test_seeded(assert_reproducible):
            assert assert_reproducible(lambda: [random.random(), numpy.random.rand(2)], seed=3, runs=3)
        def test_fixture(deterministic):
            assert "random.seed(0)" in deterministic.done
    """)
    pytester.runpytest_inprocess("-n0").assert_outcomes(passed=2)


def test_a_baseline_is_missing_then_written_then_compared(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=BASELINE.replace("VALUE", "1.0"))
    missing = pytester.runpytest_inprocess("-n0")
    missing.assert_outcomes(failed=2)
    missing.stdout.fnmatch_lines(["*there is no baseline test_loss-0_5*.safetensors: write it with*--gpusetup-update*"])
    written = pytester.runpytest_inprocess("-n0", "--gpusetup-update")
    written.assert_outcomes(passed=2)
    written.stdout.fnmatch_lines(["gpusetup: 4 baselines written*"])
    before = {path: path.read_bytes() for path in (pytester.path / "test_it").iterdir()}
    again = pytester.runpytest_inprocess("-n0", "--gpusetup-update")
    assert "baselines written" not in again.stdout.str()
    assert {path: path.read_bytes() for path in (pytester.path / "test_it").iterdir()} == before
    pytester.runpytest_inprocess("-n0").assert_outcomes(passed=2)


def test_a_result_that_is_not_the_baseline_s_fails_with_place_and_distance(pytester: pytest.Pytester) -> None:
    test = pytester.makepyfile(test_it=BASELINE.replace("VALUE", "1.0"))
    pytester.runpytest_inprocess("-n0", "--gpusetup-update").assert_outcomes(passed=2)
    test.write_text(test.read_text().replace("1.0", "1.0000000001"))
    pytester.runpytest_inprocess("-n0").assert_outcomes(passed=2)
    test.write_text(test.read_text().replace("1.0000000001", "1.25"))
    failed = pytester.runpytest_inprocess("-n0")
    failed.assert_outcomes(failed=2)
    failed.stdout.fnmatch_lines(["*not that of its baseline*", "*worst at loss*", "*now: *0.625", "*baseline: *0.5"])
    failed.stdout.fnmatch_lines(["*nothing that is known of the environment has changed*"])
    test.write_text(test.read_text().replace("sgd", "adam").replace("1.25", "1.0"))
    pytester.runpytest_inprocess("-n0").stdout.fnmatch_lines(["*worst at name*", "*adam", "*sgd"])


def test_a_changed_environment_is_named_first(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    test = pytester.makepyfile(test_it=BASELINE.replace("VALUE", "1.0"))
    monkeypatch.setenv("MKL_CBWR", "AVX2")
    pytester.runpytest_inprocess("-n0", "--gpusetup-update").assert_outcomes(passed=2)
    test.write_text(test.read_text().replace("1.0", "2.0"))
    monkeypatch.delenv("MKL_CBWR")
    pytester.runpytest_inprocess("-n0").stdout.fnmatch_lines(["*changed since: mkl_cbwr: AVX2 -> *"])


def test_baselines_that_no_test_uses_are_named(pytester: pytest.Pytester) -> None:
    test = pytester.makepyfile(test_it=BASELINE.replace("VALUE", "1.0"))
    pytester.runpytest_inprocess("-n0", "--gpusetup-update").assert_outcomes(passed=2)
    test.write_text(test.read_text().replace("0.25]", "0.125]").replace('[1, 2], "steps"', '[1, 2], "step"'))
    shown = pytester.runpytest_inprocess("-n0", "--gpusetup-update").stdout.str()
    assert "3 baselines written" in shown
    assert "4 baselines that no test uses" not in shown, shown
    assert "3 baselines that no test uses" in shown
    assert shown.count("test_loss-0_25") == 2
    alone = pytester.runpytest_inprocess("-n0", "test_it.py::test_loss[0.5]").stdout.str()
    assert "1 baseline that no test uses" in alone


def test_it_works_with_xdist(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=BASELINE.replace("VALUE", "1.0"))
    result = pytester.runpytest_subprocess("-n2", "--gpusetup-update")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["gpusetup: 4 baselines written*"])


def test_one_file_cannot_be_asked_for_twice(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        def test_it(assert_close_to_baseline):
            assert_close_to_baseline(1.0)
            assert_close_to_baseline(2.0)
        def test_name(assert_close_to_baseline):
            assert_close_to_baseline(1.0, "../x")
    """)
    result = pytester.runpytest_inprocess("-n0", "--gpusetup-update")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*asked for twice*", "*'../x' cannot name a baseline*"])


def test_no_test_without_it_notices_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("""
        import sys
        def test_quiet():
            mine = [name for name in sys.modules if name.startswith("gpusetup.") and "plugin" not in name]
            assert mine == ["gpusetup.testing"], mine
    """)
    result = pytester.runpytest_subprocess("-n0")
    result.assert_outcomes(passed=1)
    assert "gpusetup:" not in result.stdout.str()


def test_two_tests_never_share_a_file(tmp_path: Path) -> None:
    names = ["test_a", "test_a[1]", "test_a[1-2]", "test_a[1/2]", "test_a[1 2]", "TestX::test_a", f"test_{'a' * 300}"]
    assert len({stem_of(name) for name in names}) == len(names)
    path = baseline_path(tmp_path / "test_x.py", "test_a", "loss")
    assert path == tmp_path / "test_x/test_a.loss.safetensors"
