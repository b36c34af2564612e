"""The one table of tolerances: every number that verify allows, with its reason."""

from __future__ import annotations

import math

from xlsgd.base.errors import SpecError
from xlsgd.report.compare import Tolerance

__all__ = ["HORIZON", "TOLERANCES", "tolerances"]

TOLERANCES = {
    "step": Tolerance(
        1e-12, 1e-300, "one step from the same numbers: a few roundings; 1e-300 for denormals"
    ),
    "run": Tolerance(
        1e-9, 1e-300, "hundreds of steps: what rounding does beyond it, the ensemble shows"
    ),
    "stored": Tolerance(
        1e-12, 1e-300, "LibreOffice stores 15 digits, and programs differ in the last bit of x^2"
    ),
}

HORIZON = 1e-6
"""Where the ensemble's weights stray by more than this share, a run counts as unpredictable."""


def tolerances(rtol: float | None = None, atol: float | None = None) -> dict[str, Tolerance]:
    """Return the tolerance of every check, all replaced if rtol and atol are given.

    Raises SpecError if only one of them is given or one makes no sense.
    """
    if rtol is None and atol is None:
        return TOLERANCES
    if rtol is None or atol is None:
        raise SpecError("rtol and atol belong together: give both or none")
    for name, value in (("rtol", rtol), ("atol", atol)):
        if not (math.isfinite(value) and value >= 0):
            raise SpecError(f"{name}: got {value:g}, need a number of 0 or more")
    return dict.fromkeys(TOLERANCES, Tolerance(rtol, atol, "given by the user"))
