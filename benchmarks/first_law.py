"""Every rule on every host of the doctor's tests, with each reading and each fact removed in turn.

``python benchmarks/first_law.py [SHARE [SLICE]]``. The tests put every rule to the question on the healthy hosts, and
each rule on the hosts of its own cases; this puts every rule on all of them, and prints how much was asked and which
exceptions the rules declare. SHARE (default 1) takes every n-th case, beginning with the SLICE-th (default 0): 0 to
n - 1 are all of them. A question that would be the same step for step as one before is counted and not repeated.
Exits 1 when a rule reported "ok" without a reading or fact that it needs.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the instrument lives beside the tests

from gpusetup.doctor.image import rules_for
from gpusetup.doctor.registry import all_rules
from tests.doctor.asked_before import AskedBefore
from tests.doctor.first_law import Tally, WatchedFacts, question, question_facts
from tests.doctor.machines import HOSTS, cases, machine
from tests.doctor.test_doctor_image import cases as image_cases
from tests.doctor.watched import Watcher


def main(share: int = 1, part: int = 0) -> int:
    """Run the campaign and print its figures."""
    rules, tally, tables, before = list(all_rules().values()), Tally(), WatchedFacts(), AskedBefore()
    hosts = [machine(name) for name in HOSTS]
    hosts += [host for case in cases()[part::share] for host in (case.fires, case.quiet)]
    pairs = [pair for case in image_cases() for pair in ((case.machine, case.image), case.quiet)]
    asked = [(host, rules) for host in hosts] + [(host, rules_for(image)) for host, image in pairs]
    for number, (host, some) in enumerate(asked):
        watcher = Watcher(host)
        for one in some:
            question(one, watcher, host, tally, before if number < len(hosts) else None)  # an image is asked too
        if sys.stderr.isatty() or number % 20 == 0:
            said = f"{number} of {len(asked)} hosts: {tally.examinations} examinations, {tally.same} of them the same"
            breaches = sorted({one.rule for one in tally.breaches})
            print(f"{said}; {tally.substitutions} substitutions, breaches: {breaches}", file=sys.stderr, flush=True)
    with tables.installed():
        for host, some in [*asked[: len(HOSTS)], *asked[len(hosts) :]]:
            for one in some:
                question_facts(one, host, tally, tables)
        for case in cases()[part::share]:
            for host in (case.fires, case.quiet):
                question_facts(all_rules()[case.rule], host, tally, tables)
    print(f"{len(rules)} rules and {len(rules_for(pairs[0][1]))} over images, on {len(asked)} hosts")
    print(f"{tally.examinations} examinations, {tally.same} of them the same as one before")
    print(f"{tally.readings} readings and {tally.facts} facts were asked for")
    print(f"{tally.substitutions} substitutions, {tally.waived} of them declared by the rule")
    reasons: dict[str, set[str]] = {}
    for rule, reason in tally.reasons:
        reasons.setdefault(reason, set()).add(rule)
    print(f"{len(reasons)} reasons, given by {len({rule for rule, _ in tally.reasons})} rules:")
    for reason, named in sorted(reasons.items(), key=lambda one: -len(one[1])):
        print(f"  {len(named):3} rules: {reason}")
    for breach in sorted(set(tally.breaches)):
        print(f"BREACH {breach.rule}, {breach.subject}: well without {breach.what} ({breach.instead})")
    return 1 if tally.breaches else 0


if __name__ == "__main__":
    sys.exit(main(*(int(one) for one in sys.argv[1:3])))
