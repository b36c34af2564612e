"""Native charts, with titles, axis titles and ranges that stay readable."""

from __future__ import annotations

from dataclasses import dataclass

from openpyxl.chart import BarChart, Reference, ScatterChart, Series
from openpyxl.chart._chart import ChartBase
from openpyxl.chart.data_source import AxDataSource, StrRef
from openpyxl.chart.layout import Layout, ManualLayout
from openpyxl.chart.series import SeriesLabel
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText, Text
from openpyxl.chart.title import Title
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.text import (
    CharacterProperties,
    Paragraph,
    ParagraphProperties,
    RegularTextRun,
)
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.sheets.maps import TableMap
from xlsgd.sheets.style import SERIES

__all__ = ["BarSpec", "ChartSpec", "add_bars", "add_chart"]


@dataclass(frozen=True)
class ChartSpec:
    """A line chart over a table.

    x: quantity on the horizontal axis.   lines: quantity to the words in the legend, or to the
    cell that holds them, such as ``=rates!$C$9``.
    """

    title: str
    x: str
    x_title: str
    y_title: str
    lines: dict[str, str]
    log: bool = False
    x_min: float = 0
    x_max: float | None = None
    y_range: tuple[float, float] | None = None
    width_cm: float = 13.0
    height_cm: float = 7.6


def add_chart(sheet: Worksheet, anchor: str, spec: ChartSpec, table: TableMap) -> None:
    """Draw a chart over table at the cell anchor."""
    chart = ScatterChart()
    chart.style = 2
    chart.scatterStyle = "lineMarker"
    _set_out(chart, spec, len(spec.lines))
    first, last = table.rows[0], table.rows[-1]

    def column(quantity: str) -> Reference:
        number = table.columns[quantity]
        return Reference(sheet, min_col=number, max_col=number, min_row=first, max_row=last)

    for i, (quantity, words) in enumerate(spec.lines.items()):
        series = Series(column(quantity), column(spec.x), title=words)
        if words.startswith("="):
            series.tx = SeriesLabel(strRef=StrRef(f=words[1:]))
        series.marker.symbol = "none"
        series.smooth = False
        line = LineProperties(solidFill=SERIES[i % len(SERIES)], w=19050)
        if i >= len(SERIES):
            line.prstDash = "dash"
        series.graphicalProperties = GraphicalProperties(ln=line)
        chart.series.append(series)
    chart.x_axis.number_format = "0"
    chart.x_axis.scaling.min = spec.x_min
    chart.x_axis.scaling.max = spec.x_max
    chart.x_axis.majorGridlines = None
    chart.y_axis.number_format = "0.0E+0" if spec.log else "General"
    if spec.log:
        chart.y_axis.scaling.logBase = 10
        chart.y_axis.crosses = "min"
        chart.x_axis.crosses = "min"
    if spec.y_range is not None:
        chart.y_axis.scaling.min, chart.y_axis.scaling.max = spec.y_range
    sheet.add_chart(chart, anchor)


@dataclass(frozen=True)
class BarSpec:
    """A chart of bars in groups.

    names: the cells with the name of every group.   bars: words in the legend to the cells with
    the numbers; all as in a formula, with their sheet.
    """

    title: str
    x_title: str
    y_title: str
    names: str
    bars: dict[str, str]
    width_cm: float = 13.0
    height_cm: float = 7.6


def add_bars(sheet: Worksheet, anchor: str, spec: BarSpec) -> None:
    """Draw a bar chart at the cell anchor."""
    chart = BarChart()
    chart.type, chart.grouping, chart.gapWidth = "col", "clustered", 60
    _set_out(chart, spec, len(spec.bars))
    for i, (words, cells) in enumerate(spec.bars.items()):
        series = Series(Reference(range_string=cells), title=words)
        series.cat = AxDataSource(strRef=StrRef(f=spec.names))
        series.graphicalProperties = GraphicalProperties(solidFill=SERIES[i % len(SERIES)])
        series.invertIfNegative = False
        chart.series.append(series)
    chart.y_axis.number_format = "General"
    sheet.add_chart(chart, anchor)


def _set_out(chart: ChartBase, spec: ChartSpec | BarSpec, series: int) -> None:
    """Give a chart its words, its size, and axes that stay readable."""
    chart.title = _words(spec.title, 1200)
    chart.x_axis.title = _words(spec.x_title, 900) if spec.x_title else None
    chart.y_axis.title = _words(spec.y_title, 900)
    chart.x_axis.txPr = chart.y_axis.txPr = _small_text()
    chart.width, chart.height = spec.width_cm, spec.height_cm
    chart.legend.position = "b"
    chart.legend.txPr = _small_text()
    if series == 1:
        chart.legend = None
    # Without this, current versions of Excel draw no axes at all.
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.y_axis.majorGridlines.spPr = GraphicalProperties(
        ln=LineProperties(solidFill="DDE2E8", w=6350)
    )
    # Axis labels at the edge, also where the axis itself crosses in the middle.
    chart.x_axis.tickLblPos = chart.y_axis.tickLblPos = "low"
    chart.layout = Layout(
        manualLayout=ManualLayout(
            layoutTarget="inner", xMode="edge", yMode="edge", x=0.14, y=0.14, w=0.82, h=0.58
        )
    )


def _small_text() -> RichText:
    """Return plain text of eight points."""
    letters = CharacterProperties(sz=800, b=False)
    paragraph = Paragraph(pPr=ParagraphProperties(defRPr=letters), endParaRPr=letters)
    return RichText(p=[paragraph])


def _words(text: str, size: int) -> Title:
    """Return a title of a size in hundredths of a point."""
    letters = CharacterProperties(sz=size, b=size >= 1200)
    run = RegularTextRun(rPr=letters, t=text)
    paragraph = Paragraph(pPr=ParagraphProperties(defRPr=letters), r=[run])
    return Title(tx=Text(rich=RichText(p=[paragraph])), overlay=False)
