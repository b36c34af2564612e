"""What is carried from step to step: weights, and what optimizers remember, found by structure alone.

A cell that keeps another's number and adds something is the next state of that other one. It is a
*weight* if what is added depends on that very number, as a slope does, with everything else that is
carried on held fixed. It is a *memory*, such as a running average, if it does not. Names, places and
values are not looked at.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_

from xlsgd.formula.tree import Node
from xlsgd.graph.cells import Cell, Cells
from xlsgd.foreign.terms import Kept, kept_terms, operand_number, rest_of

__all__ = ["Carried", "Recurrence", "carried", "depends_on", "origin"]


@dataclass(frozen=True)
class Recurrence:
    """A cell that is the next state of another one.

    before: the cell that holds it before the step, not a copy of it.   after: afterwards.
    share: the factors that what was before is multiplied with.   added: the cells that decide what
    is added.
    """

    before: Cell
    after: Cell
    share: tuple[Node, ...]
    added: tuple[Cell, ...]


@dataclass(frozen=True)
class Carried:
    """All that a workbook carries from step to step.

    weights, memories: in order of calculation.   on: of every formula cell the weights that it
    depends on, as bits, with weights and memories held fixed.   bits: of every weight.
    """

    weights: tuple[Recurrence, ...]
    memories: tuple[Recurrence, ...]
    on: Mapping[Cell, int]
    bits: Mapping[Cell, int]


def origin(cells: Cells, cell: Cell) -> Cell:
    """Return the cell that another is a copy of, over any number of copies."""
    seen = {cell}
    while cell in cells.written:
        written = cells.written[cell]
        if written.tree.kind != "reference" or written.area is not None:
            break
        slot = written.slots[operand_number(written.tree)]
        if slot.kind != "cell":
            break
        sheet, area = cells.operand(cell, slot)
        cell = Cell(sheet, area[0], area[1])
        if cell in seen:
            break
        seen.add(cell)
    return cell


def depends_on(cells: Cells, bits: Mapping[Cell, int], held: bool) -> dict[Cell, int]:
    """Return for every formula which of some cells it depends on, as bits.

    held: whether these cells are held fixed: then what they depend on themselves does not count.
    """
    found: dict[Cell, int] = {}
    for cell in cells.order:
        mask = 0
        for other in cells.precedents[cell]:
            own = bits.get(other)
            if own is not None:
                mask |= own
                if held:
                    continue
            mask |= found.get(other, 0)
        found[cell] = mask
    return found


def carried(cells: Cells) -> Carried:
    """Return the weights and memories of a workbook."""
    candidates = list(_alone(cells, _candidates(cells)))
    # What never comes back to itself is no state at all: a prediction is a bias and something.
    bits = _bits(each.before for each in candidates)
    on = depends_on(cells, bits, held=False)
    states = [each for each in candidates if _comes_back(cells, each, on, bits)]
    # With all states held fixed, only a slope still depends on the weight that it moves.
    bits = _bits(each.before for each in states)
    on = depends_on(cells, bits, held=True)
    weights = [each for each in states if _comes_back(cells, each, on, bits)]
    moving = {each.after for each in weights}
    memories = [each for each in states if each.after not in moving]
    bits = {each.before: bits[each.before] for each in weights}
    ours = reduce(or_, bits.values(), 0)
    return Carried(
        tuple(weights),
        tuple(memories),
        {cell: mask & ours for cell, mask in on.items() if mask & ours},
        bits,
    )


def _bits(cells: Iterable[Cell]) -> dict[Cell, int]:
    return {cell: 1 << i for i, cell in enumerate(dict.fromkeys(cells))}


def _candidates(cells: Cells) -> Iterable[Recurrence]:
    known: dict[int, list[Kept]] = {}
    for cell in cells.order:
        written = cells.written.get(cell)
        if written is None or written.area is not None:
            continue
        kept = known.get(id(written.tree))
        if kept is None:
            kept = known[id(written.tree)] = kept_terms(written)
        for each in kept:
            sheet, area = cells.operand(cell, written.slots[each.operand])
            before = origin(cells, Cell(sheet, area[0], area[1]))
            if before != cell:
                added = tuple(rest_of(cells, cell, each.rest))
                yield Recurrence(before, cell, each.share, added)


def _alone(cells: Cells, candidates: Iterable[Recurrence]) -> Iterable[Recurrence]:
    """Yield those whose state is carried on to one cell only: the same formula that takes one
    cell again and again carries nothing on."""
    every = list(candidates)
    counted: Counter[tuple[Cell, object]] = Counter(
        (each.before, cells.written[each.after].key) for each in every
    )
    for each in every:
        if counted[each.before, cells.written[each.after].key] == 1:
            yield each


def _comes_back(
    cells: Cells, each: Recurrence, on: Mapping[Cell, int], bits: Mapping[Cell, int]
) -> bool:
    """Return whether what is added depends on what was there before."""
    own = bits[each.before]
    for cell in each.added:
        if on.get(cell, 0) & own or origin(cells, cell) == each.before:
            return True
    return False


def _families(cells: Cells, recurrences: Iterable[Recurrence]) -> dict[object, list[Recurrence]]:
    """Return recurrences by the formula that they share."""
    found: defaultdict[object, list[Recurrence]] = defaultdict(list)
    for each in recurrences:
        found[cells.written[each.after].key].append(each)
    return found
