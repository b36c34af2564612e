"""Whatever stands in a workbook: an answer for every cell, in time, and nothing is executed."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from tests.engines.books import book, calculate, position, value
from xlsgd.base.cells import Book, CellError, Formula, Grid, Uncomputed

pytestmark = pytest.mark.every

REFUSED = [
    ('=__import__("os")', "does not know the function __import__"),
    ('=eval("1")', "does not know the function eval"),
    ("=OFFSET(A1,1,1)", "does not know the function OFFSET"),
    ('=CELL("row")+1', "does not know the function CELL"),
    ('=INDIRECT("A1")', "A1"),
    ('=INDIRECT("A"&1)', "does not know the function INDIRECT"),
    ("=ISFORMULA(A1)", "ISFORMULA"),
    ("=IF(", "brackets"),
    ("=1+", "cannot parse"),
    ("=*1", "cannot parse"),
    ("=", "cannot parse"),
    ("=007", "cannot parse"),
    ("=1 2", "cannot parse"),
    ("=A1 B1 C1:", "cannot parse"),
    ("=os.system", None),
    ("=().__class__", "cannot parse"),
    ("=Table[Age]", "no table Table"),
    ("=[1]Sheet!A1", "another workbook"),
    ("={1,2,3}", "array"),
    ("=A1:A3", "array"),
    ("=A1:A3*2", "array"),
    ("{=SUM(A1:A3)}", "array formula"),
    ("=" + "9" * 5000, "cannot parse"),
    ("=" + "1+" * 4100 + "1", "characters"),
    ("=FACT(1000000000)", "FACT"),
    ("=FACT(10^9)", "FACT"),
    ("=FACT(A1*1E+9)", "FACT"),
    ("=ROUND(1,999999999)", "ROUND"),
    ("=TRUNC(1,A2)", "TRUNC"),
    ("=ISERROR(INDEX(A:A,5000))", "too large"),
    ("=LET(x,1E+9,FACT(x))", "inside LET"),
    ("=COUNTBLANK(AA1:XFD1048576)", "too large"),
    ("=LET(" + "a" * 40, "brackets"),
    ("=LET(" + "a" * 40 + ",,1)", "empty argument"),
    ("=LAMBDA(x,x)", "not"),
    ('="' + "x" * 9000 + '"', "characters"),
]


TOO_LONG = [
    'REPT("x",32768)',
    'REPT("x",1E+10)',
    'REPT(REPT("x",32767),32767)',
    'SUBSTITUTE(REPT("a",32767),"a",REPT("a",32767))',
    'SUBSTITUTE(REPT("a",32767),"a","bb",2)',
    'REPT("x",32767)&"y"',
    'REPT("x",20000)&A1&REPT("x",20000)',
    'CONCATENATE(REPT("x",32767),"y")',
    'CONCAT(B1:B3,REPT("x",32767))',
    'TEXTJOIN(REPT(",",20000),TRUE,B1:B3)',
    'REPLACE(REPT("a",30000),1,1,REPT("b",30000))',
    'UPPER(REPT("ß",20000))',
    'REGEXREPLACE(REPT("a",32000),"a",REPT("b",32000))',
]
"""Excel, LibreOffice and Gnumeric give #VALUE!, for a text has 32,767 characters at most."""

LONG_ENOUGH = [
    ('LEN(REPT("x",32767))', 32767.0),
    ('LEN(REPT("x",32766)&"y")', 32767.0),
    ('LEN(CONCATENATE(REPT("x",32766),"y"))', 32767.0),
    ('LEN(SUBSTITUTE(REPT("ab",8000),"a","xyz"))', 32000.0),
    ('TEXTJOIN("-",TRUE,B1:B3)', "7-p-q"),
    ('TEXTJOIN("-",FALSE,B1:B4)', "7-p-q-"),
    ('CONCAT(B1:B4,"z")', "7pqz"),
    ('SUBSTITUTE("abab","a","xx",2)', "abxxb"),
    ('REGEXREPLACE("banana","a","o")', "bonono"),
    ('REPLACE("abcdef",2,3,"x")', "axef"),
    ('UPPER("abc")&LOWER("DEF")', "ABCdef"),
]


@pytest.mark.parametrize("formula", TOO_LONG)
def test_text_longer_than_a_cell_takes(formula: str) -> None:
    """An error, and nothing that is as long is made on the way."""
    cells: dict[str, object] = {"A1": "z", "B1": 7.0, "B2": "p", "B3": "q"}
    cells |= {"C1": f"={formula}", "C2": f"=IFERROR({formula},5)", "C3": "=A1&A1"}
    tracemalloc.start()
    try:
        values = calculate(book(cells)).values["Sheet"]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert values[position("C1")] == CellError("#VALUE!")
    assert values[position("C2")] == 5.0
    assert values[position("C3")] == "zz"
    assert peak < 100e6


