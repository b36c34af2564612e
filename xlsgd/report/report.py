"""What verify found: plain data, no opinion on how to print it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from xlsgd.base.cells import Scalar, Uncomputed, column_letters

if TYPE_CHECKING:
    import pandas as pd

    from xlsgd.report.compare import Comparison

__all__ = [
    "CHECKS",
    "Difference",
    "Extreme",
    "Report",
    "RunVerdict",
    "SheetReport",
    "name_text",
    "shortened",
    "value_text",
]

CHECKS = {
    "step": "does each row follow from the row before?",
    "run": "does torch, training alone, get the same numbers?",
    "stored": "are the saved values what recalculation gives?",
    "pattern": "does every formula say what its column says?",
}
"""The questions that verify asks, by the name of their check."""

Value = Scalar | Uncomputed


def value_text(value: Value) -> str:
    """Return a value as reports show it, every digit of a number."""
    if value is None:
        return "nothing"
    return repr(value) if isinstance(value, float | str) else str(value)


def name_text(path: str | Path) -> str:
    """Return a file's name as reports show it: what is no letter in it as ``\\udcxx``."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def shortened(text: str, most: int = 100) -> str:
    """Return a text as a sentence quotes it: its beginning, where it is long."""
    return text if len(text) <= most else f"{text[:most]}…"


FieldComparison = tuple[str, str, str, Value, float | str, float | None, float | None, bool]
"""Of a single cell: cell, quantity, check, sheet value, torch value, off, allowed, ok."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A cell that is not what it should be.

    check: which question it failed, a key of CHECKS.
    step: the step of training it belongs to, None outside the tables.
    sheet_value: what the cell gives; torch_value: what torch has (for the stored check,
        what recalculation gives); None where the check knows no value.
    off: how far off; allowed: how far it may be; None where one side is no number.
    reason: what is wrong, in words.
    order: when the cell is calculated, among those of its tab.
    """

    sheet: str
    cell: str
    quantity: str
    check: str
    reason: str
    formula: str | None = None
    step: int | None = None
    sheet_value: Value = None
    torch_value: Value = None
    off: float | None = None
    allowed: float | None = None
    order: tuple[int, ...] = ()


@dataclass(frozen=True)
class Extreme:
    """The greatest difference of a kind among all cells compared, and its cell."""

    value: float
    cell: str


@dataclass(frozen=True)
class RunVerdict:
    """How the run went, as the sheet says and as torch says.

    torch_all: every verdict of torch's ensemble; more than one near a border between two.
    kind: exploded, dead, frozen or the trend.   step, cell: where it happened, if it happened.
    rule: the rule of xlsgd.checks.harmless by which they agree although they say something else.
    """

    sheet: str
    torch: str
    torch_all: tuple[str, ...]
    agree: bool
    kind: str
    step: int | None
    cell: str | None
    rule: str | None = None


@dataclass
class SheetReport:
    """What verify found in one tab.

    kind: training, data, compare or other (none of xlsgd's).
    order: tabs of kinds that others look at have lower ones.
    cells_compared: formula cells compared with torch; cells_in_pattern: checked for their
    column's pattern; cells_stored: stored values checked.
    cells_differing: cells that are wrong.   cells_following: further cells whose numbers are not
    torch's only because the run went another way from a wrong cell on.
    harmless: cells that differ by a known habit of the program that calculated, by the name of the
    rule of xlsgd.checks.harmless that explains them; they are not among the differences.
    unchecked: formula cell to the reason why it was not compared.
    comparisons, fields: all that was compared with torch, tables and single cells.
    predictable_steps: how many steps the run check compared, None for all; horizon: why no more.
    """

    name: str
    kind: str
    experiment: str | None = None
    order: int = 0
    formulas: int = 0
    cells_compared: int = 0
    cells_in_pattern: int = 0
    cells_stored: int = 0
    cells_differing: int = 0
    cells_following: int = 0
    greatest_off: Extreme | None = None
    greatest_relative: Extreme | None = None
    predictable_steps: int | None = None
    horizon: str | None = None
    verdict: RunVerdict | None = None
    differences: list[Difference] = field(default_factory=list)
    harmless: dict[str, list[Difference]] = field(default_factory=dict)
    unchecked: dict[str, str] = field(default_factory=dict)
    comparisons: dict[str, Comparison] = field(default_factory=dict)
    fields: list[FieldComparison] = field(default_factory=list)

    @property
    def looked_at(self) -> bool:
        """Whether there is anything to say of the tab."""
        return bool(self.formulas or self.differences)

    @property
    def cells_harmless(self) -> int:
        """Cells that differ by a known habit of the program."""
        return sum(map(len, self.harmless.values()))

    @property
    def ok(self) -> bool:
        """Whether nothing differs and the verdicts agree."""
        return not self.differences and (self.verdict is None or self.verdict.agree)

    @property
    def first_difference(self) -> Difference | None:
        """The first wrong cell in order of calculation."""
        return self.differences[0] if self.differences else None


@dataclass
class Report:
    """What verify found in one workbook."""

    file: str
    engine: str
    engine_version: str
    torch_version: str
    sheets: list[SheetReport]
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether sheet and torch agree everywhere."""
        return all(sheet.ok for sheet in self.sheets)

    @property
    def cells_compared(self) -> int:
        """Formula cells compared with torch, in all tabs."""
        return sum(sheet.cells_compared for sheet in self.sheets)

    @property
    def cells_differing(self) -> int:
        """Cells that failed any check, in all tabs."""
        return sum(sheet.cells_differing for sheet in self.sheets)

    @property
    def cells_harmless(self) -> int:
        """Cells that differ by a known habit of the program, in all tabs."""
        return sum(sheet.cells_harmless for sheet in self.sheets)

    @property
    def first_difference(self) -> Difference | None:
        """The first wrong cell of the first tab that has one."""
        return next(self.differences(), None)

    def without_tables(self) -> Report:
        """Return the report without all that was compared: ``frame()`` is empty."""
        return replace(self, sheets=[replace(s, comparisons={}, fields=[]) for s in self.sheets])

    def differences(self) -> Iterator[Difference]:
        """Yield every difference, tab by tab, in order of calculation."""
        for sheet in sorted(self.sheets, key=lambda sheet: sheet.order):
            yield from sheet.differences

    def frame(self) -> pd.DataFrame:
        """Return the whole comparison with torch as a table, one row per cell and check.

        Columns: sheet, cell, quantity, check, sheet_value, torch_value, off, allowed, ok.
        In tables sheet_value is nan where the cell holds no number; single cells may hold words.
        """
        import numpy as np
        import pandas as pd

        names = ["cell", "quantity", "check", "sheet_value", "torch_value", "off", "allowed", "ok"]
        parts = []
        for sheet in self.sheets:
            for check, c in sheet.comparisons.items():
                letters = [column_letters(int(number)) for number in c.columns]
                cells = [f"{letter}{row}" for row in c.rows for letter in letters]
                quantities = np.tile(np.array(c.quantities, dtype=object), len(c.rows))
                numbers = (c.sheet, c.expected, c.off, c.allowed, c.ok)
                kind = [check.partition(" ")[0]] * len(cells)
                columns = [cells, quantities, kind, *(n.ravel() for n in numbers)]
                parts.append(pd.DataFrame(dict(zip(names, columns, strict=True))))
                parts[-1].insert(0, "sheet", sheet.name)
            if sheet.fields:
                parts.append(pd.DataFrame(sheet.fields, columns=names))
                parts[-1].insert(0, "sheet", sheet.name)
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)
