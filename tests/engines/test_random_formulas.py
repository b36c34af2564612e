"""Formulas made up by hypothesis, filled down over rows of all kinds of cells.

A formula stands in many rows, because the engine lets formulas calculate its first cell for every
combination of kinds of operands: generated code works alone on the others.
"""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engines.books import calculate
from tests.engines.oracle import by_formulas, same
from xlsgd.base.cells import Book, CellError, Formula, Grid, Position, Scalar, Uncomputed

ROWS = range(3, 11)  # so that references may point two rows up
ERRORS = [CellError(code) for code in ("#NUM!", "#DIV/0!", "#N/A", "#VALUE!")]

# Numbers on the edges of what a float can hold and of what formulas has special rules for.
EDGES = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 3.0, 1e308, -1e308, 1e155, 1e16, 5e-324, 2.0**53]
OTHERS = ["", "abc", "ABC", "12", "1e3", "inf", "ß", True, False, None, *ERRORS]


def draw_cell(random: Random, share_of_others: float) -> Scalar:
    """Return the content of a cell; hypothesis itself would be slow at so many."""
    if random.random() < share_of_others:
        return random.choice(OTHERS)
    return random.choice([random.choice(EDGES), random.uniform(-100, 100), random.randrange(-5, 6)])


def draw_grid(random: Random, share_of_others: float) -> Grid:
    """Return the cells that formulas look at."""
    grid: Grid = {}
    for row in range(1, 13):
        for column in (1, 2, 3, 5, 6):
            content = draw_cell(random, share_of_others)
            if content is not None:
                grid[row, column] = float(content) if type(content) is int else content
    return grid


operands = st.sampled_from(
    ["A{r}", "$B{r}", "C{p}", "$E$1", "E{r}", "B{q}", "$F$2", "SQRT($E$1)", "EXP($F$1)"]
)
literals = st.sampled_from(["0", "1", "2", "0.1", "1E+300", "100", '"abc"', '""', "TRUE"])
ranges = st.sampled_from(
    ["A{r}:C{r}", "$E$1:$E$5", "$F$1:$F$5", "E{q}:E{r}", "E$1:E{r}", "A{q}:B{r}", "F{r}:F$12"]
)
criteria = st.sampled_from([">0", "<=2", "<>1", "=0", ">=-1.5", "<1e3", "abc", "1"])
digits = st.sampled_from(["0", "2", "-1"])
FUNCTIONS_OF_ONE = [
    "ABS",
    "ATANH",
    "EXP",
    "INT",
    "LN",
    "LOG10",
    "SIGN",
    "SQRT",
    "TANH",
    "SIN",
    "ATAN",
]


def deeper(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def of(pattern: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.tuples(*parts).map(lambda made: pattern.replace("~", "%s") % made)

    operator = st.sampled_from(["+", "-", "*", "/", "^", "+", "*", "-", "&"])
    compare = st.sampled_from(["=", "<>", "<", ">", "<=", ">="])
    one = st.sampled_from(FUNCTIONS_OF_ONE)
    items = inner | ranges
    several = st.lists(items, min_size=1, max_size=3).map(",".join)
    return st.one_of(
        of("(~~~)", inner, operator, inner),
        of("(~~~)", inner, operator, inner),
        of("(~~~)", inner, compare, inner),
        of("-~", inner),
        of("+~", inner),
        of("(~%%)", inner),
        of("~(~)", one, inner),
        of("IF(~,~,~)", inner, inner, inner),
        of("IF(~,~)", inner, inner),
        of("~(~,~)", st.sampled_from(["AND", "OR", "MOD", "POWER", "IFERROR"]), inner, inner),
        of("~(~)", st.sampled_from(["NOT", "ISNUMBER", "ISERROR", "ISBLANK"]), inner),
        of("~(~)", st.sampled_from(["MAX", "MIN", "SUM", "AVERAGE", "COUNT"]), several),
        of("INDEX(~,~)", ranges, inner),
        of("INDEX(~,~,~)", ranges, inner, inner),
        of("COUNTIF(~,~)", ranges, inner),
        of("SUMIF(~,~)", ranges, inner),
        of("AVERAGEIF($E$1:$E$5,~,$F$1:$F$5)", inner),
        of("SUMPRODUCT($E$1:$E$5,$F$1:$F$5)"),
        of("ROWS(~)", ranges),
        of("MATCH(~,~,0)", inner, ranges),
        of('COUNTIFS($E$1:$E$5,"~",$F$1:$F$5,~)', criteria, inner),
        of('COUNTIF(~,"~")', ranges, criteria),
        of("~(~,~)", st.sampled_from(["ROUND", "ROUNDUP", "ROUNDDOWN"]), inner, digits),
        of('MID(~&"xyz",2,2)', inner),
    )


expressions = st.recursive(operands | literals, deeper, max_leaves=6)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(expressions, st.integers(0, 2**20), st.sampled_from([0.0, 0.0, 0.05, 0.4]))
def test_the_engine_gives_what_formulas_gives(template: str, seed: int, others: float) -> None:
    check(template, seed, others)


def check(template: str, seed: int, others: float) -> None:
    """Compare a formula filled down with what formulas gives for every row."""
    grid = draw_grid(Random(seed), others)
    texts: dict[Position, str] = {}
    for row in ROWS:
        texts[row, 10] = "=" + template.format(r=row, p=row - 1, q=row - 2)
    book = Book({"S": {**grid, **{place: Formula(text) for place, text in texts.items()}}})
    result = calculate(book)
    assert not [note for note in result.notes if "generated" in note]
    for place, text in texts.items():
        value, expected = result.values["S"][place], by_formulas(text, grid)
        assert same(value, expected), (place, text, value, expected)


recurrent = st.recursive(
    st.sampled_from(["A{r}", "J{p}", "K{p}", "J{q}", "$E$1", "B{r}", "SUM(J{q}:K{p})"]) | literals,
    deeper,
    max_leaves=4,
)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(recurrent, recurrent, st.integers(0, 2**20), st.sampled_from([0.0, 0.1]))
def test_rows_that_need_the_rows_above(first: str, second: str, seed: int, others: float) -> None:
    """Two columns that look at each other, and at the rows above: one loop for both."""
    grid = draw_grid(Random(seed), others)
    for row in range(1, ROWS[0]):
        grid[row, 10], grid[row, 11] = float(row), 0.5
    texts: dict[Position, str] = {}
    for row in ROWS:
        texts[row, 10] = "=" + first.format(r=row, p=row - 1, q=row - 2)
        texts[row, 11] = f"=IF(ISNUMBER(J{row}),J{row}/2,0)+" + second.format(
            r=row, p=row - 1, q=row - 2
        )
    book = Book({"S": {**grid, **{place: Formula(text) for place, text in texts.items()}}})
    result = calculate(book)
    for place, text in texts.items():  # row by row: what is needed is known
        value, expected = result.values["S"][place], by_formulas(text, grid)
        if isinstance(expected, Uncomputed):
            assert isinstance(value, Uncomputed)
            return  # what follows waits for it
        assert same(value, expected), (place, text, value, expected)
        grid[place] = expected
