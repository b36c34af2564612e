"""Columns whose rows are independent are computed all at once; no value is any different."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import numpy as np
import pytest

from tests.engines.books import calculate
from tests.engines.oracle import by_formulas, same
from xlsgd.base.cells import Book, CellError, Formula, Grid, Scalar, Uncomputed
from xlsgd.engines.fast import columns, evaluator
from xlsgd.engines.fast.column_rules import COLUMN_RULES
from xlsgd.engines.fast.kinds import NUMBER, Doubt, Written
from xlsgd.engines.fast.plans import Plan
from xlsgd.engines.fast.rules import FROM_NUMPY

LAST = 100
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 1e16, 5e-324, 1e-300, -2.5, 3.0]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Return the formulas that were tried all at once, and whether that was done."""
    tried: dict[str, bool] = {}
    original = evaluator.Evaluator.column

    def column(self: evaluator.Evaluator, plan: Plan, first: int, last: int) -> bool:
        done = original(self, plan, first, last)
        tried[str(plan.sheet.grid[first, plan.column])] = done
        return done

    monkeypatch.setattr(evaluator.Evaluator, "column", column)
    return tried


def rows_of(*formulas: str, seed: int = 0) -> tuple[Book, Grid]:
    """Return a sheet of numbers in A to D, words in E and F, and formulas from J on."""
    random = Random(seed)
    grid: Grid = {(1, 8): 3.0, (2, 8): -0.25, (3, 8): 7.0, (1, 9): "male"}
    for row in range(1, LAST + 1):
        for column in (1, 2, 3, 4):
            value = random.choice([random.uniform(-9, 9), random.uniform(0, 1), *EDGES])
            grid[row, column] = float(value)
        grid[row, 5] = random.choice(["male", "Female", "MALE", "ß", ""])
        grid[row, 6] = random.choice([True, False])
    cells = {
        (row, 10 + place): Formula(text.format(r=row, p=row - 1))
        for place, text in enumerate(formulas)
        for row in range(2, LAST + 1)
    }
    return Book({"S": {**grid, **cells}}), grid


AT_ONCE = [
    "=A{r}+B{r}*$H$1-C{p}/$H$3",
    "=-A{r}%",
    "=(A{r}-B{r})^2",
    "=2^SIN(A{r})",
    "=(1+ABS(SIN(A{r})))^COS(B{p})",
    "=IF(A{r}>B{r},A{r},C{r})",
    '=IF(E{r}="male",1,0)',
    '=IF(E{r}<>"FEMALE",1,0)',
    '=IF(E{r}>"f",A{r},0)',
    "=IF(F{r},A{r},B{r})",
    "=IF(AND(A{r}>0,B{r}>0,F{r}),1,IF(OR(A{r}<0,NOT(F{r})),2,3))",
    "=A{r}>=B{r}",
    "=MAX(0,A{r})",
    "=MIN(A{r}:D{r},$H$2)",
    "=MAX(A{r},B{r},C{r})",
    "=SUM(A{r}:D{r})",
    "=SUM(A{r}:D{r},A{r}:D{r},1)",
    "=AVERAGE(A{r}:C{r},B{p})",
    "=SUMPRODUCT(A{r}:C{r},B{r}:D{r})",
    "=LOG10(ABS(A{r})+1)",
    "=EXP(SIN(A{r}))-TANH(B{r})",
    "=SIN(A{r})+COS(B{r})+TAN(C{r})+ATAN(D{r})",
    "=SQRT(ABS(A{r}))",
    "=INT(B{r}/(1+ABS(B{r}))*100)",
    "=MOD(A{r},$H$1)",
    "=MOD(A{r},-$H$1)",
    "=(A{r}>B{r})+(A{r}<C{r})*2",
    "=(1+ABS(SIN(A{r})))^SQRT($H$1)",
    "=EXP($H$1)^SIN(A{r})",
    "=A{r}*SQRT($H$1)+IF($H$1>2,B{r},C{r})",
    "=MAX(A{r},EXP($H$2),LOG10($H$3))",
    "=ROW()*A{r}",
    "=IFERROR(A{r}+1,0)",
    "=IF(ISNUMBER(A{r}),A{r},0)",
    "=IF(ABS(A{r})<1E-9,5,1/A{r})",
]


