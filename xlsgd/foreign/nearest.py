"""The nearest explanation of a number that is not the derivative that it claims to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from xlsgd.foreign.gradients import Wrong
from xlsgd.foreign.losses import Loss, ratio
from xlsgd.foreign.places import AlignedSteps
from xlsgd.foreign.sampling import SAMPLES
from xlsgd.foreign.study import Study, again, same
from xlsgd.foreign.unlike import address, unlike
from xlsgd.formula.r1c1 import Relative, Slot
from xlsgd.formula.tree import Node, Reference, text_of
from xlsgd.graph.cells import Cell, Written
from xlsgd.graph.evaluate import Evaluation

__all__ = ["explained"]

RIGHT = "right"

MOST_SIBLINGS = 8

MOST_EDITS = 1500
"""Changes of a formula that are tried."""


def explained(
    study: Study, places: AlignedSteps, loss: Loss, wrong: Sequence[Wrong]
) -> tuple[str, str]:
    """Return which kind of fault it is and a sentence on it.

    wrong: cells in the same place of several steps, with the same fault.
    """
    own = np.array([each.own for each in wrong])
    right = np.array([each.right for each in wrong])
    k = ratio(own.ravel(), right.ravel())
    if k is not None:
        if abs(k + 1) < 1e-9:
            return "sign", "it has the other sign"
        return "factor", f"it is {k:.6g} times the derivative"
    for i, weight in enumerate(wrong[0].step.weights):
        if i == wrong[0].claim.weight or wrong[0].claim.inner is not None:
            continue
        other = [each.claim.factor * loss.slopes(places, each.step).sum(0)[i] for each in wrong[:5]]
        if ratio(own[:5].ravel(), np.array(other).ravel()) is not None:
            name = address(study.written, weight.after, wrong[0].cell)
            return "other-weight", f"it is the derivative in another weight, that of {name}"
    fine = np.isfinite(own) & np.isfinite(right)
    silent = (right == 0) & fine
    if silent.any() and not silent.all() and same(own[~silent], right[~silent]):
        return "relu", "the derivative of ReLU is missing: where a unit is silent it is 0"
    found = _mended(study, places, wrong)
    if found is not None:
        return unlike(study.written, wrong[0].cell, found, wrong[0].own, wrong[0].right, RIGHT)
    return "derivative", "it is not the derivative of the loss"


def _mended(study: Study, places: AlignedSteps, wrong: Sequence[Wrong]) -> Written | None:
    """Return the formula with one change that makes it right in every step that is tried."""
    first = wrong[0]
    written = study.written.written.get(first.cell)
    if written is None:
        return None
    others = [
        each
        for each in (wrong[len(wrong) // 2], wrong[-1])
        if each.cell != first.cell
        and each.cell in study.written.written
        and study.written.written[each.cell].key == written.key
    ]
    evaluation = Evaluation(study.written, SAMPLES, study.apart.numbers(), stretches=False)
    tried = list(islice(_edits(study, places, first, written), MOST_EDITS))
    for edited in tried:
        if all(same(_value(study, evaluation, w.cell, edited), w.right) for w in (first, *others)):
            return edited
    return None


def _value(study: Study, evaluation: Evaluation, cell: Cell, written: Written) -> np.ndarray:
    kept = study.written.written[cell]
    study.written.written[cell] = written
    try:
        return again(evaluation, cell, cell)
    finally:
        study.written.written[cell] = kept


def _edits(study: Study, places: AlignedSteps, wrong: Wrong, written: Written) -> Iterator[Written]:
    slots = list(written.slots)
    for tree in _other_trees(written.tree):
        yield _as_written(tree, slots)
    near = list(_neighbours(slots))
    for i, slot in enumerate(slots):
        if slot.kind != "cell":
            continue
        for other in (*slots, *near):
            if other != slot and other.kind == "cell":
                yield _as_written(written.tree, [*slots[:i], other, *slots[i + 1 :]])
    for slot in dict.fromkeys(s for s in slots if s.kind == "cell"):
        for other in (*dict.fromkeys(slots), *_siblings(study, places, wrong, slot)):
            if other != slot and other.kind == "cell":
                yield _as_written(written.tree, [other if s == slot else s for s in slots])


def _siblings(study: Study, places: AlignedSteps, wrong: Wrong, slot: Slot) -> Iterator[Slot]:
    """Yield cells of the step with the formula that an operand has: those of other units."""
    sheet, area = study.written.operand(wrong.cell, slot)
    place = places.place(wrong.step, Cell(sheet, area[0], area[1]))
    group = next((each for each in places.groups if place in each), [])
    for other in group[:MOST_SIBLINGS]:
        cell = places.cell(wrong.step, other)
        if cell is None or cell.sheet != sheet:
            continue
        (row_fixed, _), (column_fixed, _) = slot.corners[:2]
        row = cell.row if row_fixed else cell.row - wrong.cell.row
        column = cell.column if column_fixed else cell.column - wrong.cell.column
        one = ((row_fixed, row), (column_fixed, column))
        yield Slot(slot.sheet, "cell", (*one, *one))


def _as_written(tree: Node, slots: Sequence[Slot]) -> Written:
    text = text_of(
        tree, lambda node: str(node.value.sheet) if isinstance(node.value, Reference) else ""
    )
    return Written(Relative(text, tuple(slots)), tree)


def _neighbours(slots: Sequence[Slot]) -> Iterator[Slot]:
    """Yield operands one row or column away from those of a formula."""
    for slot in slots:
        if slot.kind != "cell":
            continue
        (row_fixed, row), (column_fixed, column) = slot.corners[:2]
        for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            one = ((row_fixed, row + down), (column_fixed, column + right))
            yield Slot(slot.sheet, "cell", (*one, *one))


def _other_trees(tree: Node) -> Iterator[Node]:
    """Yield a formula with one operator changed, one side of one left out, or one sign turned."""
    if tree.kind == "operator" and tree.value in ("+", "-", "*", "/"):
        for sign in ("+", "-", "*", "/"):
            if sign != tree.value:
                yield Node("operator", sign, tree.parts)
        yield tree.parts[0]
        yield tree.parts[1]
    elif tree.kind == "sign":
        yield tree.parts[0]
    elif tree.kind == "reference":
        squared = Node("operator", "^", (tree, Node("number", 2.0, ())))
        yield squared
        yield Node("operator", "-", (Node("number", 1.0, ()), tree))
    elif tree.kind == "call" and tree.value in ("LN", "LOG10", "EXP", "TANH"):
        for name in ("LN", "LOG10", "EXP", "TANH"):
            if name != tree.value:
                yield Node("call", name, tree.parts)
    for i, part in enumerate(tree.parts):
        for other in _other_trees(part):
            yield Node(tree.kind, tree.value, (*tree.parts[:i], other, *tree.parts[i + 1 :]))
