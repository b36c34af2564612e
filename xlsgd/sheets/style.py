"""How the sheets look: one place for colours, fonts, widths and number formats."""

from __future__ import annotations

from typing import Any

from openpyxl.formatting.rule import FormulaRule, Rule
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Protection, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.numbers import NumberFormat
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

__all__ = [
    "COLOURS",
    "GROUP_COLOURS",
    "MAP_COLOURS",
    "NUMBER",
    "SERIES",
    "SHARE",
    "SHORT",
    "add_styles",
    "colour_rule",
    "fill_of",
    "is_large_negative",
    "set_page",
    "shorten_large",
    "shortened",
]

LARGE, LARGE_SHARE = 100_000, 100
LARGE_NUMBER = "0.00E+00"


def shortened(usual: str, large: int = LARGE) -> str:
    """Return a number format that turns to powers of ten once a number would fill its column.

    The cell's own: the rules of Google Sheets know no number formats.  Negative numbers have a
    section of their own, with their minus, because LibreOffice writes none in any but the first;
    and there is no further section for large ones among them, which a rule has to shorten.
    """
    return f"[>={large}]{LARGE_NUMBER};[<0]-{usual};{usual}"


NUMBER, SHARE = shortened("0.0000"), shortened("0.0%", LARGE_SHARE)
"""Four decimals, or a share of hundred, or powers of ten."""

SHORT = NumberFormat(numFmtId=190, formatCode=LARGE_NUMBER)
"""For rules about large negative numbers."""

COLOURS = {
    "ink": "1F2933",
    "quiet": "6B7785",
    "input": "FFF4CC",
    "input_ink": "1B4DA0",
    "heading": "E4E9F0",
    "exploded": "C62828",
    "exploded_pale": "FDECEA",
    "exploded_ink": "C62828",
    "dead": "5F6B7A",
    "dead_pale": "DDE2E8",
    "frozen": "1565C0",
    "frozen_pale": "D6E8FA",
    "good": "2E7D32",
    "good_pale": "E3F2E4",
    "doubtful": "8A5A00",
    "doubtful_pale": "FBE0D0",
}

GROUP_COLOURS = {
    "where we are": "ECEFF3",
    "data": "E3EDF7",
    "weights": "FDE9D9",
    "forward": "E5F1E3",
    "collapsed to one neuron": "F3EBDD",
    "numerical derivative": "E9E4F5",
    "backprop": "DFF1F3",
    "numerical against backprop": "F6E3EC",
    "derivative used": "E9E4F5",
    "batch": "E9E4F5",
    "update": "FDE9D9",
    "how it goes": "ECEFF3",
    "for the charts": "ECEFF3",
    "epoch by epoch": "E3EDF7",
    "one weight moved": "E9E4F5",
    "as in the file": "ECEFF3",
    "the ten inputs": "E3EDF7",
    "how the predictions spread": "E3EDF7",
    "fill in": "FFF4CC",
    "matrix product": "E5F1E3",
}

SERIES = ("1F77B4", "D9541E", "2E8B57", "8E44AD", "B8860B", "222B36", "C2185B", "5D6D7E", "7F6000")
"""Line colours, told apart also in grey and by most colour-blind readers."""


MAP_COLOURS = (
    *("FFF7C9", "E6F0C0", "C9E5C3", "ABD8C6", "90C9CB"),
    *("7DB7CE", "73A3CC", "708CC4", "7676B8", "7C60A6"),
)
"""Of a map of a loss: from where it is small to where it is large."""


def fill_of(colour: str) -> PatternFill:
    """Return a plain fill."""
    return PatternFill("solid", start_color=colour, end_color=colour)


def colour_rule(formula: str, colour: str, bold: bool | None = None) -> FormulaRule:
    """Return a rule that shows cells in a colour where a formula is true."""
    font = Font(color=COLOURS[colour], bold=bold)
    return FormulaRule(formula=[formula], font=font, fill=fill_of(COLOURS[f"{colour}_pale"]))


