"""Each operator and function: against formulas itself, and against the textbook where it can be.

Every formula is filled down a column beside rows of operands of all kinds, since generated code
works unwatched from the second row of a kind on.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.engines.books import calculate, value
from tests.engines.oracle import by_formulas, same
from xlsgd.base.cells import Book, CellError, Formula, Grid, Scalar, Uncomputed
from xlsgd.engines.fast.compiled import RULES
from xlsgd.engines.fast.parsed import BLIND_TO_EMPTY_CELLS
from xlsgd.engines.fast.scalar_rules import FROM_NUMPY

pytestmark = pytest.mark.every

NUM, DIV, NA = CellError("#NUM!"), CellError("#DIV/0!"), CellError("#N/A")

# Twice each: the first is calculated by formulas too, the second by generated code alone.
OPERANDS: list[tuple[Any, Any]] = [
    *[(2.0, 3.0), (0.1, 0.2), (-1.5, 7.0), (7.0, -1.5), (0.0, 2.0), (2.0, 0.0), (0.0, -1.0)],
    *[(-0.0, 0.0), (1e308, 10.0), (-1e308, -1e308), (1e-308, 1e-20), (1e155, 1e155), (0.5, 1.0)],
    *[(-8.0, 1 / 3), (710.0, 1.0), (-745.2, 1.0), (1e16, 3.0), (5e-324, 0.5), (1.0, 1.0)],
    *[("abc", 2.0), ("x", 3.0), (2.0, "abc"), (3.0, "x"), ("abc", "ABC"), ("a", "b"), ("", 1.0)],
    *[("", 2.0), (True, 2.0), (False, 3.0), (2.0, True), (3.0, False), (True, False), ("12", 1.0)],
    *[(True, True), (None, 2.0), (None, 0.0), (2.0, None), (0.0, None), (None, None), ("7", 1.0)],
    *[(NUM, 2.0), (DIV, 3.0), (2.0, NUM), (3.0, DIV), (NUM, DIV), (DIV, NUM), (NA, "x"), ("x", NA)],
    *[(NUM, None), (None, NUM), (True, NUM), (NUM, True), (False, DIV), ("x", None), ("y", None)],
]

ONE = ["-~", "+~", "~%", "~", *[f"{name}(~)" for name in sorted(FROM_NUMPY)]]
ONE += ["ABS(~)", "SQRT(~)", "INT(~)", "NOT(~)", "ISNUMBER(~)", "ISERROR(~)", "ISBLANK(~)"]
ONE += [
    "-ABS(~)^2",
    "~^2",
    "~^-1",
    "~^0.5",
    "2^~",
    "IF(~,1,2)",
    'IF(~="abc","yes",0)',
    "1/(~*1E+200)",
]
ONE += ['~&""', '"n="&~', "EXP(~*1E+300)", "(~*1E+200)>1", "IFERROR(~,7)", "IFERROR(1/~,7)"]
ONE += ["~+1-1", "0.1+0.2-0.3+~", "MAX(0,~)", "MIN(~,0)", "MAX(~)", "IF(~>0,~,0)", "PI()*~"]
ONE += ["IF(ISNUMBER(~),~,NA())", "ISNUMBER(~+1)", "IF(~>0,LN(~),-1)", "IF(~=0,0,1/~)", "(~>0)*2"]
ONE += ["ROUND(~,0)", "ROUND(~,2)", "ROUND(~*1.005,-1)", "ROUNDUP(~,0)", "ROUNDDOWN(~,1)"]
ONE += ['MID("x"&~,1,3)', 'MID(IF(~>0,", a","")&IF(~<5,", b",""),3,99)', "ROUNDUP(~/3,0)"]
TWO = [
    f"A{{r}}{sign}B{{r}}"
    for sign in ["+", "-", "*", "/", "^", "&", "=", "<>", "<", ">", "<=", ">="]
]
TWO += [f"{name}(A{{r}},B{{r}})" for name in ["MAX", "MIN", "AND", "OR", "MOD", "POWER", "SUM"]]
TWO += [f"{name}(A{{r}},B{{r}})" for name in ["IFERROR", "COUNT", "AVERAGE", "IF"]]
TWO += [
    f"{name}(A{{r}}:B{{r}})" for name in ["MAX", "MIN", "SUM", "COUNT", "AVERAGE", "SUMPRODUCT"]
]
TWO += ["IF(A{r}>B{r},A{r},B{r})", 'IF(A{r}=B{r},"same",A{r}-B{r})', "INDEX(A{r}:B{r},B{r})"]
TWO += ["(A{r}*1E+200)*(B{r}*0)", "IF(A{r}*1E+300>B{r},1,2)", "A{r}*B{r}+A{r}/B{r}-A{r}"]
TWO += ["COUNTIF(A{r}:B{r},B{r})", "SUMIF(A{r}:B{r},B{r})", "AVERAGEIF(A{r}:B{r},A{r})"]
TWO += ["MATCH(B{r},A{r}:B{r},0)", 'MATCH(B{r}&"",A$1:A$60,0)', "MATCH(B{r},A$1:A$12,0)"]
TWO += ['COUNTIF(A{r}:B{r},">0.5")', 'COUNTIFS(A{r}:B{r},">"&(B{r}-1),A{r}:B{r},"<=7")']
TWO += ['COUNTIFS(A{r}:B{r},"<>2",A{r}:B{r},B{r})', 'COUNTIF(A$1:A$12,"<="&B{r})']
TWO += ["AVERAGEIF(A{r}:B{r},A{r},A{r}:B{r})", "AVERAGEIF(A$1:A$12,B{r},B$1:B$12)"]
TWO += ["INDEX(MMULT(A{r}:A{r},A{r}:B{r}),1,2)", "SUM(MMULT(A{r}:A{r},A{r}:B{r}))"]
TWO += ["ROWS(A{r}:B{r})+COLUMNS(A{r}:B{r})", "INDEX(A{r}:B{r},1,B{r})", "AND(A{r}>0,B{r}<5)"]

TEMPLATES = [text.replace("~", "A{r}") for text in ONE] + TWO


def filled_down(template: str, rows: list[tuple[Scalar, Scalar]]) -> tuple[Grid, dict[int, str]]:
    grid: Grid = {}
    for row, operands in enumerate(rows, start=1):
        grid.update({(row, i): x for i, x in enumerate(operands, start=1) if x is not None})
    return grid, {row: "=" + template.format(r=row) for row in range(1, len(rows) + 1)}


@pytest.mark.parametrize("template", TEMPLATES)
def test_rules_give_what_formulas_gives(template: str) -> None:
    grid, texts = filled_down(template, OPERANDS)
    result = calculate(Book({"S": {**grid, **{(r, 3): Formula(t) for r, t in texts.items()}}}))
    assert not any("generated" in note for note in result.notes)
    for row, text in texts.items():
        expected = by_formulas(text, grid)
        got = result.values["S"][row, 3]
        assert same(got, expected), (text, grid.get((row, 1)), grid.get((row, 2)), got, expected)


def test_every_rule_is_tried() -> None:
    operators = {"U-": "-A", "U+": "+A", "%": "%"}
    tried = " ".join([*TEMPLATES, "NA() ROWS( COLUMNS("])
    for name in RULES:
        assert operators.get(name, name) in tried, name


TEXTBOOK = [
    ("=1+2*3", 7.0),
    ("=-2^2", 4.0),  # Excel's minus binds tighter than its power
    ("=2^3^2", 64.0),  # and its power is read from the left
    ("=10%", 0.1),
    ("=1E5", 1e5),
    ("=1e300*1E-5", 1e300 * 1e-5),
    ("=0.1+0.2", 0.1 + 0.2),
    ("=7/2-1", 2.5),
    ("=1/0", DIV),
    ("=SQRT(-1)", NUM),
    ("=LN(0)", NUM),
    ("=EXP(1000)", NUM),
    ("=1E+308*10", NUM),
    ("=1E+308*10*0", NUM),
    ("=1/(1E+308*10)", NUM),
    ("=EXP(-1E+308*10)", NUM),
    ("=(-8)^(1/3)", NUM),
    ("=ABS(-3)", 3.0),
    ("=SQRT(2)", math.sqrt(2)),
    ("=MOD(-7,3)", 2.0),
    ("=MOD(7,-3)", -2.0),
    ("=INT(-2.5)", -3.0),
    ("=MAX(3,1,2)", 3.0),
    ("=MIN(3,1,2)", 1.0),
    ('=IF(2>1,"yes",1/0)', "yes"),
    ("=IF(FALSE,1)", False),
    ("=IF(0,1,)", 0.0),
    ("=AND(TRUE,1,2>1)", True),
    ("=OR(FALSE,0)", False),
    ("=NOT(0)", True),
    ('="abc"="ABC"', True),
    ('=2<"1"', True),
    ('="2 is "&2&", half is "&1/2', "2 is 2, half is 0.5"),
    ("=PI()", math.pi),
    ("=NA()", NA),
    ("=IFERROR(1/0,5)", 5.0),
    ("=ISNUMBER(1/0)", False),
    ("=SUM(1,2,3)", 6.0),
    ("=AVERAGE(1,2,6)", 3.0),
    ("=COUNT(1,2)", 2.0),
    ("=ROUND(2.567,2)", 2.57),
    ("=#N/A", NA),
    ("=TRUE", True),
    ('="=1+1"', "=1+1"),
    ("=Z1", 0.0),
    ("=Z1+5", 5.0),
    ('=Z1&"x"', "x"),
    ('=Z1=""', True),
    ("=ROW()", 99.0),
    ("=COLUMN()+ROW(A7)", 33.0),
    ("=SUM(ROW(A1:A3))", 6.0),
    ("=SUM(A1:A3*2)", 12.0),
    ("=SUM(A1:A3)", 6.0),
    ("=SUM(A:A,1:1)", 7.0),
    ("=AVERAGE(A:A)", 2.0),
    ("=INDEX(A:A,2)", 2.0),
    ("=INDEX(A1:A9,8)", 0.0),
    ("=INDEX(A1:A3,4)", CellError("#REF!")),
    ("=INDEX(A1:A200,150)", 0.0),
    ("=COUNTBLANK(A1:A200)", 197.0),
    ("=ISERROR(INDEX(A1:A200,150))", False),
    ("=INDEX(A:A,2)+INDEX(A:A,3)", 5.0),
    ("=INDEX(A:B,3,2)", 6.0),
    ("=INDEX(A1:A200,201)", CellError("#REF!")),
    ("=INDEX(A1:B3,2,2)", 5.0),
    ("=INDEX(1:1,1,2)", 4.0),
    ("=INDEX(MMULT(A1:B2,A1:B2),2,1)", 12.0),
    ("=INDEX(MMULT(A1:B3,A1:B2),3,2)", 42.0),
    ("=INDEX(MMULT(A2:B2,A1:B2),1,2)", 33.0),
    ("=MMULT(A2:B2,A1:A2)", 12.0),
    ("=INDEX(MMULT(A1:B2,A1:B3),1,1)", CellError("#VALUE!")),
    ("=MATCH(2,A1:A3,0)", 2.0),
    ('=COUNTIF(A1:A3,">1")', 2.0),
    ("=SUMIF(A1:A3,2,B1:B3)", 5.0),
    ("=AVERAGEIF(A1:A3,2,B1:B3)", 5.0),
    ("=AVERAGEIF(A1:A3,9,B1:B3)", DIV),
    ("=SUMPRODUCT(A1:A3,B1:B3)", 32.0),
    ("=SUM(A1:A2 A2:A3)", 2.0),
    ("=SUM((A1,B3))", 7.0),
    ("=SUM(A1:INDEX(A1:A3,2))", 3.0),
    ("=LET(x,A2,x*x)", 4.0),
    ("=ROWS(A2:B9)*COLUMNS(A2:B9)", 16.0),
    ("=STDEV(A1:A3)", 1.0),
]


@pytest.mark.parametrize(("formula", "expected"), TEXTBOOK, ids=[text for text, _ in TEXTBOOK])
def test_textbook(formula: str, expected: Scalar) -> None:
    cells = {"A1": 1.0, "A2": 2.0, "A3": 3.0, "B1": 4.0, "B2": 5.0, "B3": 6.0}
    if "1:1" in formula and "INDEX" not in formula:
        cells.pop("B1")
    got = value(formula, cells)
    assert same(got, expected), got


@pytest.mark.parametrize("name", sorted(BLIND_TO_EMPTY_CELLS))
def test_functions_that_do_not_see_the_empty_end_of_a_range(name: str) -> None:
    """Formulas is given the range only as far as cells are in use, here 99 of 200 rows."""
    cells: dict[str, Scalar] = {"A2": 2.0, "A3": -3.5, "A4": "text", "A5": True, "A7": "12"}
    text = f"={name}(A1:A200)+{name}(A1:C200,A2)"
    in_use: Grid = {(int(address[1:]), 1): content for address, content in cells.items()}
    assert same(value(text, cells), by_formulas(text, {**in_use}))


WRONG = ["=SQRT()", "=SQRT(4,2)", "=MOD(4)", "=IF()", "=IF(1)", "=IF(1,2,3,4)", "=PI(1)", "=NA(1)"]
WRONG += [
    "=INDEX(A1:A3)",
    "=COUNTIF(A1:A3)",
    "=IFERROR(1)",
    "=NOT()",
    "=MAX()",
    "=AND()",
    "=ROWS()",
]
WRONG += ["=SUM()", "=COUNT()", "=ISNUMBER()", "=POWER(1,2,3)", "=ABS(A1,A2)"]
WRONG += ["=SUMIF(A1:A3,1,B1:B3,1)"]


@pytest.mark.parametrize("formula", WRONG)
def test_a_wrong_number_of_arguments_is_left_to_formulas(formula: str) -> None:
    cells = {(row, 1): 4.0 for row in range(1, 4)}
    grid: Grid = {**cells, (1, 3): Formula(formula), (2, 3): Formula(formula)}
    result = calculate(Book({"S": grid}))
    assert not any("generated" in note for note in result.notes)
    try:
        expected: object = by_formulas(formula, {**cells})
    except Exception:
        assert isinstance(result.values["S"][2, 3], Uncomputed)
    else:
        assert same(result.values["S"][2, 3], expected)
