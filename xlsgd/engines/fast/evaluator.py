"""The value of one cell: by generated code where it is trusted, by formulas where it is not."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b

from xlsgd.base.cells import CellError, Scalar, Uncomputed, column_letters
from xlsgd.engines.fast.compiled import Loop, LoopMaker, compile_loop
from xlsgd.engines.fast.expression import Block
from xlsgd.engines.fast.keys import KeyReader, Readings
from xlsgd.engines.fast.kinds import EMPTY, UNCOMPUTED, Unable, kind_of
from xlsgd.engines.fast.library import Library
from xlsgd.engines.fast.plans import Generated, Operands, Pattern, Pending, Plan, Sheet, Template
from xlsgd.formula.r1c1 import Refused, Relative, address

__all__ = ["CIRCULAR", "Distrusted", "Doubts", "Evaluator", "Experience"]

CIRCULAR = Uncomputed("circular reference")
"""Stands in a cell that waits for itself, until all of those are known and can be named."""

WIDEST = 500
"""Columns in one loop."""

MOST_RESULTS = 20_000
"""What formulas itself gave, kept; above it all of that is forgotten."""

MOST_VALUES = 2000
"""In the operands of a formula whose result is kept."""

_NEEDS = "it needs "


class Distrusted(Exception):
    """Generated code was wrong after it had been trusted: the calculation must start again."""


@dataclass
class Experience:
    """What is kept from one calculation to the next: formulas that were parsed and compiled.

    templates: by text and cell; for what formulas cannot parse, the reason.
    loops: makers of loops, by the ids of the code in them.
    checked: formulas of which formulas itself has calculated a cell, with the same result as the
        code generated for it.
    readings: what KeyReader remembers.
    results: what formulas itself gave, by a digest of the formula and its operands.
    """

    library: Library = field(default_factory=Library)
    templates: dict[tuple[str, str | None], Template | str] = field(default_factory=dict)
    loops: dict[tuple[int, ...], LoopMaker | None] = field(default_factory=dict)
    checked: set[Relative] = field(default_factory=set)
    readings: dict[object, Readings] = field(default_factory=dict)
    results: dict[bytes, Scalar | complex] = field(default_factory=dict)

    def __len__(self) -> int:
        read = sum(len(readings.read) for readings in self.readings.values())
        return len(self.templates) + len(self.loops) + len(self.checked) + read

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

    def by_formulas(self, template: Template, text: str, operands: Operands) -> Scalar | complex:
        """Return what formulas gives; asking it takes milliseconds, and in a run that has
        exploded the same is asked of hundreds of cells, and of every copy of a workbook."""
        sizes = (len(x.values) if isinstance(x, Block) else 1 for x in operands)
        if not template.parsed.settled or sum(sizes) > MOST_VALUES:
            return template.parsed.value(lambda number, area: operands[number])
        # By what they look like: True is not 1.0 then, nor 0.0 -0.0.
        asked = blake2b(
            f"{text}{operands!r}".encode(errors="surrogatepass"), digest_size=16
        ).digest()
        if asked not in self.results:
            if len(self.results) >= MOST_RESULTS:
                self.results.clear()
            self.results[asked] = template.parsed.value(lambda number, area: operands[number])
        return self.results[asked]

    def loop(self, codes: Sequence[Generated]) -> LoopMaker | None:
        """Return the maker of a loop over formulas; None if it cannot be made."""
        key = tuple(map(id, codes))
        if key not in self.loops:
            maker: LoopMaker | None = None
            if len(codes) <= WIDEST:
                with suppress(Unable):
                    maker = compile_loop([code.source for code in codes])
            self.loops[key] = maker
        return self.loops[key]


@dataclass
class Doubts:
    """What is kept when a calculation starts again.

    distrusted: texts of formulas whose generated code was wrong.
    """

    distrusted: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


class Evaluator:
    """Gives the values of the cells of one book."""

    def __init__(
        self,
        experience: Experience,
        doubts: Doubts,
        reader: KeyReader,
        sheets: Mapping[str, Sheet],
    ) -> None:
        self._experience, self._doubts = experience, doubts
        self._reader = reader
        self._sheets = sheets
        # By kind of number, the cells turned to #NUM!, each once however often it was calculated.
        self._turned: dict[str, dict[str, None]] = {}

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
            if self._may_be_native(pattern):
                return self._native(plan, row, kinds, operands)
            return self._by_formulas(plan, row, operands, pending)
        except Refused as refused:
            return Uncomputed(str(refused))

    def _may_be_native(self, pattern: Pattern) -> bool:
        return not pattern.positional and pattern.relative.text not in self._doubts.distrusted

    def _parse(self, pattern: Pattern) -> None:
        relative = pattern.relative
        try:
            pattern.template = self._experience.template(relative.text)
            pattern.positional = pattern.template.parsed.positional
            pattern.checked = relative in self._experience.checked
        except Refused as refused:
            # A colon between two operands joins places, and places they have in one cell only.
            pattern.positional = re.search(r"(?<!A1):|:(?!B2)", relative.text) is not None
            if not pattern.positional:
                pattern.refused = str(refused)
                raise

    # --- by generated code ---

    def _native(
        self, plan: Plan, row: int, kinds: tuple[str, ...], operands: Operands
    ) -> Scalar | Uncomputed:
        pattern = plan.pattern
        bound = plan.bound(kinds, operands)
        if bound is None:
            return self._by_formulas(plan, row, operands, [])
        code = bound.code
        try:
            value: Scalar = bound.function(row)
        except Exception:
            # Whatever it is, a division by zero, an overflow, text where a number should be:
            # formulas knows what becomes of it.
            return self._by_formulas(plan, row, operands, [])
        if not code.trusted or (pattern.cells == 1 and not pattern.checked):
            expected = self._by_formulas(plan, row, operands, [])
            if not _same(value, expected):
                if self._distrust(plan, row, value, expected):
                    raise Distrusted
                return expected
            code.trusted = True
            if pattern.cells == 1:
                self._note_checked(pattern)
        pattern.used = True
        if EMPTY not in kinds and pattern.cells > 1:  # a cell is empty in this row, not in all
            plan.fast, plan.in_use = bound.function, bound
        return value

    def loop(self, plans: Sequence[Plan]) -> Loop | None:
        """Return what computes a row of all these, row by row; None if one of them is in doubt."""
        codes = [plan.in_use.code for plan in plans if plan.in_use is not None]
        if len(codes) < len(plans):
            return None
        maker = self._experience.loop(codes)
        if maker is None:
            return None
        places: list[object] = []
        for plan in plans:
            assert plan.in_use is not None
            places += [plan.target.numbers, plan.target.others, *plan.in_use.places]
        return maker(*places)

    def _distrust(
        self, plan: Plan, row: int, value: Scalar | Uncomputed, expected: Scalar | Uncomputed
    ) -> bool:
        """Use no more generated code for a formula; return whether it may have been used."""
        template, sheet = plan.pattern.template, plan.sheet
        assert template is not None
        was_trusted = template.trusted
        template.trust_nothing()
        self._doubts.distrusted.add(plan.pattern.relative.text)
        self._doubts.notes.append(
            f"{address(sheet.name, row, plan.column)}: generated code gave {value} for "
            f"{sheet.grid[row, plan.column]}, formulas gives {expected}; all cells with this "
            "formula were calculated by formulas itself."
        )
        return was_trusted

    def check_witnesses(self, patterns: Iterable[Pattern]) -> None:
        """Calculate a cell of every formula by formulas, where that has not been done.

        Raises Distrusted if one differs.
        """
        wrong = False
        for pattern in patterns:
            if not pattern.used or pattern.witness is None or pattern.checked:
                continue
            sheet, row, column = pattern.witness
            plan = sheet.column(column).plans[row]
            value = plan.target.value(row, [])
            if isinstance(value, Uncomputed):
                continue
            expected = self._by_formulas(plan, row, plan.operands(row, []), [])
            if _same(value, expected):
                self._note_checked(pattern)
            elif self._may_be_native(pattern):
                wrong |= self._distrust(plan, row, value, expected)
        if wrong:
            raise Distrusted

    def _note_checked(self, pattern: Pattern) -> None:
        pattern.checked = True
        self._experience.checked.add(pattern.relative)

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
                text = plan.pattern.relative.text
                result = self._experience.by_formulas(template, text, operands)
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
        self._turned.setdefault(what, {})[address(plan.sheet.name, row, plan.column)] = None
        return CellError("#NUM!")

    def notes(self) -> list[str]:
        """Return what a user should know about the values."""
        notes = list(self._doubts.notes)
        for what, cells in self._turned.items():
            more = f" and {len(cells) - 1} more" if len(cells) > 1 else ""
            notes.append(f"{next(iter(cells))}{more}: formulas gave {what}, shown as #NUM!.")
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
    return Uncomputed(f"{_NEEDS}{where}, which was not computed: {culprit.reason}", follows=True)


def _same(value: object, other: object) -> bool:
    """Return whether two values are equal in kind and to the last bit: 0.0 is not -0.0."""
    if type(value) is not type(other) or value != other:
        return False
    return not isinstance(value, float) or repr(value) == repr(other)
