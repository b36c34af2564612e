"""What a formula says, whoever wrote it: its tree, with every name and reference resolved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from xlsgd.base.cells import Book, Formula, Position, Scalar, Uncomputed
from xlsgd.checks.meaning import Meaning, Trials, meaning
from xlsgd.checks.spans import Span, shortened
from xlsgd.formula.filled import plainly
from xlsgd.formula.tree import Leaf, Node, Reference, nodes_of, normal, parse
from xlsgd.sheets.maps import BookMap

__all__ = ["FormulaReading"]

Values = Mapping[str, Mapping[Position, Scalar | Uncomputed]]

_NESTED_NAMES = 8
"""Names that stand for other names, one in the other."""


class Target(NamedTuple):
    """What a reference points at.

    sheet: in lower case.   corners: top, left, bottom and right, told as the question wants it:
        where they are, or where they are as seen from a row.
    """

    sheet: str
    corners: tuple[object, ...]
    is_range: bool


_Told = Callable[[Reference, str], Target]
"""Tells where a reference points; called with the sheet on which it does."""


class FormulaReading:
    """Reads the formulas of one workbook.

    values: of its formula cells, per sheet.
    """

    def __init__(self, book: Book, maps: BookMap, values: Values) -> None:
        self._book, self._maps, self._values = book, maps, values
        self._names = {
            (None if sheet is None else sheet.lower(), name): text
            for (sheet, name), text in book.names.items()
        }
        self._sheets = {name.lower(): name for name in book.sheets}
        self._spans: list[Span] | None = None
        self._single = {
            (tab.sheet.lower(), table.rows[0], column)
            for tab in maps
            for table in tab.tables.values()
            if len(table.rows) == 1
            for column in table.columns.values()
        }
        self._meanings: dict[object, Trials] = {}

    def same(self, sheet: str, said: str, wanted: str) -> bool:
        """Return whether two formulas of one cell say the same.

        sheet: on which they stand.  Where there is a ``$`` makes no difference to a single cell.
        """
        return self._same(sheet, said, wanted, _in_place)

    def same_in_row(
        self, sheet: str, row: int, said: str, wanted: str, places: Mapping[int, int]
    ) -> bool:
        """Return whether two formulas say the same of their row, filled down as well.

        places: row of the sheet to place in the table.
        """
        return self._same(sheet, said, wanted, _seen_from(row, places))

    def form(self, sheet: str, row: int, said: str, places: Mapping[int, int]) -> object:
        """Return what a formula says of its row: the same for all that were filled down."""
        return self._tree(sheet, said, _seen_from(row, places))

    def meaning(self, sheet: str, said: str, wanted: str) -> Meaning:
        """Return whether two formulas that say something else give the same numbers for whatever
        stands in the cells that they look at."""
        ours = self._tree(sheet, wanted, _in_place, cut=True)
        theirs = self._tree(sheet, said, _in_place, cut=True)
        if ours is None or theirs is None:
            return Meaning(False)
        return meaning(theirs, ours, self._value, self._meanings)

    def meaning_in_row(
        self, sheet: str, row: int, said: str, wanted: str, places: Mapping[int, int]
    ) -> Meaning:
        """Return whether two formulas of a row mean the same, filled down as well.

        A lost ``$`` looks at the same cell in this row, and in no other.
        """
        told = _seen_from(row, places)
        ours = self._tree(sheet, wanted, told, cut=True)
        theirs = self._tree(sheet, said, told, cut=True)
        if ours is None or theirs is None:
            return Meaning(False)
        found = self.meaning(sheet, said, wanted)
        if found.same and not _looks_at(theirs) <= _looks_at(ours):
            return Meaning(False, "filled down, it looks at other cells")
        return found

    def _value(self, node: Node) -> Scalar | None:
        """Return what stands in a cell that a formula looks at, None where it has no value."""
        target = node.value
        if not isinstance(target, Target) or target.is_range:
            return None
        name = self._sheets.get(target.sheet, "")
        top, left = target.corners[:2]
        position = int(str(top)), int(str(left))
        content = self._book.sheets.get(name, {}).get(position)
        if isinstance(content, Formula):
            value = self._values.get(name, {}).get(position)
            return None if isinstance(value, Uncomputed) else value
        return content

    # Trees

    def _same(self, sheet: str, said: str, wanted: str, told: _Told) -> bool:
        if said == wanted or plainly(said) == plainly(wanted):
            return True
        ours, theirs = self._tree(sheet, wanted, told), self._tree(sheet, said, told)
        if ours is None or theirs is None:
            return False
        if theirs == ours:
            return True
        return self._tree(sheet, said, told, True) == self._tree(sheet, wanted, told, True)

    def _tree(self, sheet: str, formula: str, told: _Told, cut: bool = False) -> Node | None:
        """Return the tree of a formula.  cut: ranges over tables that were cut short, and those
        with a cell below a table of one row, are read as ranges over what is there."""
        tree = parse(formula)
        return None if tree is None else normal(tree, self._leaf(sheet.lower(), told, cut))

    def _leaf(self, own: str, told: _Told, cut: bool, depth: int = 0) -> Leaf:
        def leaf(node: Node) -> Node:
            if isinstance(node.value, Reference):
                reference = self._restored(node.value, own) if cut else node.value
                return Node("reference", told(reference, reference.sheet or own))
            meant = self._named(node, own)
            if meant is None or depth == _NESTED_NAMES:
                return node
            return normal(meant, self._leaf(own, told, cut, depth + 1))

        return leaf

    def _named(self, node: Node, own: str) -> Node | None:
        """Return what a defined name stands for, None where it is not known or moves along."""
        scope, name = node.value if isinstance(node.value, tuple) else (None, "")
        text = self._names.get((scope or own, name)) or self._names.get((None, name))
        tree = None if text is None else parse(f"={text}")
        return tree if tree is not None and _is_fixed(tree) else None

    def _restored(self, reference: Reference, own: str) -> Reference:
        """Return a range over a table that has been cut short, or one with a cell below a table of
        one row, as the range over what is there."""
        if not reference.area.is_range:
            return reference
        if self._spans is None:
            self._spans = shortened(self._book, self._maps)
        (fixed, top), left, (low, bottom), right = reference.area.corners
        single = (reference.sheet or own, top, left[1]) in self._single
        if single and left[1] == right[1] and bottom == top + 1:
            corners = ((fixed, top), left, (low, top), right)
            return reference._replace(area=reference.area._replace(corners=corners))
        for span in self._spans:
            if (
                (reference.sheet or own, top, bottom) == (span.sheet, span.first, span.former)
                and left[1] == right[1]
                and left[1] in span.columns
            ):
                corners = ((fixed, top), left, (low, span.last), right)
                return reference._replace(area=reference.area._replace(corners=corners))
        return reference


def _in_place(reference: Reference, own: str) -> Target:
    """Tell the very cells."""
    (_, top), (_, left), (_, bottom), (_, right) = reference.area.corners
    top, bottom = sorted((top, bottom))
    left, right = sorted((left, right))
    return Target(own, (top, left, bottom, right), _is_range(reference))


def _seen_from(row: int, places: Mapping[int, int]) -> _Told:
    """Return what tells cells as seen from a row: how far away in the table, where not fixed."""

    def seen(corner: tuple[bool, int]) -> object:
        fixed, target = corner
        if fixed:
            return "$", target
        if target in places and row in places:
            return "away", places[target] - places[row]
        return "row", target

    def told(reference: Reference, own: str) -> Target:
        top, left, bottom, right = reference.area.corners
        return Target(own, (seen(top), left, seen(bottom), right), _is_range(reference))

    return told


def _is_range(reference: Reference) -> bool:
    """Return whether a reference is to several cells: of one, Gnumeric saves O17:O17 as O17."""
    (_, top), (_, left), (_, bottom), (_, right) = reference.area.corners
    return reference.area.is_range and (top, left) != (bottom, right)


def _looks_at(tree: Node) -> set[Node]:
    return {node for node in nodes_of(tree) if node.kind == "reference"}


def _is_fixed(tree: Node) -> bool:
    """Return whether all references of a name are absolute and say their sheet."""
    if isinstance(tree.value, Reference):
        reference = tree.value
        return reference.sheet is not None and all(fixed for fixed, _ in reference.area.corners)
    return all(map(_is_fixed, tree.parts))
