"""Mistakes are found, and the cell in which they stand is named first."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.foreign.calculated import calculated, same
from tests.foreign.mistakes import ONE_CELL_ONLY, RUN_ONLY, mistakes_in
from tests.foreign.mutations import Mutation, Runs, mutations
from tests.foreign.outcome import may_be_made, outcome, wrong_columns
from tests.foreign.plans import position
from tests.foreign.sources import Source, of_way
from tests.foreign.ways import all_ways
from xlsgd.base.cells import Book, Formula, Scalar

if TYPE_CHECKING:
    from tests.foreign.conftest import Checked

SEED = 16

CHOSEN = (
    "half the square",
    "central quotient",
    "transposed",
    "momentum",
    "adam without correction",
    "blocks of rows",
    "a tab per epoch",
    "tanh in long products",
    "relu by IF",
    "softmax",
)
"""Ways that stand for the others."""


def made(source: Source, count: int, whole: bool) -> list[Mutation]:
    """Return mistakes made in a source, the same ones every time."""
    values = source.calculate(source.book)
    return list(
        mutations(
            source.book,
            values,
            source.calculate,
            Random(f"{SEED} {source.name}"),
            count,
            whole=whole,
            among=source.columns if whole else source.cells,
            rates=source.rates,
        )
    )


# The mistakes themselves


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("factor", "=2*(E5-D5)*C5", "=(E5-D5)*C5"),
        ("factor", "=(E5-D5)*C5", "=2*((E5-D5)*C5)"),
        ("factor", "=(E5-D5)^2/2", "=(E5-D5)^2"),
        ("sign", "=E5-D5", "=-(E5-D5)"),
        ("operator", "=A5-$B$1*G5", "=A5+$B$1*G5"),
        ("operator", "=(R5-A5)*C5", "=(R5*A5)*C5"),
        ("operator", "=A5*C5+B5", "=A5+C5+B5"),
        ("other-row", "=A5*C5+B5", "=A5*C6+B5"),
        ("other-column", "=E5*C5", "=E5*D5"),
        ("drift", "=A6-$B$1*G6", "=A6-B2*G6"),
        ("frozen", "=A6-B6*C6", "=A6-$B$6*C6"),
        ("activation", "=D5*H5*(1-H5)", "=D5*(1-H5^2)"),
        ("activation", "=D5*(1-H5^2)", "=D5*H5*(1-H5)"),
        ("relu", "=IF(M5>0,N5,0)", "=(N5)"),
        ("relu", "=N5*(M5>0)", "=N5"),
        ("difference", "=(G5-F5)/0.01", "=(G5-F5)/0.1"),
        ("difference", "=(G5-F5)/$D$1", "=(G5-F5)/(10*$D$1)"),
        ("difference", "=(G5-H5)/(2*$D$1)", "=(G5-H5)/$D$1"),
        ("logarithm", "=-LN(H5)", "=-LOG(H5)"),
        ("range", "=SUM(A5:A9)", "=SUM(A5:A8)"),
        ("mean", "=AVERAGE(A5:A9)", "=SUM(A5:A9)"),
        ("square", "=(E5-D5)^2", "=(E5-D5)"),
        ("constant", "=EXP(3*A5)", "=EXP(4.5*A5)"),
    ],
)
def test_a_mistake(kind: str, right: str, wrong: str) -> None:
    """In row 6 of a column that begins in row 5."""
    texts = {m.edit(right, (6, 9)) for m in mistakes_in(right, (5, 9)) if m.kind == kind}
    assert wrong in texts


def test_every_mistake_is_what_it_says() -> None:
    """One cell, or all of a column; a number of it changes; nothing else is written otherwise."""
    kinds: set[str] = set()
    for name in ("rows", "sigmoids with deltas", "matrix net", "a tab per epoch"):
        source = of_way(all_ways()[name])
        values = source.calculate(source.book)
        for whole in (False, True):
            for mutation in made(source, 8, whole):
                kinds.add(mutation.kind)
                assert mutation.kind not in (ONE_CELL_ONLY if whole else RUN_ONLY)
                assert len(mutation.cells) == 1 or whole
                changed = _changed(source.book, mutation.book)
                assert changed == set(mutation.cells)
                places = [cell.rpartition("!") for cell in mutation.cells]
                assert any(
                    not same(values[s].get(position(w)), _value(mutation, s, w))
                    for s, _, w in places
                )
    assert len(kinds) >= 8


def _value(mutation: Mutation, sheet: str, where: str) -> Scalar:
    place = position(where)
    content = mutation.book.sheets[sheet][place]
    return mutation.values[sheet][place] if isinstance(content, Formula) else content


def _changed(old: Book, new: Book) -> set[str]:
    from tests.foreign.plans import address

    return {
        f"{sheet}!{address(*place)}"
        for sheet, grid in new.sheets.items()
        for place, content in grid.items()
        if content != old.sheets[sheet][place]
    }


def test_the_same_seed_makes_the_same_mistakes() -> None:
    source = of_way(all_ways()["tanh with deltas"])
    first, second = (
        [str(m) for m in mutations(source.book, calculated(source.book), calculated, Random(3), 6)]
        for _ in range(2)
    )
    assert first == second
    assert len(first) == 6


def test_what_is_trained_comes_back_to_itself() -> None:
    way = all_ways()["rows"]
    runs = Runs(way.book)
    columns = {place[1] for _, place in runs.trained()}
    assert columns == {1, 2, 5, 7, 8, 9, 10}  # a, b, p, both slopes, both new ones; not the loss


# What check says of them


def test_mistakes_are_named(checked: Checked) -> None:
    """Nearly all that stand in one cell are found, and named first; most that stand in a column."""
    counted: Counter[str] = Counter()
    missed = []
    for name in CHOSEN:
        source = of_way(all_ways()[name])
        before = wrong_columns(checked(source.book, source.calculate(source.book)))
        mistakes = [*made(source, 3, False), *made(source, 2, True)]
        for mutation in mistakes:
            if not may_be_made(mutation, before):
                continue
            found = outcome(checked(mutation.book, mutation.values), before, mutation)
            kind = "column" if mutation.whole else "cell"
            counted[f"{kind} made"] += 1
            counted[f"{kind} found"] += found.found
            counted[f"{kind} first"] += found.first
            if not found.first:
                missed.append(f"{mutation}: {found.words or 'nothing is called wrong'}")
    words = (dict(counted), missed)
    assert counted["cell made"] >= 20, words
    assert counted["column made"] >= 12, words
    assert counted["cell found"] >= 0.9 * counted["cell made"], words
    assert counted["cell first"] >= 0.85 * counted["cell made"], words
    assert counted["column found"] >= 0.8 * counted["column made"], words
    assert counted["column first"] >= 0.75 * counted["column made"], words
