"""Columns that need each other become a loop, which stops where a row is in doubt; no value is
other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import length_hint
from random import Random
from typing import Any

import pytest

from tests.engines.books import calculate
from tests.engines.oracle import by_formulas, same
from xlsgd.base.cells import Book, CellError, Formula, Grid, Scalar, Uncomputed
from xlsgd.engines.fast import evaluator
from xlsgd.engines.fast.compiled import Loop
from xlsgd.engines.fast.plans import Plan

pytestmark = pytest.mark.every

LAST = 100
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, 1e16, 5e-324, 1e-300, -2.5, 3.0]


class Watched:
    """What loops did.  rows: how many they computed.  stops: the rows that were in doubt."""

    def __init__(self) -> None:
        self.rows = 0
        self.stops: list[int] = []


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Watch the loops over tables that end in row LAST."""
    found = Watched()
    original = evaluator.Evaluator.loop

    def loop(self: evaluator.Evaluator, plans: Sequence[Plan]) -> Loop | None:
        made = original(self, plans)

        def run(rows: Iterator[int]) -> None:
            assert made is not None
            before = length_hint(rows)
            try:
                made(rows)
            except Exception:
                found.stops.append(LAST - length_hint(rows))
                found.rows -= 1
                raise
            finally:
                found.rows += before - length_hint(rows)

        return None if made is None else run

    monkeypatch.setattr(evaluator.Evaluator, "loop", loop)
    return found


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


def in_a_recurrence(text: str) -> str:
    """Return a formula with the same value that goes on from the row above, by column Z."""
    return f"=IF(Z{{p}}=1,{text[1:]},0)"


def going_on(column: str, first: int) -> Grid:
    """Return a column Z of ones, as formulas that look at another column in their row."""
    cells: Grid = {(first - 1, 26): 1.0}
    return cells | {(r, 26): Formula(f"=IF(TRUE,1,{column}{r})") for r in range(first, LAST + 1)}


