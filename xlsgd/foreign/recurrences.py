"""What is carried from step to step: weights, and what optimizers remember, found by structure.

A cell that keeps another's number and adds something is the next state of that other one. It is a
*weight* if what is added depends on that very number, as a slope does, with everything else that is
carried on held fixed. It is a *memory*, such as a running average, if it does not. Names, places
and values are not looked at.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from xlsgd.foreign.terms import Kept, factors_of, kept_terms, operand_number, rest_of
from xlsgd.formula.tree import Node
from xlsgd.graph.cells import Cell, Cells

__all__ = ["Carried", "Recurrence", "carried", "each_bit", "origin", "without_earlier"]


@dataclass(frozen=True)
class Recurrence:
    """A cell that is the next state of another one.

    before: the cell that holds it before the step, not a copy of it.   after: afterwards.
    share: the factors that what was before is multiplied with.   added: the cells that decide what
    is added.   formula: the same for all that keep the same operand of the same formula.
    """

    before: Cell
    after: Cell
    share: tuple[Node, ...]
    added: tuple[Cell, ...]
    formula: object = None


@dataclass(frozen=True)
class Carried:
    """All that a workbook carries from step to step.

    weights, memories: in order of calculation.   on: of every formula cell the weights of its step
    that it depends on, as bits.   bits: of every weight.
    earlier: of a weight's bit those of the same weight before earlier steps.
    """

    weights: tuple[Recurrence, ...]
    memories: tuple[Recurrence, ...]
    on: Mapping[Cell, int]
    bits: Mapping[Cell, int]
    earlier: Mapping[int, int]


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


def depends_on(
    cells: Cells, bits: Mapping[Cell, int], held: bool, cut: Mapping[Cell, Cell] | None = None
) -> dict[Cell, int]:
    """Return for every formula which of some cells it depends on, as bits.

    held: whether these cells are held fixed: then what they depend on themselves does not count.
    cut: formulas that do not count what they keep of the cell that is given, or of a copy of it.
    """
    cut = cut or {}
    found: dict[Cell, int] = {}
    for cell in cells.order:
        mask = 0
        before = cut.get(cell)
        for other in cells.precedents[cell]:
            if before is not None and (other == before or origin(cells, other) == before):
                continue
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
    candidates = list(_alone(_candidates(cells)))
    # What never comes back to itself is no state at all: a prediction is a bias and something.
    bits = _bits(each.before for each in candidates)
    on = depends_on(cells, bits, held=False)
    before = {each.after: each.before for each in candidates}
    formulas = {each.after: each.formula for each in candidates}
    states = []
    for each in candidates:
        # An average that is used one step later comes back after two.
        chained = each.before in before and formulas[each.before] == each.formula
        earlier = before[each.before] if chained else each.before
        if _comes_back(each, on, bits[each.before] | bits[earlier]):
            states.append(each)
    # What keeps all that was there, or all but a decay, may be a weight; with those held fixed and
    # all others cut, only a slope still depends on the weight that it moves.
    whole = [each for each in states if not each.share or _is_decay(each.share)]
    bits = _bits(each.before for each in whole)
    wholes = {each.after for each in whole}
    cut = {each.after: each.before for each in states if each.after not in wholes}
    on = depends_on(cells, bits, held=True, cut=cut)
    weights = [each for each in whole if _comes_back(each, on, bits[each.before])]
    # A slope may be wrong and not depend on its weight: the formula is a weight's all the same.
    known = {each.formula for each in weights}
    kept_whole = {id(each) for each in whole}
    weights = [each for each in candidates if not each.share or id(each) in kept_whole]
    weights = [each for each in weights if each.formula in known]
    weights = _one_each(weights)
    moving = {cell for each in weights for cell in (each.before, each.after)}
    memories = [each for each in states if not moving & {each.before, each.after}]
    # What is remembered goes on from step to step; data times a weight do not.
    going_on = _chained(memories)
    memories = [each for each in memories if going_on[each.formula]]
    bits = _bits(each.before for each in weights)
    cut = {each.after: each.before for each in memories}
    on = depends_on(cells, bits, held=True, cut=cut)
    older = _earlier(weights, bits)
    newest = {mask: without_earlier(mask, older) for mask in set(on.values())}
    on = {cell: newest[mask] for cell, mask in on.items() if mask}
    return Carried(tuple(weights), tuple(memories), on, bits, older)


def _chained(recurrences: Sequence[Recurrence]) -> Counter[object]:
    """Return how often a formula goes on with what it gave in the step before."""
    after: defaultdict[object, set[Cell]] = defaultdict(set)
    for each in recurrences:
        after[each.formula].add(each.after)
    return Counter(each.formula for each in recurrences if each.before in after[each.formula])


def _one_each(weights: Sequence[Recurrence]) -> list[Recurrence]:
    """Return one update for every weight: of two formulas that keep the same one, that which goes
    on with its own, step after step."""
    chained = _chained(weights)
    best: dict[Cell, Recurrence] = {}
    for each in weights:
        other = best.get(each.before)
        if other is None or chained[each.formula] > chained[other.formula]:
            best[each.before] = each
    kept = {id(each) for each in best.values()}
    return [each for each in weights if id(each) in kept]


def _earlier(weights: Iterable[Recurrence], bits: Mapping[Cell, int]) -> dict[int, int]:
    """Return of every weight the same weight before all earlier steps."""
    found: dict[int, int] = {}
    for each in weights:
        after = bits.get(each.after)
        if after is not None:
            before = bits[each.before]
            found[after] = before | found.get(before, 0)
    return found


def without_earlier(mask: int, earlier: Mapping[int, int]) -> int:
    """Return weights without those of earlier steps, on which a cell depends by what an optimizer
    remembers."""
    older = 0
    for bit in each_bit(mask):
        older |= earlier.get(bit, 0)
    return mask & ~older


def each_bit(mask: int) -> Iterable[int]:
    """Yield the bits of a mask, the lowest first."""
    while mask:
        bit = mask & -mask
        yield bit
        mask ^= bit


def _is_decay(share: tuple[Node, ...]) -> bool:
    """Return whether a factor is as in ``w*(1-rate*decay)``."""
    if len(share) != 1 or share[0].kind != "operator" or share[0].value != "-":
        return False
    one, rest = share[0].parts
    return one.kind == "number" and one.value == 1 and len(list(factors_of(rest))) > 1


def _bits(cells: Iterable[Cell]) -> dict[Cell, int]:
    return {cell: 1 << i for i, cell in enumerate(dict.fromkeys(cells))}


def _candidates(cells: Cells) -> Iterator[Recurrence]:
    known: dict[int, list[Kept]] = {}
    for cell in cells.order:
        written = cells.written.get(cell)
        if written is None:
            continue
        kept = known.get(id(written.tree))
        if kept is None:
            kept = known[id(written.tree)] = kept_terms(written)
        for each in kept:
            for n, (before, after) in enumerate(_kept_cells(cells, cell, each)):
                added = tuple(rest_of(cells, cell, each.rest, after))
                before = origin(cells, before)
                if before != after:
                    formula = (written.key, each.operand, n)
                    yield Recurrence(before, after, each.share, added, formula)


def _kept_cells(cells: Cells, cell: Cell, kept: Kept) -> Iterator[tuple[Cell, Cell]]:
    """Yield what is kept and where: of a formula of arrays element by element."""
    written = cells.written[cell]
    sheet, (top, left, bottom, right) = cells.operand(cell, written.slots[kept.operand])
    if written.area is None:
        yield Cell(sheet, top, left), cell
        return
    first_row, first_column, last_row, last_column = written.area
    if (bottom - top, right - left) != (last_row - first_row, last_column - first_column):
        return
    for down in range(bottom - top + 1):
        for across in range(right - left + 1):
            after = Cell(cell.sheet, first_row + down, first_column + across)
            yield Cell(sheet, top + down, left + across), after


def _alone(candidates: Iterable[Recurrence]) -> Iterator[Recurrence]:
    """Yield those whose state is carried on to one cell only: the same formula that takes one
    cell again and again carries nothing on."""
    every = list(candidates)
    counted = Counter((each.before, each.formula) for each in every)
    for each in every:
        if counted[each.before, each.formula] == 1:
            yield each


def _comes_back(each: Recurrence, on: Mapping[Cell, int], own: int) -> bool:
    """Return whether what is added depends on what was there before.  own: its bits."""
    return any(on.get(cell, 0) & own for cell in each.added)
