"""Known harmless differences between spreadsheet programs, each a rule with its reason.

No tolerance is widened for all. An engine says which habits its program has; a rule looks only at
cells that differ in a program with such a habit, and says whether the habit explains it. What a
rule explains is counted as harmless, with the rule's name, and not as a difference.

One more difference is harmless everywhere and needs no rule here: the names of errors. What is not
finite is of one kind, however a program calls it; see ``xlsgd.report.compare``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from xlsgd.engines import (
    EQUAL_BY_EPSILON,
    ERRORS_LEFT_OUT,
    FIFTEEN_DIGITS,
    MORE_DIGITS,
    NEAR_ZERO,
)
from xlsgd.report.compare import Tolerance
from xlsgd.report.report import Difference, RunVerdict
from xlsgd.verdict.rules import BEYOND, TRENDS

__all__ = ["RULES", "Circumstances", "Rule", "explosion", "rule_of"]

CUT = 0.5e-14 / 2**-52
"""By how many units in the last place a number saved with 15 digits can be off: 22.5."""

SNAPPED = 2**4
"""Below how many units in the last place of the operands LibreOffice makes a difference 0."""

BLURRED = 1e-3
"""Where rounding alone moves grad_diff, a share between 0 and 1, by more, it says nothing."""

EPSILON = 2.0**-52
"""Below which difference IronCalc takes two numbers for equal."""

_DONE, _ON_ITS_WAY = ("converged", "standing still"), ("converging", "converging slowly")
_FIRST_STEPS = ("not_finite_at", "frozen_since", "not_finite_step")
"""Since when something is so: a step, or 0 for never."""
_OF_AN_EPOCH = (
    *("mean_loss", "rmse", "change", "lowest"),
    *("last_loss", "last_rmse", "last_change", "lowest_loss", "loss_left", "pace"),
)
"""What follows from the mean loss of an epoch, in the table of epochs and beside it."""
_LATE_CLAUSES = re.compile("; (numerical derivative frozen|no number) since step ([0-9]+)")


@dataclass(frozen=True)
class Circumstances:
    """What a rule may know besides the cell.

    habits: those of the program.   tolerance: of every check.
    exploded: the step since which the run of this tab has exploded, as sheet and torch both say;
        of a tab that shows several runs the earliest such step. None if there is none.
    steps: how many the run has, None of a tab that shows several.
    chart_limit: how far from 0 the tab's charts draw a weight, None of a tab without weights.
    least_loss: the lowest mean loss of an epoch, as torch has it; of a tab that shows several runs
        the lowest of all. None if it is not known.
    """

    habits: frozenset[str]
    tolerance: Mapping[str, Tolerance]
    exploded: int | None
    steps: int | None = None
    chart_limit: float | None = None
    least_loss: float | None = None

    def rounding(self, found: Difference) -> float:
        """Return the part of what is allowed that stands for rounding."""
        tolerance = self.tolerance.get(found.check)
        if tolerance is None or found.allowed is None or not isinstance(found.torch_value, float):
            return 0.0
        return max(0.0, found.allowed - tolerance.around(found.torch_value))


@dataclass(frozen=True)
class Rule:
    """habits: programs with one of these are looked at.   words: the rule.   reason: why it is so.

    explains: whether it explains a cell that differs.
    """

    name: str
    habits: frozenset[str]
    words: str
    reason: str
    explains: Callable[[Difference, Circumstances], bool]


def rule_of(found: Difference, circumstances: Circumstances) -> str | None:
    """Return the name of the rule that explains a difference, None if it is a real one."""
    for rule in RULES:
        if rule.habits & circumstances.habits and rule.explains(found, circumstances):
            return rule.name
    return None


def explosion(verdict: RunVerdict) -> int | None:
    """Return the step at which a run exploded, if sheet and torch say the same of that."""
    if verdict.kind != "exploded" or verdict.step is None:
        return None
    sheet, torch = (_early(text, verdict.step) for text in (verdict.sheet, verdict.torch))
    return verdict.step if sheet == torch else None


def _early(text: object, exploded: int) -> str:
    """Return a verdict without what happened after the explosion."""
    return _LATE_CLAUSES.sub(lambda m: "" if int(m[2]) >= exploded else m[0], str(text))


def _numbers(found: Difference) -> bool:
    values = (found.sheet_value, found.torch_value)
    return all(isinstance(value, float) and math.isfinite(value) for value in values)


def _has_number_alone(found: Difference) -> bool:
    """Return whether the sheet has a number where torch has none."""
    sheet, torch = found.sheet_value, found.torch_value
    none = torch == BEYOND or (isinstance(torch, float) and not math.isfinite(torch))
    return isinstance(sheet, float) and none


def _cut(found: Difference, circumstances: Circumstances) -> bool:
    if not _numbers(found) or found.off is None or found.allowed is None:
        return False
    return found.off <= found.allowed + (CUT - 1) * circumstances.rounding(found)


def _snapped(found: Difference, circumstances: Circumstances) -> bool:
    if not _numbers(found) or found.sheet_value != 0.0 or found.off is None:
        return False
    return found.off <= SNAPPED * circumstances.rounding(found)


def _wider(found: Difference, circumstances: Circumstances) -> bool:
    sheet, torch = found.sheet_value, found.torch_value
    if not _since_explosion(found, circumstances):
        return False
    # A chart shows what is no number at its upper edge, and a weight far below 0 at its lower one.
    edge = circumstances.chart_limit
    other_edge = edge is not None and (sheet, torch) == (-edge, edge)
    return (other_edge and found.quantity.startswith("plot.")) or _has_number_alone(found)


def _since_explosion(found: Difference, circumstances: Circumstances) -> bool:
    exploded = circumstances.exploded
    return exploded is not None and (found.step is None or found.step >= exploded)


def _late(found: Difference, circumstances: Circumstances) -> bool:
    if found.check == "pattern" or not _since_explosion(found, circumstances):
        return False
    sheet, torch, exploded = found.sheet_value, found.torch_value, circumstances.exploded
    assert exploded is not None
    if isinstance(sheet, str) and isinstance(torch, str):
        return sheet.startswith("exploded") and _early(sheet, exploded) == _early(torch, exploded)
    if not (isinstance(sheet, float) and isinstance(torch, float)):
        return False
    if found.quantity.startswith("grad_diff."):
        return circumstances.rounding(found) > BLURRED
    # What the sheet says must be possible: of a step after the explosion, and none to come.
    last = min((n for n in (found.step, circumstances.steps) if n is not None), default=math.inf)
    claims = [sheet, torch]
    if found.quantity == "derivative_alive":
        return all(n.is_integer() and exploded - 1 <= n <= last for n in claims)
    if found.quantity in _FIRST_STEPS:
        return all(n == 0 or (n.is_integer() and exploded <= n <= last) for n in claims)
    return False


def _left_out(found: Difference, circumstances: Circumstances) -> bool:
    if found.check == "pattern" or not _since_explosion(found, circumstances):
        return False
    sheet, torch = found.sheet_value, found.torch_value
    if found.quantity == "trend":
        return torch == "not finite" and sheet in TRENDS
    quantity = found.quantity.partition(".")[0]
    if quantity == "rises":
        return isinstance(sheet, float) and isinstance(torch, float) and sheet - torch == 1
    return quantity in _OF_AN_EPOCH and _has_number_alone(found) and sheet != math.inf


def _equal_to_nothing(found: Difference, circumstances: Circumstances) -> bool:
    least = circumstances.least_loss
    sheet, torch, quantity = found.sheet_value, found.torch_value, found.quantity
    if least is None or not 0 < least < EPSILON or found.check == "pattern":
        return False
    if quantity in ("trend", "verdict"):
        said, known = (str(each).partition(";") for each in (sheet, torch))
        return said[0] in _DONE and known[0] in _ON_ITS_WAY and said[1:] == known[1:]
    if not (isinstance(sheet, float) and isinstance(torch, float)):
        return False
    if quantity in ("change", "last_change"):
        return sheet == 0 and -1 <= torch < math.inf
    return quantity in ("falls", "rises") and sheet.is_integer() and 0 <= sheet < torch


RULES = (
    Rule(
        "fifteen digits",
        frozenset({FIFTEEN_DIGITS}),
        f"The part of what is allowed that stands for rounding counts {CUT:.1f} times.",
        "A number saved with 15 digits is off by up to half a unit of its 15th digit, which is "
        f"{CUT:.1f} units in the last place of a float64. What torch calculates from it strays as "
        "much further; the ensemble is moved by one unit.",
        _cut,
    ),
    Rule(
        "near zero",
        frozenset({NEAR_ZERO}),
        "The sheet has 0, and torch a number no larger than 16 times what rounding explains.",
        "Where two numbers agree but for the last four bits, the program makes their difference 0.",
        _snapped,
    ),
    Rule(
        "after the explosion",
        frozenset({FIFTEEN_DIGITS, NEAR_ZERO, MORE_DIGITS}),
        "From the step on at which sheet and torch say that the run has exploded, these may "
        "differ: `derivative_alive`, `not_finite_at`, `frozen_since`, `not_finite_step`, "
        f"`grad_diff` where rounding explains more than {BLURRED:g} of it, and in a verdict "
        "“numerical derivative frozen since step …” and “no number since step …”; the steps that "
        "they name are steps of the run, from the explosion on.",
        "When a weight is so large that weight + h rounds to it, and when numbers end, is up to "
        "the last digit, and these programs have other last digits. That it exploded is not, nor "
        "when.",
        _late,
    ),
    Rule(
        "wider range",
        frozenset({MORE_DIGITS}),
        "From the step on at which sheet and torch say that the run has exploded, the sheet may "
        "have a number where torch has none, and a chart column the lower edge of the chart "
        "where torch has the upper one.",
        "Where float64 ends at 1.8e308 and infinity − infinity is no number, this program goes on "
        "to 1e4932, and its differences are numbers.",
        _wider,
    ),
    Rule(
        "errors left out",
        frozenset({ERRORS_LEFT_OUT}),
        "Where sheet and torch say that the run has exploded, these may be numbers where torch has "
        f"none: {', '.join(f'`{name}`' for name in _OF_AN_EPOCH)}; and `rises` may be 1 "
        "more, and `trend` another word than “not finite”.",
        "In the epoch in which numbers end, some losses are numbers and the others errors. The "
        "program's AVERAGEIF is the mean of the former, and what follows from it a number.",
        _left_out,
    ),
    Rule(
        "equal to nothing",
        frozenset({EQUAL_BY_EPSILON}),
        "Where the mean loss comes below 2⁻⁵² = 2.2·10⁻¹⁶ without being 0, `change` and "
        "`last_change` may be 0, `falls` and `rises` fewer, and the word of the trend “converged” "
        "or “standing still” where torch has “converging”.",
        "The program takes numbers that are less than 2⁻⁵² apart for equal, so such a loss is 0 "
        "to it, and what is 0 has nowhere to fall.",
        _equal_to_nothing,
    ),
)
"""In the order in which they are asked; the first that explains a cell gives its name."""
