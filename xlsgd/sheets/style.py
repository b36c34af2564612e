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
    "SHORT",
    "add_styles",
    "fill_of",
    "set_page",
    "shorten_large",
    "shortened",
]

NUMBER, LARGE_NUMBER = "0.0000", "0.0E+00"
"""Four decimals; powers of ten once a number would fill its column. Two formats and a rule for
when: a single one with conditions loses the minus sign of negative numbers."""
LARGE = 100_000
SHORT = NumberFormat(numFmtId=190, formatCode=LARGE_NUMBER)
"""For rules that change a cell's format: LibreOffice takes all from one rule and nothing from the
others, so a rule that colours large numbers must shorten them too."""

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


def fill_of(colour: str) -> PatternFill:
    """Return a plain fill."""
    return PatternFill("solid", start_color=colour, end_color=colour)


def set_page(sheet: Worksheet) -> None:
    """Set how a tab looks as a whole: no grid on screen, one page wide on paper."""
    sheet.sheet_view.showGridLines = False
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def shorten_large(sheet: Worksheet, *spans: str) -> None:
    """Show large numbers as powers of ten.  spans: such as ``B5:C9``."""
    # A rule for every span: of one rule for several, programs disagree which cell its formula is
    # written for.
    for span in spans:
        first = span.partition(":")[0]
        short = DifferentialStyle(numFmt=SHORT)
        formula = f"IF(ISNUMBER({first}),ABS({first})>={LARGE},FALSE)"
        rule = Rule(type="expression", dxf=short, formula=[formula])
        sheet.conditional_formatting.add(span, rule)


def shortened(shape: str) -> str:
    """Return a number format that writes large numbers as powers of ten, large negative ones but
    for a rule of ``shorten_large``.

    shape: the format of the others. There are three sections at most, and LibreOffice writes a
    minus by itself in the first one only.
    """
    return f"[>={LARGE}]{LARGE_NUMBER};[<0]-{shape};{shape}"


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
    style(
        "verdict",
        font=Font(name="Calibri", size=12, bold=True, color=ink),
        alignment=Alignment(vertical="center", wrap_text=True),
    )
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
    style(
        "symbol",
        font=Font(name="Calibri", size=10, bold=True, color=ink),
        alignment=Alignment(horizontal="center", vertical="center"),
        border=Border(bottom=thin),
    )
    style(
        "label",
        font=Font(name="Calibri", size=9, color=quiet),
        alignment=Alignment(horizontal="left", vertical="bottom"),
    )
    style("group", font=Font(name="Calibri", size=10, bold=True, color=ink))
    style("number", number_format=NUMBER)
    # Many of these stand beside each other.
    style("step", number_format=NUMBER, font=Font(name="Calibri", size=10, color=ink))
    style("count", number_format="0")
    style("share", number_format="0.0%")
    style("data", number_format="General")
    style("link", font=Font(name="Calibri", size=11, underline="single", color="0563C1"))
