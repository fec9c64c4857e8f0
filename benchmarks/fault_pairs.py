"""python -m benchmarks.fault_pairs [COUNT [SEED]]: which finding each of two faults on one host hides of the other.

Prints how often each rule was folded under each cause, and whether its own declarations allow it; exits 1 where one
does not. Without COUNT all pairs are looked at, which takes some minutes.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the cases lie beside the tests

from tests.doctor.fault_pairs import fault_pairs, hidden, is_allowed


def main() -> int:
    pairs = list(fault_pairs())
    asked = [int(one) for one in sys.argv[1:]]
    random.Random(asked[1] if len(asked) > 1 else 0).shuffle(pairs)
    found = [hidden(*pair) for pair in pairs[: asked[0] if asked else None]]
    folded = Counter((one.cause, one.rule, is_allowed(one)) for some in found for one in some or ())
    for (cause, rule, allowed), times in sorted(folded.items()):
        print(f"{times:6} {rule} under {cause}{'' if allowed else '  NOT ALLOWED'}")
    print(f"{len(found)} pairs, {sum(one is None for one in found)} of them cannot be laid over each other")
    return 0 if all(allowed for _, _, allowed in folded) else 1


if __name__ == "__main__":
    sys.exit(main())