@pytest.mark.parametrize("text", AT_ONCE)
def test_the_bits_of_formulas(text: str, at_once: dict[str, bool]) -> None:
    book, grid = rows_of(text, seed=AT_ONCE.index(text))
    result = calculate(book)
    assert result.notes == []
    assert list(at_once.values()) == [True]
    for row in range(2, LAST + 1):
        written = text.format(r=row, p=row - 1)
        expected = by_formulas(written, grid, f"J{row}")
        assert same(result.values["S"][row, 10], expected), (written, result.values["S"][row, 10])


@pytest.mark.parametrize("name", sorted(FROM_NUMPY))
def test_numpy_gives_a_column_the_bits_it_gives_a_number(name: str) -> None:
    """What NumPy has SIMD code for must not depend on how many numbers there are, nor where."""
    function = getattr(np, FROM_NUMPY[name])
    random = np.random.default_rng(0)
    domain = (-1, 1) if name in ("ACOS", "ASIN") else (1e-9, 50) if name[0] == "L" else (-30, 30)
    numbers = random.uniform(*domain, 5003)
    expected = [float(function(x)) for x in numbers.tolist()]
    for begin, end in ((0, 5003), (1, 5003), (3, 10), (7, 8), (5, 5000)):
        assert function(numbers[begin:end]).tolist() == expected[begin:end]


DOUBTFUL = {
    # what stands in the 70th row: the formulas in that row are for formulas itself.
    "text": ("=A{r}*2", "abc"),
    "number as text": ("=A{r}*2", "12"),
    "truth": ("=A{r}+1", True),
    "empty": ("=A{r}+1", None),
    "error": ("=A{r}+1", CellError("#N/A")),
    "division by zero": ("=1/A{r}", 0.0),
    "zero by zero": ("=A{r}/A{r}", 0.0),
    "overflow": ("=A{r}*1E+300", 1e300),
    "power": ("=A{r}^99", 1e300),
    "complex": ("=A{r}^0.5", -4.0),
    "root": ("=SQRT(A{r})", -4.0),
    "logarithm": ("=LN(A{r})", 0.0),
    "modulus": ("=MOD(1,A{r})", 0.0),
    "large integer": ("=INT(A{r})", 1e16),
    # A number that is the same in all rows, and has come out of NumPy.
    "complex, by a shared power": ("=A{r}^SQRT($H$1)", -4.0),
    "overflow, by a shared power": ("=A{r}^SQRT($H$1)", 1e300),
    "division by zero, by a shared power": ("=A{r}^-SQRT($H$1)", 0.0),
    "overflow of a shared base": ("=EXP($H$1)^A{r}", 1e300),
    "an overflow that vanishes": ("=1/A{r}^SQRT($H$1)", 1e300),
    "an overflow that is compared": ("=IF(A{r}^SQRT($H$1)>5,1,0)", 1e300),
    "division by a shared number": ("=A{r}/SQRT($H$2)", 1e300),
    "no word": ('=IF(A{r}="x",1,0)', 3.0),
}


@pytest.mark.parametrize("what", DOUBTFUL)
def test_one_row_in_doubt(what: str, at_once: dict[str, bool]) -> None:
    text, odd = DOUBTFUL[what]
    grid: Grid = {(row, 1): "x" if what == "no word" else float(row) for row in range(1, LAST + 1)}
    grid[70, 1] = odd
    grid |= {(1, 8): 4.5, (2, 8): 0.0}
    if odd is None:
        del grid[70, 1]
    cells: Grid = {(r, 2): Formula(text.format(r=r)) for r in range(1, LAST + 1)}
    result = calculate(Book({"S": {**grid, **cells}}))
    assert list(at_once.values()) == [False]
    assert not [note for note in result.notes if "generated" in note]
    for row in range(1, LAST + 1):
        expected = by_formulas(text.format(r=row), grid)
        assert same(result.values["S"][row, 2], expected), (row, result.values["S"][row, 2])