@pytest.mark.parametrize(("formula", "expected"), LONG_ENOUGH)
def test_text_that_a_cell_takes(formula: str, expected: object) -> None:
    assert value(f"={formula}", {"B1": 7.0, "B2": "p", "B3": "q"}) == expected


def test_texts_of_one_formula_together() -> None:
    """Each fits a cell, and a hundred thousand of them are gigabytes."""
    got = value('=SUMPRODUCT(LEN(REPT("x",ROW(A1:A99999)*0+32767)))', {})
    assert isinstance(got, Uncomputed)
    assert "more than 50,000,000 characters of text" in got.reason


@pytest.mark.parametrize(
    "formula",
    [
        f'=COUNTIF(A1:B2,"{"*?" * 60}x")',
        f'=MATCH("{"*a" * 20}",A1:A2,0)',
        '=SUMIF(A1:A2,REPT("*x",20))',
        "=COUNTIFS(A1:A2,B2)",
    ],
)
def test_a_text_that_may_be_found_in_very_many_ways(formula: str) -> None:
    start = time.perf_counter()
    got = value(formula, {"A1": "x" * 80, "A2": 2.0, "B1": "y" * 30_000, "B2": "*x" * 40})
    assert time.perf_counter() - start < 3
    assert isinstance(got, Uncomputed)
    assert "asterisks" in got.reason


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ('=COUNTIF(A1:A2,"*x*")', 1.0),
        ("=SUMPRODUCT(COUNTIF(A1:A2,A1:A2))", 2.0),
        ('=COUNTIFS(A1:A2,">"&(1+0))', 1.0),
        ("=MATCH(2,A1:A2,0)", 2.0),
    ],
)
def test_what_is_looked_for_as_usual(formula: str, expected: float) -> None:
    assert value(formula, {"A1": "axa", "A2": 2.0}) == expected


def test_the_library_itself_is_left_as_it_was() -> None:
    from formulas import get_functions

    value('=REPT("x",3)', {})
    function = get_functions()["REPT"]
    assert len(function("x", 40_000).item()) == 40_000


@pytest.fixture(scope="module", autouse=True)
def _nothing_of_other_files_is_looked_through() -> None:
    """Leave out of every collection what is alive: looking through it takes a third of a second."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_garbage_of_other_tests() -> Iterator[None]:
    """Keep finalizers of what other tests have left from running deep down in a recursion."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(("formula", "reason"), REFUSED, ids=[text[:40] for text, _ in REFUSED])
def test_refused(formula: str, reason: str | None) -> None:
    start = time.perf_counter()
    got = value(formula, {"A1": 1.0, "A2": 1e12, "B1": 2.0})
    assert time.perf_counter() - start < 3
    if reason is None:
        assert got == CellError("#NAME?")
    else:
        assert isinstance(got, Uncomputed), got
        assert reason in got.reason
        assert "S0!" not in got.reason  # nothing of the inner workings


DEEP = [
    "=" + "(" * 2000 + "A1" + ")" * 2000,
    "=" + "-(" * 1000 + "A1" + ")" * 1000,
    "=" + "ABS(" * 1000 + "A1" + ")" * 1000,
    "=" + "+".join(["A1"] * 2500),
    "=" + "+".join(f"A{n}" for n in range(1, 1500)),
    "=" + "IF(A1>1,2," * 400 + "A1" + ")" * 400,
    "=" + "IF(A1>0,IF(A2>0,1,2)," * 120 + "A1" + ")" * 120,
    "=SUM(" + ",".join(["A1"] * 2000) + ")",
    "=" + "-" * 5000 + "A1",
    "=" + "A1^" * 1000 + "A1",
    "=" + '"x"&' * 1000 + "A1",
    "=" + "LET(x,A1,x+" * 20 + "1" + ")" * 20,
]


@pytest.mark.parametrize("formula", DEEP, ids=[text[:20] + "..." for text in DEEP])
def test_deep_and_long(formula: str) -> None:
    """Any answer will do, the right one or none: but in time, and the next cell is calculated."""
    start = time.perf_counter()
    cells = {"A1": 1.0, "A2": 1.0, "B1": formula, "B2": formula, "C1": "=A1+1"}
    values = calculate(book(cells)).values["Sheet"]
    assert time.perf_counter() - start < 6
    assert values[position("C1")] == 2.0
    assert values[position("B1")] == values[position("B2")]


