"""Matrix form, and one pass whose derivatives are written down without a step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tests.foreign.plans import Tab, Truth, Way, address, book_of, position
from tests.foreign.reference import plain, slopes, train
from tests.foreign.ways.layouts import batch
from tests.foreign.ways.lines import RATE, A, B, X, Y
from xlsgd.base.cells import Area, Book, Formula

__all__ = ["ways"]


class Arrays:
    """A tab with formulas that fill several cells."""

    def __init__(self, name: str) -> None:
        self.tab = Tab(name)
        self.areas: dict[tuple[int, int], Area] = {}

    def fill(self, first: str, rows: int, columns: int, formula: str) -> str:
        """Write an array formula; return its area."""
        row, column = position(first)
        area = (row, column, row + rows - 1, column + columns - 1)
        self.areas[row, column] = area
        for r in range(row, row + rows):
            for c in range(column, column + columns):
                self.tab.grid[r, c] = 0.0  # a stored value stands there once it is calculated
        self.tab.grid[row, column] = Formula("{=" + formula + "}")
        return f"{first}:{address(area[2], area[3])}"

    def numbers(self, first: str, given: list[list[float]]) -> str:
        """Write numbers; return their area."""
        row, column = position(first)
        for i, line in enumerate(given):
            for j, number in enumerate(line):
                self.tab.put((row + i, column + j), number)
        return f"{first}:{address(row + len(given) - 1, column + len(given[0]) - 1)}"

    def cells(self, area: str) -> list[str]:
        """Return the cells of an area, row by row."""
        first, _, last = area.partition(":")
        (top, left), (bottom, right) = position(first), position(last or first)
        return [
            self.tab.at((row, column))
            for row in range(top, bottom + 1)
            for column in range(left, right + 1)
        ]

    def book(self) -> Book:
        return Book({self.tab.name: self.tab.grid}, arrays={self.tab.name: self.areas})


def _line() -> Way:
    """A line for all rows at once, a step below the other."""
    on = Arrays("matrix line")
    tab = on.tab
    tab.put("A1", RATE)
    on.numbers("A3", [[x, 1.0] for x in X])
    on.numbers("D3", [[y] for y in Y])
    x, y = "$A$3:$B$8", "$D$3:$D$8"
    runs: list[list[str]] = [[], []]
    gradients: list[list[str]] = [[], []]
    losses = []
    row, steps = 12, 4
    for step in range(steps + 1):
        if step:
            w = on.fill(f"B{row}", 2, 1, f"B{row - 8}:B{row - 7}-$A$1*H{row - 8}:H{row - 7}")
        else:
            w = on.numbers(f"B{row}", [[A], [B]])
        for run, cell in zip(runs, on.cells(w), strict=True):
            run.append(cell)
        if step == steps:
            break
        p = on.fill(f"D{row}", 6, 1, f"MMULT({x},{w})")
        e = on.fill(f"F{row}", 6, 1, f"{p}-{y}")
        g = on.fill(f"H{row}", 2, 1, f"MMULT(TRANSPOSE({x}),{e})*2/6")
        for run, cell in zip(gradients, on.cells(g), strict=True):
            run.append(cell)
        tab.put(f"J{row}", f"=SUMSQ({e})/6")
        losses.append(tab.at(f"J{row}"))
        row += 8
    truth = Truth(
        (tab.name,),
        ((runs[0][0],), (runs[1][0],)),
        steps,
        "gradient descent",
        (tab.at("A1"),),
        tuple(losses),
        tuple(map(tuple, gradients)),
        (),
        tuple(tuple(run[1:]) for run in runs),
    )
    last = tuple(run[-1] for run in runs)
    numbers = partial(train, (A, B), batch(), plain(RATE), steps)
    return Way(tab.name, on.book(), (truth,), last, numbers)


INPUTS = [[0.2, 0.6, 1.0], [0.9, -0.3, 1.0], [-0.4, 0.8, 1.0], [0.7, 0.4, 1.0]]
TARGETS = [[0.9], [0.2], [0.7], [0.8]]
FIRST = [[0.4, -0.25], [-0.3, 0.5], [0.15, 0.1]]
SECOND = [[0.6], [-0.45]]


def net_loss(*given: Any) -> Any:
    """Return half the squares of a net of two layers, summed over the rows."""
    import torch

    *w, _ = given
    x = torch.tensor(INPUTS, dtype=torch.float64)
    first = torch.stack(list(w[:6])).reshape(3, 2)
    p = torch.sigmoid(x @ first) @ torch.stack(list(w[6:])).reshape(2, 1)
    return ((p - torch.tensor(TARGETS, dtype=torch.float64)) ** 2).sum() / 2


def _net(name: str, steps: int) -> Way:
    """Two layers for all rows at once.   steps: 0 for one pass without an update."""
    on = Arrays(name)
    tab = on.tab
    if steps:
        tab.put("A1", RATE)
    x, y = on.numbers("A3", INPUTS), on.numbers("E3", TARGETS)
    gradients: list[list[str]] = []
    weights: list[list[str]] = []
    losses = []
    row = 10
    for step in range(steps + 1):
        if step:
            up = row - 8
            first = on.fill(f"A{row}", 3, 2, f"A{up}:B{up + 2}-$A$1*L{up}:M{up + 2}")
            second = on.fill(f"C{row}", 2, 1, f"C{up}:C{up + 1}-$A$1*N{up}:N{up + 1}")
        else:
            first, second = on.numbers(f"A{row}", FIRST), on.numbers(f"C{row}", SECOND)
        weights.append(on.cells(first) + on.cells(second))
        if step == steps and steps:
            break
        h = on.fill(f"E{row}", 4, 2, f"1/(1+EXP(-MMULT({x},{first})))")
        p = on.fill(f"G{row}", 4, 1, f"MMULT({h},{second})")
        e = on.fill(f"H{row}", 4, 1, f"{p}-{y}")
        dz = on.fill(f"I{row}", 4, 2, f"MMULT({e},TRANSPOSE({second}))*{h}*(1-{h})")
        g1 = on.fill(f"L{row}", 3, 2, f"MMULT(TRANSPOSE({x}),{dz})")
        g2 = on.fill(f"N{row}", 2, 1, f"MMULT(TRANSPOSE({h}),{e})")
        gradients.append(on.cells(g1) + on.cells(g2))
        tab.put(f"P{row}", f"=SUMSQ({e})/2")
        losses.append(tab.at(f"P{row}"))
        row += 8
    start = [w for line in FIRST for w in line] + [w for line in SECOND for w in line]
    numbers: Callable[[], Sequence[float]] = (
        partial(train, start, net_loss, plain(RATE), steps)
        if steps
        else partial(slopes, net_loss, start, 0)
    )
    last = tuple(weights[-1] if steps else gradients[0])
    truth = Truth(
        (tab.name,),
        tuple((cell,) for cell in weights[0]),
        steps,
        "gradient descent" if steps else "",
        (tab.at("A1"),) if steps else (),
        tuple(losses),
        tuple(map(tuple, zip(*gradients, strict=True))),
        (),
        tuple(map(tuple, zip(*weights[1:], strict=True))) if steps else (),
    )
    return Way(name, on.book(), (truth,), last, numbers)


def _one_pass() -> Way:
    """Slopes for every row of data and their sums, without a step."""
    tab = Tab("one pass")
    for where, content in (("A1", "a"), ("B1", A), ("A2", "b"), ("B2", B), ("A4", "x")):
        tab.put(where, content)
    for i, (x, y) in enumerate(zip(X, Y, strict=True)):
        r = 5 + i
        tab.put((r, 1), x)
        tab.put((r, 2), y)
        tab.put((r, 3), f"=TANH($B$1*A{r}+$B$2)")
        tab.put((r, 4), f"=(C{r}-B{r})^2")
        tab.put((r, 5), f"=2*(C{r}-B{r})")
        tab.put((r, 6), f"=E{r}*(1-C{r}^2)")
        tab.put((r, 7), f"=F{r}*A{r}")
        tab.put((r, 8), f"=F{r}")
    for column, letter in ((4, "D"), (7, "G"), (8, "H")):
        tab.put((11, column), f"=SUM({letter}5:{letter}10)")

    def loss(a: Any, b: Any, step: int) -> Any:
        return sum((((a * x + b).tanh() - y) ** 2 for x, y in zip(X, Y, strict=True)))

    rows = range(5, 11)
    truth = Truth(
        (tab.name,),
        ((tab.at("B1"),), (tab.at("B2"),)),
        0,
        losses=(tab.at("D11"), *(tab.at(f"D{r}") for r in rows)),
        gradients=(
            *(tuple(tab.at(f"{letter}{r}") for r in rows) for letter in "GH"),
            (tab.at("G11"),),
            (tab.at("H11"),),
        ),
    )
    cells = (tab.at("G11"), tab.at("H11"))
    return Way(tab.name, book_of(tab), (truth,), cells, partial(slopes, loss, (A, B), 0))


def ways() -> list[Way]:
    """Return ways in matrix form and without steps."""
    return [_line(), _net("matrix net", 3), _net("matrix pass", 0), _one_pass()]
