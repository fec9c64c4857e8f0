"""Optimisers step by step from given gradients: groups, L2, amsgrad, maximising, beyond step 1,000, on rows, resumed.

Bound: running error analysis of the published rule (Higham 2002, section 3.3), over all steps; rates and decays are
exact in binary.
"""

from __future__ import annotations

from checks.operations.families.optimiser import clipping, rows, schedules, stepping

CASES = (*stepping.CASES, *rows.CASES, *clipping.CASES, *schedules.CASES)
