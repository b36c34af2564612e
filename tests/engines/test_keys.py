"""Keys: equal for a formula filled down or right, different for any other."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engines.books import book
from xlsgd.base.cells import LAST_ROW, Book
from xlsgd.engines.fast.keys import KeyReader
from xlsgd.formula.r1c1 import (
    Refused,
    Relative,
    address,
    column_letters,
    read_area,
)

pytestmark = pytest.mark.every

BOOK = Book(
    {"Sheet": {}, "data": {}, "two neurons": {}, "it's": {}, "Größe": {}},
    {
        (None, "rate"): "0.01",
        (None, "xs"): "data!$B$5:$B$33",
        (None, "deep"): "rate+xs",
        ("data", "rate"): "data!$A$1",
        (None, "moving"): "data!A1",
        (None, "loop"): "1+loop",
        (None, "rows_of"): "ROW(data!A1)",
        (None, "a1.b"): "5",
    },
)


def key(text: str, row: int = 9, column: int = 5, sheet: str = "Sheet") -> Relative:
    return KeyReader(BOOK).key(text, sheet, row, column)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("=D9*$B$5", 9, 5), ("=D10*$B$5", 10, 5)),
        (("=D9*$B$5", 9, 5), ("=E9*$B$5", 9, 6)),
        (("=SUM(A1:B3)", 9, 5), ("=SUM(C2:D4)", 10, 7)),
        (("=A:A+$5:7", 9, 5), ("=B:B+$5:8", 10, 6)),
        (("=data!A1", 9, 5), ("=DATA!a2", 10, 5)),
        (("='two neurons'!A1", 9, 5), ("='Two Neurons'!A2", 10, 5)),
        (("=Sheet!A1", 9, 5), ("=A2", 10, 5)),
        (("=ROW()+ROW(A1)", 9, 5), ("=ROW()+ROW(A2)", 10, 5)),
        (("=rate*A1", 9, 5), ("=RATE*A2", 10, 5)),
    ],
)
def test_filled_formulas_have_equal_keys(
    one: tuple[str, int, int], other: tuple[str, int, int]
) -> None:
    assert key(*one) == key(*other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("=A1", "=A2"),
        ("=A1", "=$A1"),
        ("=A1", "=A$1"),
        ("=A1", "=data!A1"),
        ("=A1", "=A1:A1"),
        ('="A1"', "=A1"),
        ("=A1+B1", "=B1+A1"),
        ("=ROW(A1)", "=COLUMN(A1)"),
        ("=A1+A1", "=A1+$A$1"),
    ],
)
def test_different_formulas_have_different_keys(one: str, other: str) -> None:
    assert key(one) != key(other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=D9*(E8-$B$5)+D9", "=S0!A1*(S1!A1-S2!A1)+S0!A1"),
        ("=LOG10(LOG10)+LOG10", "=LOG10(S0!A1)+S0!A1"),
        ("=SUM(A1:B2,A:C,5:7)", "=SUM(S0!A1:B2,S1!A1:B2,S2!A1:B2)"),
        ("='it''s'!A1+Größe!$B2", "=S0!A1+S1!A1"),
        ('="A1 ""B2"" rate"&A1', '="A1 ""B2"" rate"&S0!A1'),
        ("=1E5+1e300+1E-5+2.5E+3+.5", "=1E+5+1e+300+1E-5+2.5E+3+.5"),
        ("=missing!A1+SUM(missing!A1:B2)", "=#REF!+SUM(#REF!)"),
        ("=Sheet!#REF!+#REF!A1+#n/a", "=#REF!+#REF!+#N/A"),
        ("=A1048577+XFE1+nothing+_x.1", "=#NAME?+#NAME?+#NAME?+#NAME?"),
        ("=XFD1048576", "=S0!A1"),
        ("=rate*SUM(xs)", "=(0.01)*SUM(S0!A1:B2)"),
        ("=data!rate", "=S0!A1"),
        ("=Sheet!rate", "=(0.01)"),
        ("=deep*2", "=((0.01)+S0!A1:B2)*2"),
        ("=rate(1)", "=rate(1)"),
        ("=a1.b&true&FALSE", "=(5)&true&FALSE"),
        ("=LET(x,A1,x+1)", "=LET(x,S0!A1,x+1)"),
        ("=IF(A1,,{1,2;3,4})", "=IF(S0!A1,,{1,2;3,4})"),
        ("=ROW()+COLUMN(B$3)+ROW(A1:A3)", "=S0!A1+S1!A1+ROW(S2!A1:B2)"),
    ],
)
def test_text_of_a_key(text: str, expected: str) -> None:
    assert key(text).text == expected


def test_names_of_the_sheet_go_first() -> None:
    assert key("=rate", sheet="data").text == "=S0!A1"
    assert key("=rate", sheet="Sheet").text == "=(0.01)"


def test_unknown_names_are_remembered() -> None:
    reader = KeyReader(BOOK)
    reader.key("=nope+rate+Nope2", "Sheet", 1, 1)
    assert reader.unknown == {"nope", "Nope2"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{=SUM(A1:A3)}", "array formula"),
        ("A1", "no '='"),
        ("=(A1", "brackets"),
        ("=A1)+(A1", "brackets"),
        ('="abc', "quotation mark"),
        ("=[1]Sheet1!A1", "another workbook"),
        ("='[Book.xlsx]Sheet'!A1", "another workbook"),
        ("=Sheet:data!A1", "several sheets"),
        ("=Table1[Age]", "no table Table1"),
        ("=A1#", "spilled"),
        ("=moving", "not absolute"),
        ("=rows_of", "not absolute"),
        ("=loop", "itself"),
        ("=" + "1+" * 5000 + "1", "8192"),
        ("=LET(x,,1)", "empty argument"),
    ],
)
def test_what_has_no_key(text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        key(text)


# --- the memory of columns ---

PIECES = ["A{r}", "$B{r}", "C${r}", "$D$7", "LOG{r}", "data!A{r}", "'two neurons'!$C{q}"]
PIECES += ["A{r}:B{q}", "A$1:A{r}", "{r}:{q}", "A:B", "ROW(A{r})", "ROW()", "rate", "xs"]
PIECES += ["missing!A{q}", '"A{r}"', '"100%"', "1E{r}", "LOG10(A{r})", "A{r}%", "x{r}y", "{r}"]
PIECES += ["XFE{r}", "#REF!A{q}", "$A${r}", "data!$A{r}:B$9"]
formulas = st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("+".join)
cells = st.lists(
    st.tuples(st.sampled_from([0, 1, 2]), st.integers(1, 3), st.booleans()), min_size=2, max_size=12
)


@settings(deadline=None, derandomize=True)
@given(
    st.lists(formulas, min_size=3, max_size=3),
    st.sampled_from([1, 5, 95, 998, LAST_ROW - 30]),
    cells,
)
def test_remembered_keys_are_those_read_in_full(
    templates: list[str], row: int, steps: list[tuple[int, int, bool]]
) -> None:
    remembering = KeyReader(BOOK)
    for which, step, shifted in steps:
        row += step
        text = "=" + templates[which].format(r=row, q=row + (3 if shifted else 2))
        expected = KeyReader(BOOK).read(text, "Sheet", row, 4).relative
        assert remembering.key(text, "Sheet", row, 4) == expected


def test_equal_keys_are_one_object() -> None:
    reader = KeyReader(BOOK)
    assert reader.key("=A1", "Sheet", 1, 2) is reader.key("=B1", "data", 1, 3)


def test_a_reference_does_not_run_off_the_sheet() -> None:
    reader = KeyReader(BOOK)
    assert reader.key(f"=A{LAST_ROW}", "Sheet", 1, 1).text == "=S0!A1"
    assert reader.key(f"=A{LAST_ROW + 1}", "Sheet", 2, 1).text == "=#NAME?"


# --- places ---


def test_where_slots_are() -> None:
    slots = key("=$B5+SUM(A$5:C9)", 9, 5).slots
    assert [slot.at(10, 6) for slot in slots] == [(6, 2, 6, 2), (5, 2, 10, 4)]
    assert slots[1].at(3, 5) == (3, 1, 5, 3)  # upside down, and still the upper row first


def test_addresses() -> None:
    assert address("Sheet", 7, 28) == "Sheet!AB7"
    assert address("it's", 7, 1) == "'it''s'!A7"
    assert column_letters(16384) == "XFD"


def test_areas() -> None:
    area = read_area("$B$5:C7")
    assert area is not None
    assert area.corners == ((True, 5), (True, 2), (False, 7), (False, 3))
    assert read_area("A1048577") is None
    assert read_area("XFE1") is None


def test_anchored_formulas_keep_their_places() -> None:
    reader = KeyReader(book({}, data={}))
    text, sheets = reader.anchored("=SUM(A1:INDEX(data!$B$2:B9,ROW()))", "Sheet", 9, 5)
    assert text == "=SUM(A1:INDEX(S1!B2:B9,9))"
    assert sheets == ["sheet", "data"]
