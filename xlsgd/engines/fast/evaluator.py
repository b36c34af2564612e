"""The value of one cell: by generated code where it is trusted, by formulas where it is not."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from xlsgd.cells import CellError, Scalar, Uncomputed, column_letters
from xlsgd.engines.fast.expression import Block
from xlsgd.engines.fast.keys import KeyReader
from xlsgd.engines.fast.kinds import EMPTY, UNCOMPUTED, kind_of
from xlsgd.engines.fast.library import Library
from xlsgd.engines.fast.plans import Operands, Pattern, Plan, Template
from xlsgd.engines.fast.r1c1 import Refused, Relative, address
from xlsgd.engines.fast.storage import Pending, SheetCells

__all__ = ["CIRCULAR", "Distrusted", "Evaluator", "Experience"]

CIRCULAR = Uncomputed("circular reference")
"""Stands in a cell that waits for itself, until all of those are known and can be named."""

_NEEDS = "it needs "


class Distrusted(Exception):
    """Generated code was wrong after it had been trusted: the calculation must start again."""


@dataclass
class Experience:
    """What is kept when a calculation starts again.

    templates: by text and cell; for what formulas cannot parse, the reason.
    distrusted: formulas whose generated code was wrong.
    """

    library: Library
    templates: dict[tuple[str, str | None], Template | str] = field(default_factory=dict)
    distrusted: set[Relative] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)

    def template(self, text: str, cell: str | None = None) -> Template:
        """Return the template of a text.  Raises Refused if formulas cannot parse it."""
        known = self.templates.get((text, cell))
        if known is None:
            try:
                known = Template(self.library, text, cell)
            except Refused as refused:
                known = str(refused)
            self.templates[text, cell] = known
        if isinstance(known, str):
            raise Refused(known)
        return known


class Evaluator:
    """Gives the values of the cells of one book."""

    def __init__(
        self, experience: Experience, reader: KeyReader, sheets: Mapping[str, SheetCells]
    ) -> None:
        self._experience = experience
        self._reader = reader
        self._sheets = sheets
        self._turned: dict[str, list[str]] = {}  # kind of number to the cells turned to #NUM!

    def value(self, plan: Plan, row: int, pending: Pending) -> Scalar | Uncomputed:
        """Return the value of a cell, or anything at all if there is something to wait for.

        pending: cells that must be computed first are added to it.
        """
        pattern = plan.pattern
        if pattern.refused is not None:
            return Uncomputed(pattern.refused)
        try:
            if pattern.template is None:
                self._parse(pattern)
            operands = plan.operands(row, pending)
            if pending:
                return None
            kinds = tuple([kind_of(operand) for operand in operands])
            if UNCOMPUTED in kinds:
                return _given_up(plan, row, operands)
            if pattern.native:
                return self._native(plan, row, kinds, operands)
            return self._by_formulas(plan, row, operands, pending)
        except Refused as refused:
            return Uncomputed(str(refused))

    def _parse(self, pattern: Pattern) -> None:
        relative = pattern.relative
        pattern.native = relative not in self._experience.distrusted
        try:
            pattern.template = self._experience.template(relative.text)
            pattern.positional = pattern.template.parsed.positional
        except Refused as refused:
            # A colon between two operands joins places, and places they have in one cell only.
            pattern.positional = re.search(r"(?<!A1):|:(?!B2)", relative.text) is not None
            if not pattern.positional:
                pattern.refused = str(refused)
                raise
        pattern.native &= not pattern.positional

    # --- by generated code ---

    def _native(
        self, plan: Plan, row: int, kinds: tuple[str, ...], operands: Operands
    ) -> Scalar | Uncomputed:
        pattern = plan.pattern
        function = plan.function(kinds, operands)
        if function is None:
            return self._by_formulas(plan, row, operands, [])
        try:
            value: Scalar = function(row)
        except Exception:
            # Whatever it is, a division by zero, an overflow, text where a number should be:
            # formulas knows what becomes of it.
            return self._by_formulas(plan, row, operands, [])
        if kinds not in pattern.trusted:
            expected = self._by_formulas(plan, row, operands, [])
            if not _same(value, expected):
                self._distrust(plan, row, value, expected)
                return expected
            pattern.trusted.add(kinds)
        if EMPTY not in kinds and pattern.cells > 1:  # a cell is empty in this row, not in all
            plan.fast = function
        return value

    def _distrust(
        self, plan: Plan, row: int, value: Scalar | Uncomputed, expected: Scalar | Uncomputed
    ) -> None:
        pattern, sheet = plan.pattern, plan.sheet
        pattern.native = False
        self._experience.distrusted.add(pattern.relative)
        self._experience.notes.append(
            f"{address(sheet.name, row, plan.column)}: generated code gave {value} for "
            f"{sheet.grid[row, plan.column]}, formulas gives {expected}; all cells with this "
            "formula were calculated by formulas itself."
        )
        if pattern.trusted:
            raise Distrusted

    def check_witnesses(self, patterns: Iterable[Pattern]) -> None:
        """Calculate one more cell of every trusted formula by formulas.

        Raises Distrusted if one differs.
        """
        for pattern in patterns:
            # The only cell of its kind has been calculated by formulas already.
            if not pattern.trusted or pattern.witness is None or pattern.cells == 1:
                continue
            sheet, row, column = pattern.witness
            plan = sheet.column(column).plans[row]
            value = plan.target.value(row, [])
            if isinstance(value, Uncomputed):
                continue
            expected = self._by_formulas(plan, row, plan.operands(row, []), [])
            if not _same(value, expected):
                self._distrust(plan, row, value, expected)

    # --- by formulas ---

    def _by_formulas(
        self, plan: Plan, row: int, operands: Operands, pending: Pending
    ) -> Scalar | Uncomputed:
        try:
            if plan.pattern.positional:
                result = self._anchored(plan, row, pending)
            else:
                template = plan.pattern.template
                assert template is not None
                result = template.parsed.value(lambda number, area: operands[number])
        except Refused as refused:
            return Uncomputed(str(refused))
        if isinstance(result, complex):
            return self._turn("a complex number", plan, row)
        if isinstance(result, float) and not math.isfinite(result):
            return self._turn("an infinite number", plan, row)
        return result

    def _anchored(self, plan: Plan, row: int, pending: Pending) -> Scalar | complex:
        """Calculate a formula whose value depends on where it and its operands stand."""
        here = plan.sheet.name, row, plan.column
        text, names = self._reader.anchored(str(plan.sheet.grid[here[1:]]), *here)
        template = self._experience.template(text, f"{column_letters(plan.column)}{row}")

        def fetch(number: int, area: tuple[int, int, int, int]) -> Scalar | Block:
            block = self._sheets[names[number]].block(*area, pending)
            if block.kind == UNCOMPUTED:
                raise Refused("it needs a cell that is not computed")
            return block

        return template.parsed.value(fetch)

    def _turn(self, what: str, plan: Plan, row: int) -> CellError:
        self._turned.setdefault(what, []).append(address(plan.sheet.name, row, plan.column))
        return CellError("#NUM!")

    def notes(self) -> list[str]:
        """Return what a user should know about the values."""
        notes = list(self._experience.notes)
        for what, cells in self._turned.items():
            more = f" and {len(cells) - 1} more" if len(cells) > 1 else ""
            notes.append(f"{cells[0]}{more}: formulas gave {what}, shown as #NUM!.")
        if self._reader.unknown:
            names = ", ".join(sorted(self._reader.unknown))
            notes.append(f"#NAME? stands for names that the workbook does not define: {names}.")
        return notes


def _given_up(plan: Plan, row: int, operands: Operands) -> Uncomputed:
    """Return why a cell is given up that needs one that was given up."""
    culprits = []
    for number, operand in enumerate(operands):
        found = operand.values if isinstance(operand, Block) else [operand]
        if CIRCULAR in found:
            return CIRCULAR
        culprits += [(number, operand, x) for x in found if isinstance(x, Uncomputed)][:1]
    number, operand, culprit = culprits[0]
    if culprit.reason.startswith(_NEEDS):  # tell of the cell where it began
        return culprit
    where = plan.where(number, row, operand)
    return Uncomputed(f"{_NEEDS}{where}, which was not computed: {culprit.reason}")


def _same(value: object, other: object) -> bool:
    """Return whether two values are equal in kind and to the last bit: 0.0 is not -0.0."""
    if type(value) is not type(other) or value != other:
        return False
    return not isinstance(value, float) or repr(value) == repr(other)
