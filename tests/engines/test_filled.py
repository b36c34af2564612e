"""Whole sheets: formulas filled right and down, and a training run against plain Python."""

from __future__ import annotations

import time

from tests.engines.books import calculate
from tests.engines.oracle import by_formulas, same
from xlsgd.base.cells import Book, CellError, Formula, Grid
from xlsgd.formula.r1c1 import column_letters

FILLED = [
    "={c0}{r}*2-{c1}{q}",
    "=$B{r}+{c1}$3",
    "=SUM({c0}{r}:{c2}{q})",
    "=SUM({c0}$2:{c0}{r})",
    "=SUM($A{r}:{c0}{r})",
    "=INDEX($A$2:$A$9,{c0}1)+COLUMN()",
    "=IF({c0}{r}>{c1}{r},{c0}{r},ROW())",
    "=SUMPRODUCT({c0}$2:{c0}$5,{c1}$2:{c1}$5)",
    "=AVERAGE({c0}$2:{c0}$9)/$C$2",
    "=INDEX({c0}$2:{c2}$9,2,3)",
    "=COUNTIF($A$2:$C$9,{c0}{r})",
    "=ROWS({c0}$2:{c0}{r})*COLUMNS($A{r}:{c0}{r})",
]


def test_formulas_filled_right_and_down_on_two_sheets() -> None:
    sheets: dict[str, Grid] = {}
    texts: dict[str, dict[tuple[int, int], str]] = {}
    for sheet, scale in (("one", 1.0), ("two", -0.3)):
        grid: Grid = {(1, column): float(column) for column in range(1, 9)}
        grid |= {(r, c): scale * (r * r - 3.7 * c) for r in range(2, 13) for c in range(1, 9)}
        texts[sheet] = {}
        for number, pattern in enumerate(FILLED):
            for row in range(2, 8):
                for right in range(4):
                    letters = {f"c{i}": column_letters(1 + right + i) for i in range(3)}
                    place = (row + 20 * number, 20 + right)
                    texts[sheet][place] = pattern.format(r=row, q=row + 2, **letters)
        # Filled in another place than beside its operands, so that offsets are of any sign.
        sheets[sheet] = {**grid, **{p: Formula(text) for p, text in texts[sheet].items()}}
    result = calculate(Book(sheets))
    assert result.notes == []
    for sheet, of_sheet in texts.items():
        for place, text in of_sheet.items():
            address = f"{column_letters(place[1])}{place[0]}"
            expected = by_formulas(text, sheets[sheet], address)
            assert same(result.values[sheet][place], expected), (sheet, address, text)


def sgd_book(rows: int, tabs: int, learning_rate: float) -> Book:
    """A line fitted one row at a time: 30 formulas a row, one of them a numerical derivative."""
    data: Grid = {(5 + i, 2): float(1 + i % 7) for i in range(29)}
    data |= {(5 + i, 3): 2.0 * (1 + i % 7) + 3.0 for i in range(29)}
    sheets = {"data": data}
    for tab in range(tabs):
        grid: Grid = {(3, 2): 1.0, (4, 2): 1.0, (5, 2): learning_rate * (1 + tab), (6, 2): 0.01}
        for row in range(9, 9 + rows):
            up, first = row - 1, row == 9
            formulas = [
                "1" if first else f"IF(C{up}=29,1,C{up}+1)",
                f"INDEX(data!$B$5:$B$33,$C{row})",
                f"INDEX(data!$C$5:$C$33,$C{row})",
                "$B$3" if first else f"O{up}",
                "$B$4" if first else f"P{up}",
                f"F{row}*D{row}+G{row}",
                f"H{row}-E{row}",
                f"I{row}^2",
                f"(((F{row}+$B$6)*D{row}+G{row}-E{row})^2-J{row})/$B$6",
                f"2*I{row}*D{row}",
                f"2*I{row}",
                f"IF(ISNUMBER(J{row}),MAX(1E-12,MIN(1E+12,J{row})),1E+12)",
                f"F{row}-$B$5*L{row}",
                f"G{row}-$B$5*M{row}",
                *[f"P{row}*{n}-O{row}/{n}+Q$5" for n in range(2, 18)],
            ]
            for column, formula in enumerate(formulas, start=3):
                grid[row, column] = Formula("=" + formula)
        grid[5, 17] = 0.125
        sheets[f"tab {tab}"] = grid
    return Book(sheets)


def test_a_training_run_is_that_of_plain_python_to_the_last_bit() -> None:
    values = calculate(sgd_book(290, 2, 0.002)).values
    for tab in range(2):
        a = b = 1.0
        got = values[f"tab {tab}"]
        for step in range(290):
            row, k = 9 + step, step % 29
            x, y = float(1 + k % 7), 2.0 * (1 + k % 7) + 3.0
            error = a * x + b - y
            assert got[row, 10] == error**2
            assert got[row, 11] == (((a + 0.01) * x + b - y) ** 2 - error**2) / 0.01
            a, b = a - 0.002 * (1 + tab) * (2 * error * x), b - 0.002 * (1 + tab) * (2 * error)
            assert got[row, 15] == a
            assert got[row, 16] == b


def test_a_run_that_explodes_has_errors_and_no_gaps() -> None:
    values = calculate(sgd_book(290, 1, 5.0)).values["tab 0"]
    assert len(values) == 290 * 30
    assert isinstance(values[9 + 289, 15], CellError)
    assert values[9 + 289, 14] == 1e12  # what the chart shows


def test_a_large_workbook_takes_no_time_to_speak_of() -> None:
    book = sgd_book(290, 15, 1e-4)
    calculate(sgd_book(1, 1, 1e-4))  # loads the library
    start = time.perf_counter()
    values = calculate(book).values
    assert time.perf_counter() - start < 4  # 0.4 s on the machine this was written on
    assert sum(map(len, values.values())) == 15 * 290 * 30