def set_page(sheet: Worksheet) -> None:
    """Set how a tab looks as a whole: no grid on screen, one page wide on paper."""
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def is_large_negative(cell: str) -> str:
    """Return the condition that a cell's own number format does not shorten what it holds."""
    return f"IF(ISNUMBER({cell}),{cell}<=-{LARGE},FALSE)"


def shorten_large(sheet: Worksheet, *spans: str) -> None:
    """Show large negative numbers as powers of ten.  spans: such as ``B5:C9``."""
    # By value, not by a formula: programs need not watch what such a formula looks at.
    for span in spans:
        rule = Rule(
            type="cellIs",
            operator="lessThanOrEqual",
            dxf=DifferentialStyle(numFmt=SHORT),
            formula=[f"-{LARGE}"],
        )
        sheet.conditional_formatting.add(span, rule)


def add_styles(workbook: Workbook) -> None:
    """Register the named styles that all tabs use."""
    quiet, blue = COLOURS["quiet"], COLOURS["input_ink"]
    thin = Side(style="thin", color="B8C0CC")
    frame = Border(left=thin, right=thin, top=thin, bottom=thin)
    yellow, open_ = fill_of(COLOURS["input"]), Protection(locked=False)

    def font(size: int = 11, color: str = COLOURS["ink"], **more: Any) -> Font:
        return Font(name="Calibri", size=size, color=color, **more)

    def middle(horizontal: str | None = None, **more: Any) -> Alignment:
        return Alignment(horizontal=horizontal, vertical="center", **more)

    def style(name: str, **parts: object) -> None:
        named = NamedStyle(name=name)
        for part, value in {"font": font(), **parts}.items():
            setattr(named, part, value)
        workbook.add_named_style(named)

    style("title", font=font(16, bold=True), alignment=middle())
    style("heading", font=font(bold=True), fill=fill_of(COLOURS["heading"]))
    style("text", alignment=Alignment(vertical="top", wrap_text=True))
    style("key", alignment=middle())
    style("note", font=font(9, quiet, italic=True), alignment=middle(indent=1))
    style("about", alignment=middle(wrap_text=True))
    style(
        "input",
        font=font(color=blue, bold=True),
        fill=yellow,
        border=frame,
        alignment=middle("right"),
        protection=open_,
    )
    style(
        "words",
        font=font(color=blue),
        fill=yellow,
        border=frame,
        alignment=middle("left", indent=1),
        protection=open_,
    )
    # A number that its column is too narrow for is smaller, and not ###.
    fitting = Alignment(shrink_to_fit=True)
    style("value", number_format=NUMBER, alignment=middle("right", shrink_to_fit=True))
    style("fact", alignment=middle("left", indent=1))
    style("verdict", font=font(12, bold=True), alignment=middle(wrap_text=True))
    style(
        "quantity",
        font=font(bold=True),
        alignment=Alignment(horizontal="center"),
        border=Border(bottom=thin),
    )
    style(
        "paper",
        font=font(8, quiet, italic=True),
        alignment=Alignment(horizontal="center", vertical="top", wrap_text=True),
    )
    style(
        "symbol", font=font(10, bold=True), alignment=middle("center"), border=Border(bottom=thin)
    )
    style("label", font=font(9, quiet), alignment=Alignment(horizontal="left", vertical="bottom"))
    # In small letters, and in as many lines as it takes: a number, or words that there is none.
    style(
        "result",
        number_format=NUMBER,
        font=font(10),
        alignment=middle("right", wrap_text=True),
    )
    style("group", font=font(10, bold=True))
    style("number", number_format=NUMBER, alignment=fitting)
    # Many of these stand beside each other.
    style("step", number_format=NUMBER, font=font(10), alignment=fitting)
    # On a map of numbers, and beside it.
    style("map", font=font(7), alignment=middle("center"))
    style("axis", number_format=shortened("0.0"), font=font(8, quiet), alignment=middle("center"))
    style("count", number_format="0")
    style("share", number_format=SHARE, alignment=fitting)
    style("data", number_format="General")
    style("link", font=font(color="0563C1", underline="single"))
