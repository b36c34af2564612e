"""The chart of a model tab, which training tabs show as well."""

from __future__ import annotations

from xlsgd.base.cells import column_letters
from xlsgd.data.schema import Words
from xlsgd.sheets.charts import BarSpec
from xlsgd.sheets.maps import TabMap, quoted

__all__ = ["histogram"]


def histogram(words: Words, tab: TabMap, height_cm: float = 7.6) -> BarSpec:
    """Return the chart of how the predictions of both groups spread.  tab: the model tab."""
    table = tab.tables["histogram"]
    first, last = table.rows[0], table.rows[-1]

    def cells(name: str) -> str:
        letter = column_letters(table.columns[name])
        return f"{quoted(tab.sheet)}!${letter}${first}:${letter}${last}"

    return BarSpec(
        "Predictions of the two groups",
        "prediction, from",
        words.many,
        cells("from"),
        {words.groups[0]: cells("y_0"), words.groups[1]: cells("y_1")},
        height_cm=height_cm,
    )
