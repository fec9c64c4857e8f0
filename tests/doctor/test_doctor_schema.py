"""The published schemas hold for every report and every machine of the tests, and refuse what is neither."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gpusetup.doctor.diagnosis import diagnose
from gpusetup.doctor.examine import examine
from gpusetup.doctor.finding import Report
from gpusetup.doctor.outcome.comparison import Examination, changes
from gpusetup.doctor.registry import all_rules
from gpusetup.machine.model import Machine
from gpusetup.value import schema, to_json
from tests.doctor.machines import HOSTS, cases, machine
from tests.support import Run, drawn

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    import jsonschema  # takes seconds to load: each test does it for itself

RULES = all_rules().values()
CASES = [case.fires for case in cases()]
EVERY = [*map(machine, HOSTS), *drawn("reports held to the schema", CASES, len(CASES) // 3)]


def report(host: Machine) -> Report:
    return diagnose(host, list(RULES))


def published(command: str, gpusetup: Run) -> jsonschema.Draft202012Validator:
    import jsonschema

    done = gpusetup(command, "--schema")
    assert (done.returncode, done.stderr) == (0, "")
    said: dict[str, Any] = json.loads(done.stdout)
    jsonschema.Draft202012Validator.check_schema(said)
    return jsonschema.Draft202012Validator(said)


def test_every_report_is_as_the_schema_says(gpusetup: Run) -> None:
    validator = published("doctor", gpusetup)
    seen: set[str] = set()
    for host in EVERY:
        said = json.loads(to_json(report(host)))
        # most findings are alike on all hosts, and each is looked at once
        new = {json.dumps(one): one for one in said["findings"]}
        validator.validate(said | {"findings": [new[text] for text in new.keys() - seen]})
        seen |= new.keys()


def test_every_machine_is_as_the_schema_says(gpusetup: Run) -> None:
    validator = published("detect", gpusetup)
    for host in EVERY[:60]:
        validator.validate(json.loads(to_json(host)))


def test_this_machine_and_its_report_are_as_the_schemas_say(gpusetup: Run) -> None:
    published("detect", gpusetup).validate(json.loads(gpusetup("detect").stdout))
    published("doctor", gpusetup).validate(json.loads(gpusetup("doctor", "--json").stdout))


def test_an_observation_is_as_its_schema_says() -> None:
    import jsonschema

    before, after = (
        examine(host, RULES) for host in (machine(), machine("desktop", {"gpus": {"0": {"temperature": 120}}}))
    )
    seen = Examination(at="2026-11-22T05:00:00Z", verdict="1 warning", changes=changes(before, after))
    jsonschema.validate(json.loads(to_json(seen)), schema(Examination))


@pytest.mark.parametrize(
    "change", [{"state": "fine"}, {"rule": 5}, {"more": "than there is"}, {"evidence": "not a list"}]
)
def test_what_is_no_report_is_refused(change: dict[str, Any], gpusetup: Run) -> None:
    import jsonschema

    wrong = json.loads(to_json(report(machine())))
    wrong["findings"][0] |= change
    with pytest.raises(jsonschema.ValidationError):
        published("doctor", gpusetup).validate(wrong)