def test_what_reads_them(at_once: dict[str, bool]) -> None:
    """Cells, ranges, loops, other columns and other sheets find the numbers that came at once."""
    grid: Grid = {(row, 1): float(row) for row in range(1, LAST + 1)}
    for row in range(1, LAST + 1):
        grid[row, 2] = Formula(f"=A{row}*3")  # at once
        grid[row, 3] = Formula(f"=B{row}+C{row - 1}" if row > 1 else "=B1")  # a recurrence
        grid[row, 4] = Formula(f"=SUM(B$1:B{row})")  # in a loop
        grid[row, 5] = Formula(f"=IF(A{row}>50,B{row},A{row})")  # at once, of at once
    grid[1, 7] = Formula("=MAX(E1:E100)")
    grid[2, 7] = Formula("=INDEX(B1:E100,77,4)")
    grid[3, 7] = Formula("=SUM(C:C)")
    other: Grid = {(1, 1): Formula("=S!B64"), (2, 1): Formula("=AVERAGE(S!B1:B100)")}
    values = calculate(Book({"first": other, "S": grid})).values
    assert at_once["=A2*3"]
    assert at_once["=IF(A2>50,B2,A2)"]
    for row in range(1, LAST + 1):
        total = 3.0 * row * (row + 1) / 2
        assert [values["S"][row, c] for c in (2, 3, 4)] == [3.0 * row, total, total]
        assert values["S"][row, 5] == (3.0 * row if row > 50 else float(row))
    assert [values["S"][row, 7] for row in (1, 2, 3)] == [300.0, 231.0, 3 * 100 * 101 * 102 / 6]
    assert values["first"] == {(1, 1): 192.0, (2, 1): 151.5}


def test_two_formulas_in_one_column(at_once: dict[str, bool]) -> None:
    grid: Grid = {(row, 1): float(row) for row in range(1, 201)}
    for row in range(1, 201):
        grid[row, 2] = Formula(f"=A{row}*2" if row <= 100 else f"=B{row - 100}+A{row}")
    values = calculate(Book({"S": grid})).values["S"]
    assert [values[row, 2] for row in (1, 100, 101, 200)] == [2.0, 200.0, 103.0, 400.0]
    assert at_once["=A2*2"]


def test_a_column_that_needs_itself_is_told_so() -> None:
    grid: Grid = {(row, 1): Formula(f"=B{row}+1") for row in range(1, LAST + 1)}
    grid |= {(row, 2): Formula(f"=A{LAST + 1 - row}*2") for row in range(1, LAST + 1)}
    values = calculate(Book({"S": grid})).values["S"]
    assert all(isinstance(value, Uncomputed) for value in values.values())


@pytest.mark.parametrize("wrong_row", ["all", "some"])
def test_a_rule_that_is_wrong(monkeypatch: pytest.MonkeyPatch, wrong_row: str) -> None:
    """formulas calculates one of the cells: a wrong value there is found and said."""

    def rule(writer: Any, name: str, arguments: Any) -> Written:
        x, y = (writer.number(argument) for argument in arguments)
        text = (
            f"{x} * {y} * 1.0000000000000002"
            if wrong_row == "all"
            else f"where({x} > 40, 0.0, {x} * {y})"
        )
        return writer.let(text, NUMBER)

    monkeypatch.setitem(COLUMN_RULES, "*", rule)
    grid: Grid = {(row, 1): float(row) for row in range(1, LAST + 1)}
    grid |= {(row, 2): Formula(f"=A{row}*3") for row in range(1, LAST + 1)}
    result = calculate(Book({"S": grid}))
    assert [result.values["S"][row, 2] for row in (1, 51, 100)] == [3.0, 153.0, 300.0]
    (note,) = result.notes
    assert "S!B51: generated code gave" in note
    assert "for =A51*3, formulas gives 153.0" in note


def test_powers_are_those_of_python() -> None:
    for x, y in ((1e300, 4.5), (0.0, -1.5)):
        with pytest.raises(ArithmeticError):
            columns._powers(np.array([1.0, x]), np.float64(y))
        with pytest.raises(ArithmeticError):
            columns._powers(np.float64(x), np.array([1.0, y]))
    with pytest.raises(Doubt):
        columns._powers(np.array([1.0, -4.0]), np.float64(1.5))
    numbers = [random.uniform(-50, 50) for random in [Random(1)] for _ in range(3000)]
    array = np.array(numbers)
    assert columns._powers(array, 2.0).tolist() == [x**2.0 for x in numbers]
    assert columns._powers(1.5, array).tolist() == [math.pow(1.5, x) for x in numbers]


def test_rows_far_down(at_once: dict[str, bool]) -> None:
    """As many rows as a sheet has are one array; a gap in the operands is a doubt."""
    grid: Grid = {(row, 1): 1.0 for row in range(1_000_000, 1_000_100)}
    values: dict[Any, Scalar | Uncomputed]
    grid |= {(row, 2): Formula(f"=A{row - 1}*5") for row in range(1_000_000, 1_000_100)}
    values = calculate(Book({"S": grid})).values["S"]
    assert values[1_000_000, 2] == 0.0
    assert values[1_000_099, 2] == 5.0