FILLED = [
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


@pytest.mark.parametrize("text", FILLED)
def test_the_bits_of_formulas(text: str, watched: Watched) -> None:
    book, grid = rows_of(in_a_recurrence(text), seed=FILLED.index(text))
    book.sheets["S"] |= going_on("J", 2)
    result = calculate(book)
    assert result.notes == []
    assert (watched.rows, watched.stops) == (LAST - 2, [])  # all but the first
    for row in range(2, LAST + 1):
        written = text.format(r=row, p=row - 1)
        expected = by_formulas(written, grid, f"J{row}")
        assert same(result.values["S"][row, 10], expected), (written, result.values["S"][row, 10])


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
def test_one_row_in_doubt(what: str, watched: Watched) -> None:
    text, odd = DOUBTFUL[what]
    grid: Grid = {(row, 1): "x" if what == "no word" else float(row) for row in range(1, LAST + 1)}
    grid[70, 1] = odd
    grid |= {(1, 8): 4.5, (2, 8): 0.0}
    if odd is None:
        del grid[70, 1]
    filled = in_a_recurrence(text)
    cells: Grid = {(r, 2): Formula(filled.format(r=r, p=r - 1)) for r in range(2, LAST + 1)}
    result = calculate(Book({"S": {**grid, **cells, **going_on("B", 2)}}))
    if what == "division by a shared number":  # in every row: there is no loop
        assert (watched.rows, watched.stops) == (0, [])
    else:
        assert (watched.rows, watched.stops) == (LAST - 4, [70])  # not the first, 70 and 71
    assert not [note for note in result.notes if "generated" in note]
    for row in range(2, LAST + 1):
        expected = by_formulas(text.format(r=row), grid)
        assert same(result.values["S"][row, 2], expected), (row, result.values["S"][row, 2])


def test_what_reads_them(watched: Watched) -> None:
    """Cells, ranges, other columns and other sheets find the numbers of a loop."""
    grid: Grid = {(row, 1): float(row) for row in range(1, LAST + 1)}
    for row in range(1, LAST + 1):
        grid[row, 2] = Formula(f"=A{row}*3")
        grid[row, 3] = Formula(f"=B{row}+F{row - 1}" if row > 1 else "=B1")  # a recurrence
        grid[row, 6] = Formula(f"=+C{row}")
        grid[row, 4] = Formula(f"=SUM(B$1:B{row})")
        grid[row, 5] = Formula(f"=IF(A{row}>50,B{row},A{row})")
    grid[1, 7] = Formula("=MAX(E1:E100)")
    grid[2, 7] = Formula("=INDEX(B1:E100,77,4)")
    grid[3, 7] = Formula("=SUM(C:C)")
    other: Grid = {(1, 1): Formula("=S!B64"), (2, 1): Formula("=AVERAGE(S!B1:B100)")}
    values = calculate(Book({"first": other, "S": grid})).values
    assert watched.rows == LAST - 2  # of C and F, but for the first row and that of the first try
    for row in range(1, LAST + 1):
        total = 3.0 * row * (row + 1) / 2
        assert [values["S"][row, c] for c in (2, 3, 4)] == [3.0 * row, total, total]
        assert values["S"][row, 5] == (3.0 * row if row > 50 else float(row))
    assert [values["S"][row, 7] for row in (1, 2, 3)] == [300.0, 231.0, 3 * 100 * 101 * 102 / 6]
    assert values["first"] == {(1, 1): 192.0, (2, 1): 151.5}


def test_two_formulas_in_one_column() -> None:
    grid: Grid = {(row, 1): float(row) for row in range(1, 201)}
    for row in range(1, 201):
        grid[row, 2] = Formula(f"=A{row}*2" if row <= 100 else f"=B{row - 100}+A{row}")
    values = calculate(Book({"S": grid})).values["S"]
    assert [values[row, 2] for row in (1, 100, 101, 200)] == [2.0, 200.0, 103.0, 400.0]


def test_a_column_that_needs_itself_is_told_so() -> None:
    grid: Grid = {(row, 1): Formula(f"=B{row}+1") for row in range(1, LAST + 1)}
    grid |= {(row, 2): Formula(f"=A{LAST + 1 - row}*2") for row in range(1, LAST + 1)}
    values = calculate(Book({"S": grid})).values["S"]
    assert all(isinstance(value, Uncomputed) for value in values.values())


def test_rows_far_down() -> None:
    """A table may begin where a sheet ends; above it stands nothing."""
    grid: Grid = {(row, 1): 1.0 for row in range(1_000_000, 1_000_100)}
    values: dict[Any, Scalar | Uncomputed]
    grid |= {(row, 2): Formula(f"=A{row - 1}*5") for row in range(1_000_000, 1_000_100)}
    values = calculate(Book({"S": grid})).values["S"]
    assert values[1_000_000, 2] == 0.0
    assert values[1_000_099, 2] == 5.0


def test_columns_that_need_each_other(watched: Watched) -> None:
    """They have a loop; a column that needs others alone is computed cell by cell."""
    grid: Grid = {(row, 1): float(row) for row in range(1, LAST + 1)}
    grid |= {(1, 2): 1.0, (1, 3): 0.5}
    for row in range(2, LAST + 1):
        grid[row, 2] = Formula(f"=B{row - 1}+C{row - 1}/A{row}")
        grid[row, 3] = Formula(f"=B{row}/2")
        grid[row, 4] = Formula(f"=C{row}*A{row}")
    values = calculate(Book({"S": grid})).values["S"]
    b, c = 1.0, 0.5
    for row in range(2, LAST + 1):
        b = b + c / float(row)
        c = b / 2
        assert [values[row, n] for n in (2, 3, 4)] == [b, c, c * row]
    assert (watched.rows, watched.stops) == (LAST - 2, [])
