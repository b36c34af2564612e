"""From the formulas of a book to their keys: names replaced, sheets looked up, columns remembered.

Reading a formula in full takes some 30 microseconds.  Most cells repeat the formula above them,
so a column's last few formulas are kept as patterns with their row numbers left open; if filling
in this cell's row gives this cell's text, the key is theirs and nothing needs to be read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from xlsgd.base.cells import LAST_ROW, Book, column_letters
from xlsgd.formula.r1c1 import (
    Area,
    Refused,
    Relative,
    Slot,
    read_area,
    relative_rows,
    slot_for,
    tokens,
)
from xlsgd.formula.tables import place_of, without_tables

__all__ = ["KeyReader", "Readings"]

LONGEST = 8192  # characters: what Excel accepts
MOST_PARTS = 2000  # operators, commas and brackets: parsing takes seconds for more than that
DEEPEST_NAME = 50  # names in names
REMEMBERED = 4  # formulas per column: the first row of an epoch often differs from the others


class _Pattern(NamedTuple):
    text: str  # as the cell has it, with %d for each row number without $
    offsets: list[int]  # what to add to the cell's row to get those numbers
    furthest: int  # row up to which they stay on the sheet: A1048577 would be a name
    relative: Relative


@dataclass
class Readings:
    """What was read in earlier books, for those that have the same sheets and names.

    read: by sheet, row, column and text of the formula, what it was read to, and the names in it
        that the book does not define.
    known: every key, as the object that stands for all that are equal.
    """

    read: dict[tuple[str, int, int, str], tuple[_Pattern, frozenset[str]]] = field(
        default_factory=dict
    )
    known: dict[Relative, Relative] = field(default_factory=dict)


class KeyReader:
    """Gives the ``Relative`` of every formula of a book.

    earlier: the readings of books, by ``outline``.
    unknown: the names met that the book does not define; they count as ``#NAME?``.
    """

    def __init__(self, book: Book, earlier: dict[object, Readings] | None = None) -> None:
        self.unknown: set[str] = set()
        self._sheets = {sheet.lower() for sheet in book.sheets}
        self._names = {
            (None if sheet is None else sheet.lower(), name.lower()): text.removeprefix("=")
            for (sheet, name), text in book.names.items()
        }
        self._tables = book.tables
        for name, table in book.tables.items():
            self._names.setdefault((None, name), place_of(table))
        self._recent: dict[tuple[str, int], list[_Pattern]] = {}
        outline = (
            frozenset(self._sheets),
            frozenset(self._names.items()),
            frozenset(book.tables.items()),
        )
        self._readings = ({} if earlier is None else earlier).setdefault(outline, Readings())
        self._known = self._readings.known

    def key(self, text: str, sheet: str, row: int, column: int) -> Relative:
        """Return the key of the formula in this cell; equal keys are the same object.

        Raises Refused, with the reason, for a formula that no key can be given to.
        """
        if "[" in text:
            text = without_tables(text, sheet, (row, column), self._tables)
        recent = self._recent.get((sheet, column))
        if recent is None:
            recent = self._recent[sheet, column] = []
        for pattern, offsets, furthest, relative in recent:
            if row <= furthest and pattern % tuple([row + n for n in offsets]) == text:
                return relative
        place = sheet, row, column, text
        if place in self._readings.read:
            new, unknown = self._readings.read[place]
            self.unknown |= unknown
        else:
            before, self.unknown = self.unknown, set()
            try:
                new = self.read(text, sheet, row, column)
                self._readings.read[place] = new, frozenset(self.unknown)
            finally:
                self.unknown |= before
        recent.insert(0, new)
        del recent[REMEMBERED:]
        return new.relative

    def read(self, text: str, sheet: str, row: int, column: int) -> _Pattern:
        """Read a formula in full."""
        if not text.startswith("="):
            raise Refused("it is an array formula" if text[:1] == "{" else "it has no '='")
        if len(text) > LONGEST:
            raise Refused(f"it has {len(text)} characters, Excel allows {LONGEST}")
        reading = _Reading(self, sheet, row, column)
        body = reading.translate(text[1:], sheet.lower())
        if len(body) > 4 * LONGEST:
            raise Refused("with its names replaced it is too long")
        relative = Relative("=" + body, tuple(reading.slots))
        return _Pattern(
            "=" + "".join(reading.pattern),
            reading.offsets,
            LAST_ROW - max(reading.offsets, default=0),
            self._known.setdefault(relative, relative),
        )

    def no_key(self, reason: str) -> Relative:
        """Return what stands for the key of formulas that were refused for a reason."""
        relative = Relative(reason, ())
        return self._known.setdefault(relative, relative)

    def anchored(self, text: str, sheet: str, row: int, column: int) -> tuple[str, list[str]]:
        """Return a formula with its operands where they really are, for this one cell alone.

        ``S1`` stands for the second of the sheets returned, ``S2`` for the third.  The first is
        the formula's own, which is not written: formulas loses the sheet of ``S0!A1:INDEX(...)``.
        """
        reading = _Reading(self, sheet, row, column, anchored=True)
        body = reading.translate(text[1:], sheet.lower())
        if re.search(r"S[0-9]+![A-Z]+[0-9]+:(?![A-Z]+[0-9]+(?![0-9(]))", body):
            raise Refused("a colon after a cell of another sheet, which formulas gets wrong")
        return "=" + body, reading.sheets

    def has_sheet(self, sheet: str) -> bool:
        return sheet.lower() in self._sheets

    def name_text(self, sheet: str, name: str) -> str | None:
        """Return what a name refers to: the sheet's own goes before the workbook's."""
        name = name.lower()
        return self._names.get((sheet, name), self._names.get((None, name)))


class _Reading:
    """One formula being read: the operands found so far and the pattern so far."""

    def __init__(
        self, reader: KeyReader, sheet: str, row: int, column: int, anchored: bool = False
    ) -> None:
        self.reader = reader
        self.anchored = anchored
        self.sheets = [sheet.lower()]  # if anchored
        self.sheet, self.row, self.column = sheet.lower(), row, column
        self.slots: dict[Slot, int] = {}
        self.pattern: list[str] = []
        self.offsets: list[int] = []
        self.parts = 0
        self.inside = 0  # how many names, one in the other

    def translate(self, text: str, home: str) -> str:
        """Return the formula, or the text of a name in it, with slots in place of references.

        home: the sheet, in lower case, of references that name none.
        """
        pieces: list[str] = []
        plain: list[str] = []  # the pieces without strings, to look at commas and brackets
        has_variables = re.search(r"\b(?:LET|LAMBDA)\(", text, re.IGNORECASE) is not None
        for token in tokens(text):
            kind, piece, area_group = token.lastgroup, token[0], None
            if kind == "reference":
                area_group = "area"
                piece = self._reference(token["sheet"], token["area"], home)
            elif kind == "place":
                area_group = "seen"
                piece = self._place(token["which"].lower(), token["seen_sheet"], token["seen"])
            elif kind == "number":
                piece = re.sub(r"([Ee])(?=[0-9])", r"\1+", piece)  # formulas refuses "1E5"
            elif kind == "error":
                piece = token["code"].upper()
            elif kind == "name":
                piece = self._name(token["owner"], token["bare"], home, has_variables)
            elif not piece.isspace():
                self._count_part(kind, piece, text[: token.start()])
            pieces.append(piece)
            if kind != "string":
                plain.append(piece)
            if not self.inside:
                self._leave_rows_open(token, area_group)
        _check_brackets("".join(plain), has_variables)
        return "".join(pieces)

    def _leave_rows_open(self, token: re.Match[str], group: str | None) -> None:
        """Add a token to the pattern."""
        start, end = token.span(group) if group else (-1, -1)
        if start < 0 or read_area(token[group or 0]) is None:
            self.pattern.append(token[0].replace("%", "%%"))
            return
        before = token.string[token.start() : start].replace("%", "%%")
        after = token.string[end : token.end()]
        self.pattern += [before, relative_rows(token[group or 0], self.row, self.offsets), after]

    def _slot(self, slot: Slot) -> str:
        if self.anchored:
            return self._anchored(slot)
        number = self.slots.setdefault(slot, len(self.slots))
        return f"S{number}!A1:B2" if slot.kind == "range" else f"S{number}!A1"

    def _anchored(self, slot: Slot) -> str:
        top, left, bottom, right = slot.at(self.row, self.column)
        if slot.kind in ("row", "column"):
            return str(top if slot.kind == "row" else left)
        sheet = slot.sheet or self.sheet
        if sheet not in self.sheets:
            self.sheets.append(sheet)
        first, last = f"{column_letters(left)}{top}", f"{column_letters(right)}{bottom}"
        area = first if first == last else f"{first}:{last}"
        return area if sheet == self.sheet else f"S{self.sheets.index(sheet)}!{area}"

    def _reference(self, sheet: str | None, text: str, home: str) -> str:
        area = read_area(text)
        if area is None:
            return self._unknown(text)
        self._check_absolute(area, text)
        where = home if sheet is None else _sheet_name(sheet)
        if not self.reader.has_sheet(where):
            return "#REF!"
        kind = "range" if area.is_range else "cell"
        other = None if where == self.sheet else where
        return self._slot(slot_for(other, kind, area, self.row, self.column))

    def _place(self, which: str, sheet: str | None, seen: str | None) -> str:
        """``ROW()`` and ``ROW(A5)`` are an operand like any other: a number found elsewhere."""
        if sheet is not None and not self.reader.has_sheet(_sheet_name(sheet)):
            return "#REF!"
        if seen is None:
            return self._slot(Slot(None, which, ((False, 0),) * 4))
        area = read_area(seen)
        if area is None:
            return self._unknown(seen)
        self._check_absolute(area, seen)
        return self._slot(slot_for(None, which, area, self.row, self.column))

    def _check_absolute(self, area: Area, text: str) -> None:
        """In a name, a relative reference would have to move with the cell that uses the name."""
        if self.inside and not all(fixed for fixed, _ in area.corners):
            raise Refused(f"a name refers to {text}, which is not absolute ($A$1)")

    def _name(self, owner: str | None, bare: str, home: str, has_variables: bool) -> str:
        if bare.upper() in ("TRUE", "FALSE"):
            return bare
        where = home if owner is None else _sheet_name(owner)
        if not self.reader.has_sheet(where):
            return "#REF!"
        text = self.reader.name_text(where, bare)
        if text is None:
            # A variable of LET looks like a name; formulas itself tells the two apart.
            return bare if has_variables else self._unknown(bare)
        self.inside += 1
        if self.inside > DEEPEST_NAME:
            raise Refused(f"the name {bare} refers to itself, or through too many other names")
        inside = self.translate(text, where)
        self.inside -= 1
        single = re.fullmatch(r"S[0-9]+![A-Z]+[0-9]+(?::[A-Z]+[0-9]+)?|#REF!", inside)
        return inside if single else f"({inside})"

    def _count_part(self, kind: str | None, piece: str, before: str) -> None:
        if kind == "other" and piece in '["#':
            raise Refused(_why_not(piece, before))
        self.parts += kind != "string"
        if self.parts > MOST_PARTS:
            raise Refused(f"it has more than {MOST_PARTS} operators and functions")

    def _unknown(self, name: str) -> str:
        self.reader.unknown.add(name)
        return "#NAME?"


def _sheet_name(written: str) -> str:
    """Turn ``'it''s'!`` into ``it's``."""
    name = written.removesuffix("!")
    if name.startswith("'"):
        name = name[1:-1].replace("''", "'")
    if "[" in name:
        raise Refused(f"it refers to another workbook: {name}")
    if ":" in name:
        raise Refused(f"it refers to several sheets at once: {name}")
    return name.lower()


def _why_not(piece: str, before: str) -> str:
    if piece == '"':
        return "a quotation mark is not closed"
    if piece == "#":
        return "references to a spilled range such as A1# are not supported"
    if re.search(r"[\w.]$", before):
        return "structured references such as Table[Column] are not supported"
    return "it refers to another workbook"


def _check_brackets(text: str, has_variables: bool) -> None:
    """Refuse what formulas would be slow to refuse.

    Its regular expression for LET and LAMBDA takes time exponential in the length of a text
    that it does not match; closed brackets and no empty argument is what makes it match.
    """
    level = 0
    for bracket in re.findall(r"[()]", text):
        level += 1 if bracket == "(" else -1
        if level < 0:
            break
    if level:
        raise Refused("its brackets do not match")
    if has_variables and re.search(r"[(,]\s*,|,\s*\)", text):
        raise Refused("LET and LAMBDA with an empty argument are not supported")
