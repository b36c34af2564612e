"""How the sheets look: one place for colours, fonts, widths and number formats."""

from __future__ import annotations

from openpyxl.formatting.rule import Rule
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Protection, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.numbers import NumberFormat
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

__all__ = [
    "COLOURS",
    "GROUP_COLOURS",
    "NUMBER",
    "SERIES",
    "SHARE",
    "SHORT",
    "add_styles",
    "fill_of",
    "is_large_negative",
    "set_page",
    "shorten_large",
]

LARGE = 100_000
LARGE_NUMBER = "0.00E+00"


def _shortened(usual: str) -> str:
    """Return a number format that turns to powers of ten once a number would fill its column.

    The cell's own: the rules of Google Sheets know no number formats.  Negative numbers have a
    section of their own, with their minus, because LibreOffice writes none in any but the first;
    and there is no further section for large ones among them, which a rule has to shorten.
    """
    return f"[>={LARGE}]{LARGE_NUMBER};[<0]-{usual};{usual}"


NUMBER, SHARE = _shortened("0.0000"), _shortened("0.0%")
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
    "doubtful_pale": "FFF0D5",
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
    "derivative used": "F1F0DC",
    "batch": "F1F0DC",
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


def fill_of(colour: str) -> PatternFill:
    """Return a plain fill."""
    return PatternFill("solid", start_color=colour, end_color=colour)


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
    # A rule for every span: of one rule for several, programs disagree which cell its formula is
    # written for.
    for span in spans:
        first = span.partition(":")[0]
        short = DifferentialStyle(numFmt=SHORT)
        rule = Rule(type="expression", dxf=short, formula=[is_large_negative(first)])
        sheet.conditional_formatting.add(span, rule)


def add_styles(workbook: Workbook) -> None:
    """Register the named styles that all tabs use."""
    ink, quiet = COLOURS["ink"], COLOURS["quiet"]
    thin = Side(style="thin", color="B8C0CC")

    def style(name: str, **parts: object) -> None:
        named = NamedStyle(name=name)
        named.font = Font(name="Calibri", size=11, color=ink)
        for part, value in parts.items():
            setattr(named, part, value)
        workbook.add_named_style(named)

    middle = Alignment(vertical="center")
    style("title", font=Font(name="Calibri", size=16, bold=True, color=ink), alignment=middle)
    style(
        "heading",
        font=Font(name="Calibri", size=11, bold=True, color=ink),
        fill=fill_of(COLOURS["heading"]),
    )
    style("text", alignment=Alignment(vertical="top", wrap_text=True))
    style("key", font=Font(name="Calibri", size=11, color=ink), alignment=middle)
    style(
        "note",
        font=Font(name="Calibri", size=9, italic=True, color=quiet),
        alignment=Alignment(vertical="center", indent=1),
    )
    style("about", alignment=Alignment(vertical="center", wrap_text=True))
    style(
        "input",
        font=Font(name="Calibri", size=11, color=COLOURS["input_ink"], bold=True),
        fill=fill_of(COLOURS["input"]),
        border=Border(left=thin, right=thin, top=thin, bottom=thin),
        alignment=Alignment(horizontal="right", vertical="center"),
        protection=Protection(locked=False),
    )
    style(
        "words",
        font=Font(name="Calibri", size=11, color=COLOURS["input_ink"]),
        fill=fill_of(COLOURS["input"]),
        border=Border(left=thin, right=thin, top=thin, bottom=thin),
        alignment=Alignment(horizontal="left", vertical="center", indent=1),
        protection=Protection(locked=False),
    )
    style(
        "value",
        number_format=NUMBER,
        alignment=Alignment(horizontal="right", vertical="center"),
    )
    style("fact", alignment=Alignment(horizontal="left", vertical="center", indent=1))
    style("verdict", font=Font(name="Calibri", size=13, bold=True, color=ink))
    style(
        "quantity",
        font=Font(name="Calibri", size=11, bold=True, color=ink),
        alignment=Alignment(horizontal="center"),
        border=Border(bottom=thin),
    )
    style(
        "paper",
        font=Font(name="Calibri", size=8, italic=True, color=quiet),
        alignment=Alignment(horizontal="center", vertical="top", wrap_text=True),
    )
    style("group", font=Font(name="Calibri", size=10, bold=True, color=ink))
    style("number", number_format=NUMBER)
    style("count", number_format="0")
    style("share", number_format=SHARE)
    style("data", number_format="General")
    style("link", font=Font(name="Calibri", size=11, underline="single", color="0563C1"))
