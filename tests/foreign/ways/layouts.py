"""Whole batches: where people put epochs, data and weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tests.foreign.plans import Plan, Tab, Truth, Way, address, book_of
from tests.foreign.reference import plain, train
from tests.foreign.ways.lines import FIXED, NEW, RATE, SLOPES, STEPS, A, B, X, Y, squared
from xlsgd.base.cells import Table

__all__ = ["ways"]

EPOCHS = 5


def batch(rows: range = range(6), total: bool = False) -> Any:
    def loss(a: Any, b: Any, step: int) -> Any:
        found = sum(squared(a, b, row) for row in rows)
        return found if total else found / len(rows)

    return loss


def _data(tab: Tab, row: int, column: int) -> None:
    for i, (x, y) in enumerate(zip(X, Y, strict=True)):
        tab.put((row + i, column), x)
        tab.put((row + i, column + 1), y)


def _way(
    name: str,
    tabs: list[Tab],
    weights: tuple[list[str], list[str]],
    rate: str,
    losses: list[str],
    gradients: list[list[str]],
    numbers: Callable[[], Sequence[float]],
    sheets: list[Tab] | None = None,
) -> Way:
    """weights: all cells of both, the last ones hold what comes out."""
    truth = Truth(
        tuple(tab.name for tab in (sheets or tabs)),
        tuple((cells[0],) for cells in weights),
        len(weights[0]) - 1,
        "gradient descent",
        (rate,),
        tuple(losses),
        tuple(map(tuple, gradients)),
        (),
        tuple(tuple(cells[1:]) for cells in weights),
    )
    last = tuple(cells[-1] for cells in weights)
    return Way(name, book_of(*tabs), (truth,), last, numbers)


def _blocks(name: str, parts: list[range], total: bool = False) -> Way:
    """An epoch, or a part of the data, is a block of rows below each other."""
    tab = Tab(name)
    tab.put("A1", "lr")
    tab.put("B1", RATE / 4 if total else RATE)
    _data(tab, 4, 1)
    a, b, losses = [], [], []
    gradients: list[list[str]] = [[], [], [], []]
    row, before, end = 12, 0, 0
    steps = EPOCHS * len(parts)
    for step in range(steps + 1):
        part = parts[step % len(parts)]
        n = len(part)
        if step:
            tab.put((row, 2), f"=B{before}-$B$1*F{end}")
            tab.put((row, 3), f"=C{before}-$B$1*G{end}")
        else:
            tab.put((row, 2), A)
            tab.put((row, 3), B)
        a.append(tab.at((row, 2)))
        b.append(tab.at((row, 3)))
        if step == steps:
            break
        tab.put((row, 1), f"step {step + 1}")
        for i, of in enumerate(part):
            r = row + 1 + i
            tab.put((r, 2), f"=$A${4 + of}")
            tab.put((r, 3), f"=$B${4 + of}")
            tab.put((r, 4), f"=B${row}*B{r}+C${row}")
            tab.put((r, 5), f"=(D{r}-C{r})^2")
            tab.put((r, 6), f"=2*(D{r}-C{r})*B{r}")
            tab.put((r, 7), f"=2*(D{r}-C{r})")
            losses.append(tab.at((r, 5)))
            gradients[0].append(tab.at((r, 6)))
            gradients[1].append(tab.at((r, 7)))
        end = row + n + 1
        for column, letter in ((5, "E"), (6, "F"), (7, "G")):
            function = "SUM" if total else "AVERAGE"
            tab.put((end, column), f"={function}({letter}{row + 1}:{letter}{end - 1})")
        losses.append(tab.at((end, 5)))
        gradients[2].append(tab.at((end, 6)))
        gradients[3].append(tab.at((end, 7)))
        before, row = row, end + 2

    def loss(a: Any, b: Any, step: int) -> Any:
        return batch(parts[step % len(parts)], total)(a, b, step)

    rate = RATE / 4 if total else RATE
    run = partial(train, (A, B), loss, plain(rate), steps)
    return _way(name, [tab], (a, b), tab.at("B1"), losses, gradients, run)


def _groups() -> Way:
    """An epoch is a group of columns to the right."""
    tab = Tab("column groups")
    tab.put("A1", "rate")
    tab.put("B1", RATE)
    _data(tab, 6, 1)
    a, b, losses = [], [], []
    gradients: list[list[str]] = [[], [], [], []]
    for epoch in range(EPOCHS + 1):
        left = 4 + 5 * epoch
        p, e, ga, gb = (address(1, left + i)[:-1] for i in range(4))
        if epoch:
            was, last_ga, last_gb = (address(1, left + i)[:-1] for i in (-5, -3, -2))
            tab.put((2, left), f"={was}2-$B$1*{last_ga}12")
            tab.put((3, left), f"={was}3-$B$1*{last_gb}12")
        else:
            tab.put((2, left), A)
            tab.put((3, left), B)
        a.append(tab.at((2, left)))
        b.append(tab.at((3, left)))
        if epoch == EPOCHS:
            break
        tab.put((5, left), "prediction")
        for r in range(6, 12):
            tab.put((r, left), f"={p}$2*$A{r}+{p}$3")
            tab.put((r, left + 1), f"=({p}{r}-$B{r})^2")
            tab.put((r, left + 2), f"=2*({p}{r}-$B{r})*$A{r}")
            tab.put((r, left + 3), f"=2*({p}{r}-$B{r})")
            losses.append(tab.at((r, left + 1)))
            gradients[0].append(tab.at((r, left + 2)))
            gradients[1].append(tab.at((r, left + 3)))
        for i, letters in enumerate((e, ga, gb), 1):
            tab.put((12, left + i), f"=AVERAGE({letters}6:{letters}11)")
        losses.append(tab.at((12, left + 1)))
        gradients[2].append(tab.at((12, left + 2)))
        gradients[3].append(tab.at((12, left + 3)))
    run = partial(train, (A, B), batch(), plain(RATE), EPOCHS)
    return _way(tab.name, [tab], (a, b), tab.at("B1"), losses, gradients, run)


def _tabs() -> Way:
    """An epoch is a tab."""
    data = Tab("data")
    data.put("D1", RATE)
    _data(data, 2, 1)
    tabs, a, b, losses = [], [], [], []
    gradients: list[list[str]] = [[], [], [], []]
    for epoch in range(EPOCHS + 1):
        tab = Tab(f"epoch {epoch + 1}")
        tabs.append(tab)
        if epoch:
            was = f"'epoch {epoch}'!"
            tab.put("A2", f"={was}A2-data!$D$1*{was}H10")
            tab.put("B2", f"={was}B2-data!$D$1*{was}I10")
        else:
            tab.put("A2", A)
            tab.put("B2", B)
        a.append(tab.at("A2"))
        b.append(tab.at("B2"))
        for r in range(4, 10):
            tab.put((r, 4), f"=data!A{r - 2}")
            tab.put((r, 5), f"=data!B{r - 2}")
            tab.put((r, 6), f"=$A$2*D{r}+$B$2")
            tab.put((r, 7), f"=(F{r}-E{r})^2")
            tab.put((r, 8), f"=2*(F{r}-E{r})*D{r}")
            tab.put((r, 9), f"=2*(F{r}-E{r})")
            losses.append(tab.at((r, 7)))
            gradients[0].append(tab.at((r, 8)))
            gradients[1].append(tab.at((r, 9)))
        for column, letter in ((7, "G"), (8, "H"), (9, "I")):
            tab.put((10, column), f"=SUM({letter}4:{letter}9)/6")
        losses.append(tab.at("G10"))
        gradients[2].append(tab.at("H10"))
        gradients[3].append(tab.at("I10"))
    run = partial(train, (A, B), batch(), plain(RATE), EPOCHS)
    return _way(
        "a tab per epoch", [data, *tabs], (a, b), data.at("D1"), losses, gradients,
        run, tabs,
    )  # fmt: skip


def _table() -> Way:
    """Data in a table, a row is a step over all of them."""
    data = Tab("Data")
    data.put("A1", "x")
    data.put("B1", "y")
    _data(data, 2, 1)
    error = "([a]*Points[x]+[b]-Points[y])"
    plan = Plan(
        Tab("steps by a table"),
        EPOCHS,
        FIXED,
        {
            "a": (A, "=[na-1]"),
            "b": (B, "=[nb-1]"),
            "loss": f"=SUMPRODUCT({error}^2)/ROWS(Points[x])",
            "ga": f"=2*SUMPRODUCT({error}*Points[x])/ROWS(Points[x])",
            "gb": f"=2*SUMPRODUCT({error})/ROWS(Points[x])",
            "na": NEW[0],
            "nb": NEW[1],
        },
    )
    return _with(plan, [data], batch(), {"points": Table("Data", (2, 1, 7, 2), ("x", "y"))})


def _with(
    plan: Plan, others: list[Tab], loss: Any, tables: dict[str, Table], names: Any = None
) -> Way:
    truth = plan.truth(("a", "b"), "gradient descent", gradients=("ga", "gb"), updates=("na", "nb"))
    way = plan.way(truth, ("na", "nb"), lambda: train((A, B), loss, plain(RATE), plan.steps))
    for tab in others:
        way.book.sheets[tab.name] = tab.grid
    way.book.tables.update(tables)
    way.book.names.update(names or {})
    return way


def _this_row() -> Way:
    """Every row of a table by the names of its columns."""
    columns = ("a", "b", "x", "y", "p", "loss", "ga", "gb", "na", "nb")
    this = {name: f"Train[[#This Row],[{name}]]" for name in columns}
    plan = Plan(
        Tab("a table of steps"),
        STEPS,
        FIXED,
        {
            "a": (A, "=[na-1]"),
            "b": (B, "=[nb-1]"),
            "x": X,
            "y": Y,
            "p": f"={this['a']}*{this['x']}+{this['b']}",
            "loss": f"=({this['p']}-{this['y']})^2",
            "ga": f"=2*({this['p']}-{this['y']})*{this['x']}",
            "gb": f"=2*({this['p']}-{this['y']})",
            "na": f"={this['a']}-[rate]*{this['ga']}",
            "nb": f"={this['b']}-[rate]*{this['gb']}",
        },
    )
    area = (5, 1, 4 + STEPS, len(columns))
    return _with(plan, [], squared, {"train": Table(plan.tab.name, area, columns)})


def _names() -> Way:
    """The rate and the data by names."""
    data = Tab("the data")
    _data(data, 3, 2)
    place = "MOD(ROW()-5,6)+1"
    plan = Plan(
        Tab("names"),
        STEPS,
        FIXED,
        {
            "a": (A, "=[na-1]"),
            "b": (B, "=[nb-1]"),
            "x": f"=INDEX(inputs,{place})",
            "y": f"=INDEX(targets,{place})",
            "p": "=[a]*[x]+[b]",
            **SLOPES,
            "na": "=[a]-learning_rate*[ga]",
            "nb": "=[b]-learning_rate*[gb]",
        },
    )
    names = {
        (None, "learning_rate"): "names!$B$1",
        (None, "inputs"): "'the data'!$B$3:$B$8",
        (None, "targets"): "'the data'!$C$3:$C$8",
    }
    return _with(plan, [data], squared, {}, names)


def ways() -> list[Way]:
    """Return ways to lay out epochs and data."""
    return [
        _blocks("blocks of rows", [range(6)]),
        _blocks("sums over blocks", [range(6)], total=True),
        _blocks("small batches", [range(3), range(3, 6)]),
        _groups(),
        _tabs(),
        _table(),
        _this_row(),
        _names(),
    ]
