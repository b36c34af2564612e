"""Colours in a training tab that tell what words at its top tell: exploded, frozen, dead."""

from __future__ import annotations

from openpyxl.formatting.rule import Rule
from openpyxl.styles import Font
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.numbers import NumberFormat
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters
from xlsgd.sheets.maps import TabMap, address
from xlsgd.sheets.style import COLOURS, SHORT, fill_of, is_large_negative
from xlsgd.tabs.layouts import get_layout
from xlsgd.training.experiment import Experiment

__all__ = ["colour"]


def colour(sheet: Worksheet, experiment: Experiment, tab: TabMap) -> None:
    """Let colours tell what words at the top tell: exploded, frozen, dead."""
    steps = tab.tables["steps"]
    first, last = steps.rows[0], steps.rows[-1]

    def here(quantity: str) -> str:
        return f"${column_letters(steps.columns[quantity])}{first}"

    def span(*quantities: str) -> str:
        letters = [column_letters(steps.columns[q]) for q in quantities]
        return " ".join(f"{letter}{first}:{letter}{last}" for letter in letters)

    def rule(where: str, formula: str, ink: str, fill: str, bold: bool = False) -> None:
        def add(condition: str, form: NumberFormat | None) -> None:
            colours = DifferentialStyle(
                font=Font(color=COLOURS.get(ink, ink), bold=bold),
                fill=fill_of(COLOURS[fill]),
                numFmt=form,
            )
            sheet.conditional_formatting.add(
                where, Rule(type="expression", dxf=colours, formula=[condition])
            )

        if fill.startswith("exploded") and where.endswith(str(last)):
            # LibreOffice takes all from one rule and nothing from the others, so what a rule
            # colours it must shorten too.
            add(f"AND({is_large_negative(where.partition(':')[0])},{formula})", SHORT)
        add(formula, None)

    layout = get_layout(experiment.layout)
    for each in layout.drawing.silent_units(experiment.network.silences, tab):
        rule(*each)
    for numerical in layout.watched(experiment).numerical:
        frozen = f"{here('derivative_alive')}<{here('step')}"
        rule(span(numerical), frozen, "frozen", "frozen_pale", bold=True)
    if "lr_curvature" in steps.columns:
        for above, ink, pale in ((2, "exploded_ink", "exploded_pale"),
                                 (1, "doubtful", "doubtful_pale")):  # fmt: skip
            for column in ("row", "lr_curvature"):
                rule(span(column), f"{here('lr_curvature')}>{above}", ink, pale, bold=True)
    limit = address(tab.fields["exploded_above"], absolute=True)
    loss = here("loss")
    rule(span("loss"), f"IF(ISNUMBER({loss}),{loss}>{limit},TRUE)", "FFFFFF", "exploded", True)
    columns = list(steps.columns)
    weights = columns.index(f"param.{experiment.network.parameters[0]}")
    for among, ink in ((columns[:weights], "exploded_ink"), (columns[weights:], "exploded")):
        ends = [column_letters(steps.columns[quantity]) for quantity in (among[0], among[-1])]
        where = f"{ends[0]}{first}:{ends[1]}{last}"
        rule(where, f"{here('exploded_at')}>0", ink, "exploded_pale")

    cell = address(tab.fields["verdict"], absolute=True)
    for words, ink in (
        ("exploded", "exploded"),
        ("dead", "dead"),
        ("frozen", "frozen"),
        ("not finite", "exploded"),
        ("zero gradient", "dead"),
        ("converg", "good"),
    ):
        rule("B2:C2", f'ISNUMBER(SEARCH("{words}",{cell}))', ink, f"{ink}_pale", True)
    rule("B2:C2", "TRUE", "doubtful", "doubtful_pale", True)
