"""Where steps and blocks stand: found again in a tab, and looked up for templates."""

from __future__ import annotations

from dataclasses import dataclass

from xlsgd.base.errors import WorkbookError
from xlsgd.sheets.found_tab import FoundTab, texts_of
from xlsgd.sheets.maps import (
    BookMap,
    Reference,
    Scope,
    TableMap,
    TabMap,
    address,
    data_range,
    range_in,
)
from xlsgd.tabs.layouts.blocks.columns import BLOCK, block_name

__all__ = ["BlockScope", "find_blocks", "need_steps"]


@dataclass(frozen=True)
class BlockScope(Scope):
    """The names ``{step.…}``, ``{batch.…}`` and ``{block.…}``; see the layout's columns.

    batch_size: rows of data per step.
    """

    batch_size: int

    heads = ("step", "batch", "block")

    def reference(self, head: str, name: str, book: BookMap, tab: TabMap, table: str) -> Reference:
        own, size = tab.tables[table], self.batch_size
        per_epoch = -(-len(book.data.tables["data"].rows) // size)

        def in_block(epoch: int, rows: slice) -> str:
            block = tab.tables[block_name(epoch)]
            if name in block.columns:
                return range_in(block, name, rows)
            return data_range(book, name, rows)

        def step(row: int) -> str:
            begin = (int(table.removeprefix(BLOCK)) - 1) * per_epoch
            place = begin + own.place(row) // size
            return address(tab.tables["steps"].cell(name, place), absolute=True)

        def batch(row: int) -> str:
            epoch, number = divmod(own.place(row), per_epoch)
            return in_block(epoch + 1, slice(number * size, (number + 1) * size))

        def block(row: int) -> str:
            return in_block(own.place(row) + 1, slice(None))

        return {"step": step, "batch": batch, "block": block}[head]


def find_blocks(
    tab: FoundTab, steps: TableMap, quantities: list[str], data_rows: int
) -> dict[str, TableMap]:
    """Return the tables to the right of the steps: one for every time their headers come."""
    row, begin = steps.header_row, max(steps.columns.values())
    texts = sorted(
        (c, text) for (r, c), text in texts_of(tab.grid).items() if r == row and c > begin
    )
    places = {q: [column for column, text in texts if text == q] for q in quantities}
    count = max(map(len, places.values()))
    for quantity, found in places.items():
        if len(found) != count or not found:
            raise WorkbookError(
                f"{tab.file}: tab '{tab.sheet}', row {row}: the header {quantity} stands there "
                f"{len(found)} times to the right of the steps, need {max(count, 1)}, one for "
                "every epoch; restore it, or generate the workbook again"
            )
    blocks = {
        block_name(i + 1): TableMap(row, {q: found[i] for q, found in places.items()}, [])
        for i in range(count)
    }
    rows: set[int] = set()
    for block in blocks.values():
        rows |= set(tab.rows_below(row, set(block.columns.values())))
    if len(rows) != data_rows:
        raise WorkbookError(
            f"{tab.file}: tab '{tab.sheet}': its blocks have {len(rows):,} rows, the data "
            f"{data_rows:,}; this layout cannot grow or shrink: generate the workbook again"
        )
    for block in blocks.values():
        block.rows = sorted(rows)
    return blocks


def need_steps(tab: FoundTab, steps: TableMap, need: int) -> None:
    if len(steps.rows) != need:
        raise WorkbookError(
            f"{tab.file}: tab '{tab.sheet}': got {len(steps.rows):,} steps, need {need:,} "
            "for its blocks; restore the rows, or generate the workbook again"
        )
