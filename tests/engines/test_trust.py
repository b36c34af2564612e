"""Generated code is checked against formulas, and dropped when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.books import calculate
from xlsgd.base.cells import Book, CellError, Formula, Grid
from xlsgd.engines.fast import compiled
from xlsgd.engines.fast.compiled import RULES
from xlsgd.engines.fast.kinds import NUMBER, Written
from xlsgd.engines.fast.library import Library
from xlsgd.engines.fast.parsed import Fetch, Parsed
from xlsgd.engines.fast.rules import Arguments, Rule
from xlsgd.engines.fast.writer import Writer


def rising(formula: str, rows: int = 40) -> Book:
    grid: Grid = {}
    for row in range(1, rows + 1):
        grid[row, 1] = float(row)
        grid[row, 2] = Formula(formula.format(r=row))
        grid[row, 3] = Formula(f"=B{row}+1")
    return Book({"S": grid})


def write(text: str) -> Rule:
    def rule(writer: Writer, name: str, arguments: Arguments) -> Written:
        x, y = (writer.number(argument) for argument in arguments)
        return writer.let(text.format(x=x, y=y), NUMBER)

    return rule


def test_an_operator_that_is_wrong_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, "*", write("{x} + {y}"))
    result = calculate(rising("=A{r}*3"))
    assert [result.values["S"][row, 2] for row in (1, 2, 40)] == [3.0, 6.0, 120.0]
    assert result.values["S"][40, 3] == 121.0
    (note,) = result.notes
    assert "S!B1: generated code gave 4.0 for =A1*3, formulas gives 3.0" in note


def test_an_operator_that_is_wrong_later_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first cell agrees; the one from the middle does not, and all are calculated again."""
    monkeypatch.setitem(RULES, "*", write("{x} * {y} if {x} < 5 else 0.0"))
    result = calculate(rising("=A{r}*3"))
    assert [result.values["S"][row, 2] for row in (1, 2, 40)] == [3.0, 6.0, 120.0]
    assert result.values["S"][40, 3] == 121.0
    (note,) = result.notes
    assert "formulas gives" in note


def test_a_difference_in_the_last_bit_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, "*", write("{x} * {y} * 1.0000000000000002"))
    result = calculate(rising("=A{r}*3"))
    assert result.values["S"][40, 2] == 120.0
    assert len(result.notes) == 1


def test_the_sign_of_zero_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, "*", write("-({x} * {y})"))
    result = calculate(rising("=A{r}*0"))
    assert str(result.values["S"][40, 2]) == "0.0"
    assert len(result.notes) == 1


def test_code_that_is_wrong_for_one_kind_of_operand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers are right and trusted; where a truth value comes, all is calculated again."""

    def rule(writer: Writer, name: str, arguments: Arguments) -> Written:
        x, y = (writer.number(argument) for argument in arguments)
        wrong = "1.0 if" in x
        return writer.let(f"{x} * {y}" + (" + 1.0" if wrong else ""), NUMBER)

    monkeypatch.setitem(RULES, "*", rule)
    book = rising("=A{r}*3")
    book.sheets["S"][30, 1] = True
    result = calculate(book)
    assert [result.values["S"][row, 2] for row in (29, 30, 31)] == [87.0, 3.0, 93.0]
    assert len(result.notes) == 1


def test_nothing_to_tell_when_all_is_well() -> None:
    assert calculate(rising("=A{r}*3")).notes == []


def test_each_formula_is_parsed_once_and_seldom_calculated(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    calculated: list[Parsed] = []
    parse, value = Parsed.__init__, Parsed.value

    def parse_and_tell(self: Parsed, library: Library, text: str, cell: str | None = None) -> None:
        parsed.append(text)
        parse(self, library, text, cell)

    def value_and_tell(self: Parsed, fetch: Fetch) -> object:
        calculated.append(self)
        return value(self, fetch)

    monkeypatch.setattr(Parsed, "__init__", parse_and_tell)
    monkeypatch.setattr(Parsed, "value", value_and_tell)
    calculate(rising("=A{r}*3", rows=500))
    assert sorted(parsed) == ["=S0!A1*3", "=S0!A1+1"]
    assert len(calculated) == 4  # the first and one from the middle of each


def test_generated_code_holds_nothing_of_the_workbook(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts get in through repr, numbers as floats, names not at all."""
    sources: list[str] = []

    def spy(text: str, *rest: str) -> object:
        sources.append(text)
        return compile(text, *rest)

    monkeypatch.setattr(compiled, "compile", spy, raising=False)
    evil = '"&__import__("os").system("touch /tmp/owned")&"'
    tricky = "x\\');import os#\n"
    quoted = evil.replace('"', '""')
    grid: Grid = {
        (1, 1): 1.0,
        (1, 2): Formula(f'=A1&"{tricky}"'),
        (1, 3): Formula(f'=IF(A1>0,"{quoted}","")'),
    }
    result = calculate(Book({"S');x": grid}))
    assert result.values["S');x"][1, 3] == evil
    assert len(sources) == 2
    assert repr(tricky.replace("\n", "")) in sources[0]
    assert repr(evil) in sources[1]
    assert not Path("/tmp/owned").exists()


def test_what_was_checked_once_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the next workbook the same formulas are known: nothing is parsed, nothing checked."""
    first = calculate(rising("=A{r}*3"))
    calculated: list[object] = []
    original = Parsed.value
    monkeypatch.setattr(
        Parsed, "value", lambda self, fetch: calculated.append(self) or original(self, fetch)
    )
    assert calculate(rising("=A{r}*3")).values == first.values
    assert calculated == []
    calculate(rising("=A{r}*4"))
    assert len(calculated) == 2  # its first cell and one from the middle


def test_a_row_in_doubt_does_not_stop_the_others() -> None:
    grid: Grid = {(1, 1): 1.0, (1, 2): Formula("=A1*2")}
    for row in range(2, 201):
        grid[row, 1] = Formula(f"=B{row - 1}/C{row}")
        grid[row, 2] = Formula(f"=IF(ISNUMBER(A{row}),A{row}*2,1)")
        grid[row, 3] = 0.0 if row % 50 == 0 else 2.0
    values = calculate(Book({"S": grid})).values["S"]
    for row in range(2, 201):
        wrong = row % 50 == 0
        assert isinstance(values[row, 1], CellError) == wrong
        assert values[row, 2] == (1.0 if wrong else 2 * values[row, 1])  # type: ignore[operator]
