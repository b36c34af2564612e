"""Native charts, with titles, axis titles and ranges that stay readable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

from openpyxl.chart import BarChart, Reference, ScatterChart, Series
from openpyxl.chart._chart import ChartBase
from openpyxl.chart.data_source import AxDataSource, StrRef
from openpyxl.chart.layout import Layout, ManualLayout
from openpyxl.chart.series import SeriesLabel, XYSeries
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText, Text
from openpyxl.chart.title import Title
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, OneCellAnchor, TwoCellAnchor
from openpyxl.drawing.text import (
    CharacterProperties,
    Paragraph,
    ParagraphProperties,
    RegularTextRun,
)
from openpyxl.drawing.xdr import XDRPositiveSize2D
from openpyxl.utils.units import pixels_to_EMU
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import Position
from xlsgd.sheets.maps import TableMap, quoted, range_in
from xlsgd.sheets.style import SERIES
from xlsgd.xlsx.chart_xml import UNSEEN

__all__ = [
    "BarSpec",
    "ChartPlace",
    "ChartSpec",
    "Curve",
    "add_bars",
    "add_chart",
    "add_overlay",
    "curves_over",
]


@dataclass(frozen=True)
class ChartPlace:
    """Where a chart stands: from where in a cell, and how large in pixels."""

    begin: AnchorMarker
    width: int
    height: int


@dataclass(frozen=True)
class Curve:
    """Numbers over others.

    x, y: their cells as in a formula, with their sheet.   words: in the legend, or the cell that
    holds them, such as ``=rates!$C$9``.
    look: ``line``, ``faint`` for a thin grey one behind the others, ``dashed`` for what is to be
        reached, ``points``, ``way`` for a line with a dot at every
        corner; on an overlay ``mark`` for one point.
    """

    x: str
    y: str
    words: str
    look: str = "line"


@dataclass(frozen=True)
class ChartSpec:
    """A chart of curves, the first one at the back."""

    title: str
    x_title: str
    y_title: str
    curves: Sequence[Curve]
    log: bool = False
    x_format: str = "0"
    x_min: float | None = 0
    x_max: float | None = None
    y_range: tuple[float, float] | None = None
    width_cm: float = 13.0
    height_cm: float = 7.6


def curves_over(sheet: str, table: TableMap, x: str, lines: Mapping[str, str]) -> list[Curve]:
    """Return a curve for each of a table's quantities.

    sheet: on which it stands.   x: the quantity on the horizontal axis.   lines: quantity to words.
    """
    name = quoted(sheet)
    return [
        Curve(f"{name}!{range_in(table, x)}", f"{name}!{range_in(table, quantity)}", words)
        for quantity, words in lines.items()
    ]


def add_chart(sheet: Worksheet, place: str | ChartPlace, spec: ChartSpec) -> None:
    """Draw a chart at a place, which may be a cell."""
    chart = ScatterChart()
    chart.style = 2
    chart.scatterStyle = "lineMarker"
    _set_out(chart, spec, len(spec.curves))
    colours = cycle(SERIES)
    for i, curve in enumerate(spec.curves):
        x, y = (Reference(range_string=cells) for cells in (curve.x, curve.y))
        series = Series(y, x, title=curve.words)
        if curve.words.startswith("="):
            series.tx = SeriesLabel(strRef=StrRef(f=curve.words[1:]))
        series.smooth = False
        series.marker.symbol = "none"
        if curve.look == "points":
            _draw_points(series)
        elif curve.look == "faint":
            series.graphicalProperties = _line(_FAINT, 6350)
        elif curve.look == "way":
            _draw_way(series, next(colours))
        elif curve.look == "dashed":
            series.graphicalProperties = _line(_TRUE, 12700, dashed=True)
        else:
            series.graphicalProperties = _line(next(colours), 19050, dashed=i >= len(SERIES))
        chart.series.append(series)
    chart.x_axis.number_format = spec.x_format
    chart.x_axis.scaling.min = spec.x_min
    chart.x_axis.scaling.max = spec.x_max
    chart.x_axis.majorGridlines = None
    chart.y_axis.number_format = "0E+0" if spec.log else _SHORT_AXIS
    if spec.log:
        chart.y_axis.scaling.logBase = 10
        chart.y_axis.crosses = "min"
        chart.x_axis.crosses = "min"
    if spec.y_range is not None:
        chart.y_axis.scaling.min, chart.y_axis.scaling.max = spec.y_range
    _put(sheet, chart, place)


def add_overlay(
    sheet: Worksheet,
    first: Position,
    last: Position,
    title: str,
    axes: tuple[str, str],
    curves: Sequence[Curve],
    edge: tuple[float, float],
) -> None:
    """Draw curves over cells, which are seen through the chart.

    first, last: the cells in the corners.   title, axes: said of the chart and not drawn.
    edge: where both axes begin and end: at the outer edges of these cells.
    """
    chart = ScatterChart()
    chart.style, chart.scatterStyle, chart.legend = 2, "lineMarker", None
    chart.title = _words(title, UNSEEN)
    colours = cycle(SERIES)
    for curve in curves:
        x, y = (Reference(range_string=cells) for cells in (curve.x, curve.y))
        series = Series(y, x, title=curve.words)
        series.smooth = False
        if curve.look == "mark":
            _draw_points(series, "diamond", 9, _MARK)
        else:
            _draw_way(series, next(colours))
        chart.series.append(series)
    for axis, words in zip((chart.x_axis, chart.y_axis), axes, strict=True):
        axis.delete, axis.majorGridlines, axis.title = True, None, _words(words, UNSEEN)
        axis.scaling.min, axis.scaling.max = edge
    # Nothing but the lines is drawn, and they fill the whole of it.
    whole = ManualLayout(layoutTarget="inner", xMode="edge", yMode="edge", x=0, y=0, w=1, h=1)
    chart.layout = Layout(manualLayout=whole)
    nothing = GraphicalProperties(noFill=True, ln=LineProperties(noFill=True))
    chart.graphical_properties = chart.plot_area.graphicalProperties = nothing
    (top, left), (bottom, right) = first, last
    chart.anchor = TwoCellAnchor(
        "twoCell",
        AnchorMarker(col=left - 1, row=top - 1),
        AnchorMarker(col=right, row=bottom),
    )
    sheet.add_chart(chart)


_SHORT_AXIS = "[>=100000]0E+0;[<0]-General;General"
"""On an axis, where a long number would leave no room for the lines."""
_FAINT = "B8C4D0"
_TRUE = "2E7D32"
_MARK = "C2185B"


def _line(colour: str, width: int, dashed: bool = False) -> GraphicalProperties:
    """Return how a line is drawn.  width: in EMU."""
    line = LineProperties(solidFill=colour, w=width)
    if dashed:
        line.prstDash = "dash"
    return GraphicalProperties(ln=line)


def _draw_way(series: XYSeries, colour: str) -> None:
    """Draw a line with a dot at every corner."""
    series.graphicalProperties = _line(colour, 22225)
    series.marker.symbol, series.marker.size = "circle", 4
    series.marker.graphicalProperties = GraphicalProperties(solidFill=colour)
    series.marker.graphicalProperties.line.solidFill = "FFFFFF"


def _draw_points(
    series: XYSeries, symbol: str = "circle", size: int = 5, fill: str = "5D6D7E"
) -> None:
    """Let a series be points without a line."""
    series.graphicalProperties = GraphicalProperties(ln=LineProperties(noFill=True))
    series.marker.symbol, series.marker.size = symbol, size
    colour = GraphicalProperties(solidFill=fill)
    colour.line.noFill = True
    series.marker.graphicalProperties = colour


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
    y_range: tuple[float, float] | None = None
    width_cm: float = 13.0
    height_cm: float = 7.6


def add_bars(sheet: Worksheet, place: str | ChartPlace, spec: BarSpec) -> None:
    """Draw a bar chart at a place, which may be a cell."""
    chart = BarChart()
    chart.type, chart.grouping, chart.gapWidth = "col", "clustered", 60
    _set_out(chart, spec, len(spec.bars))
    for i, (words, cells) in enumerate(spec.bars.items()):
        series = Series(Reference(range_string=cells), title=words)
        series.cat = AxDataSource(strRef=StrRef(f=spec.names))
        series.graphicalProperties = GraphicalProperties(solidFill=SERIES[i % len(SERIES)])
        series.invertIfNegative = False
        chart.series.append(series)
    chart.y_axis.number_format = _SHORT_AXIS
    if spec.y_range is not None:
        chart.y_axis.scaling.min, chart.y_axis.scaling.max = spec.y_range
    _put(sheet, chart, place)


def _put(sheet: Worksheet, chart: ChartBase, place: str | ChartPlace) -> None:
    if isinstance(place, str):
        sheet.add_chart(chart, place)
        return
    # Beside cells, large letters would leave no room for lines.
    chart.title = _words(chart.title.tx.rich.p[0].r[0].t, 1000)
    for axis in (chart.x_axis, chart.y_axis):
        if axis.title is not None:
            axis.title = _words(axis.title.tx.rich.p[0].r[0].t, UNSEEN)
    # Below the title, which a line at the top would go through; the names of many bars are turned
    # and need room above the legend.
    chart.layout.manualLayout.y = 0.18
    chart.layout.manualLayout.h = 0.36 if isinstance(chart, BarChart) else 0.54
    size = XDRPositiveSize2D(pixels_to_EMU(place.width), pixels_to_EMU(place.height))
    chart.anchor = OneCellAnchor(_from=place.begin, ext=size)
    sheet.add_chart(chart)


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
    # What is folded away is drawn all the same.
    chart.visible_cells_only = False
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
