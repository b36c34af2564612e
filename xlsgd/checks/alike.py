"""Do two formulas give the same in a trial, but for what rounding makes of numbers?"""

from xlsgd.base.cells import CellError, Uncomputed

__all__ = ["EXACT", "alike"]

CLOSE, EXACT = 1e-9, 1e-13
"""Shares by which rounding may make two numbers differ, sums and products of these being exact:
the first where something cancels, the second in nearly all trials."""

OVERFLOWING = 1e100
"""Where operands are 1e200, an error and a number above this differ in when they overflow alone."""


def alike(given: object, wanted: object, huge: bool, close: float = CLOSE) -> bool:
    """Return whether two values count as the same.   huge: whether operands are about 1e200."""
    if isinstance(given, Uncomputed) or isinstance(wanted, Uncomputed):
        return False
    failed = [isinstance(v, CellError) for v in (given, wanted)]
    if all(failed):
        return True
    if any(failed):
        number = wanted if failed[0] else given
        return huge and isinstance(number, float) and abs(number) > OVERFLOWING
    if isinstance(given, float) and isinstance(wanted, float):
        return huge or abs(given - wanted) <= close * max(abs(given), abs(wanted), 1e-300)
    return type(given) is type(wanted) and given == wanted