def test_names_that_double() -> None:
    """Twenty names of which each is twice the one before: a million terms."""
    names: dict[tuple[str | None, str], str] = {(None, "x_0"): "1"}
    names |= {(None, f"x_{i}"): f"x_{i - 1}+x_{i - 1}" for i in range(1, 21)}
    names[None, "long"] = "1+" * 1500 + "1"
    grid: Grid = {(1, 1): Formula("=x_20"), (1, 2): Formula("=x_3"), (1, 3): Formula("=long*long")}
    values = calculate(Book({"S": grid}, names)).values["S"]
    assert isinstance(values[1, 1], Uncomputed)
    assert values[1, 2] == 8.0
    assert isinstance(values[1, 3], Uncomputed)


def test_a_cell_in_the_last_corner_costs_nothing() -> None:
    grid: Grid = {
        (1048576, 16384): 5.0,
        (1, 1): Formula("=XFD1048576+1"),
        (2, 1): Formula("=SUM(B1:B1048576)"),
        (3, 1): Formula("=SUM(A5:XFD1048576)"),
        (4, 1): Formula("=INDEX(XFD:XFD,1048576)"),
    }
    start = time.perf_counter()
    values = calculate(Book({"S": grid})).values["S"]
    assert time.perf_counter() - start < 3
    assert values[1, 1] == 6.0
    assert all(isinstance(values[row, 1], Uncomputed) for row in (2, 3, 4))


def test_every_formula_cell_has_an_entry_and_no_other() -> None:
    of = book({"A1": 1.0, "A2": "=A1", "A3": "=)", "A4": "text", "A5": "=A5"}, empty={})
    values = calculate(of).values
    assert list(values) == ["Sheet", "empty"]
    assert set(values["Sheet"]) == {(2, 1), (3, 1), (5, 1)}
    assert values["empty"] == {}


def test_values_are_of_the_plain_types() -> None:
    cells = {"A1": 2.0, "A2": "x", "B1": "=EXP(A1)", "B2": "=SUM(A1:A2)", "B3": "=AND(A1>1,A1>0)"}
    cells |= {"B4": "=A2&1", "B5": "=ROWS(A1:A2)", "B6": "=FACT(5)", "B7": "=MAX(A1,1)", "B8": "=1"}
    values = calculate(book(cells)).values["Sheet"]
    assert [type(values[row, 2]) for row in range(1, 9)] == [
        *(float, float, bool, str, float, float, float, float)
    ]


def test_numbers_that_no_cell_can_hold_become_num_with_a_note() -> None:
    cells = {"A1": 1e308, "B1": "=(-8)^(1/3)", "B2": "=SUM(A1,A1,A1)", "B3": "=B2+1"}
    result = calculate(book(cells))
    assert set(result.values["Sheet"].values()) == {CellError("#NUM!")}
    assert any("Sheet!B1: formulas gave a complex number" in note for note in result.notes)
    assert any("Sheet!B2: formulas gave an infinite number" in note for note in result.notes)


def test_an_unknown_error_value_passes_through() -> None:
    got = value("=A1+1", {"A1": CellError("#SPILL!")})
    assert got == CellError("#SPILL!")


def test_constants_of_other_types() -> None:
    class Celsius(float):
        pass

    cells = {"A1": 3, "A2": Celsius(2.0), "A3": float("inf"), "A4": object()}
    cells |= {f"B{row}": f"=A{row}+1" for row in range(1, 5)}
    values = calculate(book(cells)).values["Sheet"]
    assert values[1, 2] == 4.0
    assert values[2, 2] == 3.0
    assert type(values[2, 2]) is float
    assert values[3, 2] == CellError("#NUM!")
    assert isinstance(values[4, 2], Uncomputed)


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    calculate(book({"A1": "=FOO(1)", "A2": "=EXP(1000)", "A3": "=ISFORMULA(A1)", "A4": "=LN(0)"}))
    assert capfd.readouterr() == ("", "")


def test_ten_thousand_errors_are_no_burden() -> None:
    """A run that has exploded: operands that are errors must not go to formulas one by one."""
    grid: Grid = {(1, 1): Formula("=1/0"), (1, 2): 0.5}
    for row in range(2, 2502):
        grid[row, 1] = Formula(f"=A{row - 1}-$B$1*(A{row - 1}-C{row - 1})")
        grid[row, 3] = Formula(f"=(A{row}*2+1)^2")
        grid[row, 4] = Formula(f"=IF(C{row}>0,C{row}/A{row},EXP(A{row}))")
        grid[row, 5] = Formula(f"=MAX(A{row},1)+ABS(C{row})")
    calculate(Book({"S": {(1, 1): Formula("=1")}}))  # loads the library
    start = time.perf_counter()
    values = calculate(Book({"S": grid})).values["S"]
    assert time.perf_counter() - start < 2  # 0.1 s on the machine this was written on
    assert set(values.values()) == {CellError("#DIV/0!")}
