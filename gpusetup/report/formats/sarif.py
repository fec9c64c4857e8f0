"""SARIF 2.1.0, which code scanning shows; a finding at no line of a file is about a subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gpusetup.text import neutral

if TYPE_CHECKING:
    from gpusetup.report.formats.outcome import Outcome, Outcomes

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"failed": "error", "warning": "warning", "unknown": "none", "info": "note"}


def sarif(found: Outcomes) -> str:
    """Return a run with each rule that found something.

    What a rule cannot check is open for review and no failure (SARIF 3.27.9), and what is silenced a suppressed one.
    """
    from gpusetup.value import to_json  # for this format alone

    told = [one for one in found.rows if one.state in LEVELS or one.silenced]
    rules = {one.rule: one for one in told}
    index = {name: number for number, name in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": found.program,
                "version": found.version,
                "rules": [_rule(one) for one in rules.values()],
            }
        },
        "results": [_result(one, index[one.rule]) for one in told],
        "properties": found.properties,
    }
    return to_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(one: Outcome) -> dict[str, object]:
    rule: dict[str, object] = {"id": one.rule, "name": one.slug or one.rule}
    return rule | {"help": {"text": one.help}} if one.help else rule


def _result(one: Outcome, index: int) -> dict[str, object]:
    said = "; ".join(map(neutral, [one.message, *one.details]))
    result: dict[str, object] = {
        "ruleId": one.rule,
        "ruleIndex": index,
        "message": {"text": f"{neutral(one.subject)}: {said}"},
        "locations": [_location(one)],
    }
    if one.silenced:
        return result | {"level": "note", "suppressions": [{"kind": "external", "justification": one.silenced}]}
    kinds = {"failed": "fail", "warning": "fail", "unknown": "open"}
    kind = {"kind": kinds[one.state]} if one.state in kinds else {}
    return result | kind | {"level": LEVELS[one.state]}


def _location(one: Outcome) -> dict[str, object]:
    named: dict[str, object] = {"logicalLocations": [{"name": neutral(one.subject), "kind": "resource"}]}
    if not one.path:
        return named
    region = {"region": {"startLine": one.line}} if one.line else {}
    return named | {"physicalLocation": {"artifactLocation": {"uri": neutral(one.path)}} | region}
