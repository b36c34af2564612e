"""The functions of the lessons in every engine, at usual and at extreme arguments, against Python.

What an engine has otherwise stands in ELSEWHERE, and in docs/engines.md: a formula that a lesson
writes must do without it, or be known to differ there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engines.test_programs import CALCULATING, book_file, values
from xlsgd.base.cells import CellError, Scalar, Uncomputed, column_letters
from xlsgd.engines import get_engine

pytestmark = pytest.mark.every

ARGUMENTS = (
    *(
        0.0,
        1.0,
        -1.0,
        0.5,
        -0.5,
        0.1,
        2.5,
        -2.5,
        3.0,
        7.25,
        10.0,
        -20.0,
        25.0,
        -37.5,
        100.0,
        -100.0,
    ),
    *(1e-5, -1e-5, 1e-9, 2e-16, 1e-17, -1e-17, 1e-300, -1e-300, -700.0, -708.0, 709.0, 709.78),
    *(710.0, -740.0, -800.0, 1000.0, 1e15, 1e22, -1e22, 1e155, -1e155, 1e200, -1e300, 1.7e308),
)

Real = Callable[[float], float]


def _chi(x: float) -> float:
    return math.erfc(math.sqrt(x / 2))  # an error below 0, as in Excel


def _sign(x: float) -> float:
    return float((x > 0) - (x < 0))


FUNCTIONS: dict[str, Real] = {
    "EXP(~)": math.exp,
    "TANH(~)": math.tanh,
    "ATANH(~)": math.atanh,
    "CHIDIST(~,1)": _chi,
    "SIGN(~)": _sign,
    "ABS(~)": abs,
    "SQRT(~)": math.sqrt,
    "COS(~)": math.cos,
    "LN(~)": math.log,
    "PI()*~": lambda x: x * math.pi,
    "MAX(0,~)": lambda x: max(0.0, x),
    "MIN(0,~)": lambda x: min(0.0, x),
    "POWER(~,2)": lambda x: x * x,
    "POWER(0.9,~)": lambda x: math.pow(0.9, x),
    "~^2": lambda x: x * x,
    "~*~": lambda x: x * x,
    "1/~": lambda x: 1 / x,
    "EXP(~*LN(0.9))": lambda x: math.exp(x * math.log(0.9)),
    "IF(~>0,1,0)": lambda x: float(x > 0),
    "IF(SIGN(~)>0,1,0)": lambda x: float(x > 0),
    "SUMPRODUCT((A$1:A$3=~)*B$1:B$3)": lambda x: {0.0: 5.0, 1.0: 6.0, -1.0: 7.0}.get(x, 0.0),
    "INDEX(B$1:B$3,2,1)+0*~": lambda x: 6.0,
    "INDEX(B$2:B$2,1,1)+0*~": lambda x: 6.0,
    "~+1-1": lambda x: x + 1 - 1,
    "~^0": lambda x: 1.0 if x else math.nan,  # an error for 0, as in Excel
    "SUMSQ(~,1)": lambda x: x * x + 1,
}

DIGITS = {"CHIDIST(~,1)": 1e-13, "COS(~)": 1e-14} | dict.fromkeys(
    ("EXP(~)", "POWER(0.9,~)", "EXP(~*LN(0.9))"), 3e-14
)
"""How exact they are in all engines, relative; 5e-15 those that are not named."""

NO_SMALLER = 2.3e-308
"""Below it a program may have 0: numbers that have no more 53 bits."""

LARGE = {x for x in ARGUMENTS if abs(x) >= 1e15}
TINY = {x for x in ARGUMENTS if 0 < abs(x) < 1e-15}

ELSEWHERE: dict[tuple[str, str], set[float]] = {
    # 0^0 is 1.
    **{(name, "~^0"): {0.0} for name in ("formulas", "formualizer", "hyperformula", "libreoffice")},
    # What is below 2.2e-16 is taken for 0 where it is compared.
    ("ironcalc", "IF(~>0,1,0)"): {x for x in TINY if x > 0},
    ("ironcalc", "SUMPRODUCT((A$1:A$3=~)*B$1:B$3)"): TINY,
    # Angles are refused that are too large to have one.
    ("formulon", "COS(~)"): LARGE,
    ("libreoffice", "COS(~)"): LARGE - {1e15},
    ("gnumeric", "COS(~)"): LARGE - {1e15, 1e22, -1e22},
    # Below 0 the distribution is 1. HyperFormula's has 9 digits and ends early; LibreOffice has
    # none of very large numbers.
    ("libreoffice", "CHIDIST(~,1)"): {x for x in ARGUMENTS if x < 0 or x >= 1e155},
    ("gnumeric", "CHIDIST(~,1)"): {x for x in ARGUMENTS if x < 0},
    ("hyperformula", "CHIDIST(~,1)"): {
        x for x in ARGUMENTS if x < 0 or x in (2.5, 3.0, 25.0) or 100 <= x <= 1000
    },
    # A power that is too small for a number is an error.
    ("libreoffice", "POWER(~,2)"): {1e-300, -1e-300},
    ("libreoffice", "~^2"): {1e-300, -1e-300},
    ("libreoffice", "POWER(0.9,~)"): {x for x in LARGE if x > 0},
    # A sum that is nearly 0 is made 0; Gnumeric's has more digits.
    ("formulon", "~+1-1"): {2e-16},
    ("libreoffice", "~+1-1"): {2e-16},
    ("gnumeric", "~+1-1"): {x for x in ARGUMENTS if 0 < abs(x) <= 1e-5 and abs(x) > 1e-300},
    # An INDEX of a single cell.
    ("gnumeric", "INDEX(B$2:B$2,1,1)+0*~"): {*ARGUMENTS},
}
"""By engine and function, at which arguments it has something else."""


def expected(function: Real, x: float) -> float | None:
    """Return what Python has, None where there is no number."""
    try:
        value = function(x)
    except (ValueError, OverflowError, ZeroDivisionError):
        return None
    return value if math.isfinite(value) else None


def same(got: Scalar | Uncomputed, wanted: float | None, digits: float) -> bool:
    if wanted is None:
        return isinstance(got, CellError) or (isinstance(got, float) and not math.isfinite(got))
    if not isinstance(got, float):
        return False
    return abs(got - wanted) <= max(digits * abs(wanted), NO_SMALLER)


@pytest.mark.parametrize("name", CALCULATING)
def test_functions(name: str, tmp_path: Path) -> None:
    engine = get_engine(name)
    if (missing := engine.missing()) is not None:
        pytest.skip(f"{name}: {missing}")
    cells: dict[str, object] = {f"A{row}": x for row, x in enumerate(ARGUMENTS, start=1)}
    cells |= {"B1": 5, "B2": 6, "B3": 7}
    places = [
        (text, x, (row, column))
        for column, text in enumerate(FUNCTIONS, start=3)
        for row, x in enumerate(ARGUMENTS, start=1)
    ]
    for text, _, (row, column) in places:
        cells[f"{column_letters(column)}{row}"] = "=" + text.replace("~", f"A{row}")
    found = values(engine, book_file(tmp_path / "functions.xlsx", cells))
    others: dict[str, set[float]] = {}
    for text, x, place in places:
        if not same(found[place], expected(FUNCTIONS[text], x), DIGITS.get(text, 5e-15)):
            others.setdefault(text, set()).add(x)
    known = {text: at for (engine_name, text), at in ELSEWHERE.items() if engine_name == name}
    assert others == known
