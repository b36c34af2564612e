"""Colours in a training tab that tell what words at its top tell: exploded, frozen, dead."""

from __future__ import annotations

from itertools import takewhile

from openpyxl.formatting.rule import Rule
from openpyxl.styles import Font
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.styles.numbers import NumberFormat
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters
from xlsgd.base.columns import Column
from xlsgd.sheets.maps import TabMap, address
from xlsgd.sheets.style import COLOURS, SHORT, fill_of, is_large_negative
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.training.arrangement import VERDICT_COLUMNS, arrange
from xlsgd.tabs.view import View
from xlsgd.training.gradients import CHOICES, GRADIENT_INPUT

__all__ = ["colour"]


def colour(sheet: Worksheet, view: View, tab: TabMap) -> None:
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

    network, layout = view.experiment.network, get_layout(view.layout)
    for each in layout.drawing.silent_units(network.silences, tab):
        rule(*each)
    evidence = layout.evidence(view)
    frozen = f"{here('derivative_alive')}<{here('step')}"
    for numerical in evidence.numerical:
        rule(span(numerical), frozen, "frozen", "frozen_pale", bold=True)
    chosen = address(tab.fields[GRADIENT_INPUT], absolute=True)
    for used in evidence.gradients.values():
        by_steps = f'AND({frozen},{chosen}="{CHOICES[0]}")'
        rule(span(used), by_steps, "frozen", "frozen_pale", bold=True)
    if "lr_curvature" in steps.columns:
        for above, ink, pale in ((2, "exploded_ink", "exploded_pale"),
                                 (1, "doubtful", "doubtful_pale")):  # fmt: skip
            # Other optimizers take other steps at that curvature.
            plain = view.experiment.optimizer.step_is_slope
            for column in ("row", "lr_curvature") if plain else ("lr_curvature",):
                rule(span(column), f"{here('lr_curvature')}>{above}", ink, pale, bold=True)
    limit = address(tab.fields["exploded_above"], absolute=True)
    loss = here("loss")
    rule(span("loss"), f"IF(ISNUMBER({loss}),{loss}>{limit},TRUE)", "FFFFFF", "exploded", True)
    shown = [steps.columns[column.quantity] for column in arrange(view).shown]
    counts = [steps.columns[column.quantity] for column in _counted(view)]
    for among, ink in ((counts, "exploded_ink"), (shown[len(counts) :], "exploded")):
        letters = [column_letters(number) for number in (among[0], among[-1])]
        where = f"{letters[0]}{first}:{letters[1]}{last}"
        rule(where, f"{here('exploded_at')}>0", ink, "exploded_pale")

    cell = address(tab.fields["verdict"], absolute=True)
    top, left = tab.fields["verdict"]
    verdict_cells = f"{address((top, left))}:{address((top, left + VERDICT_COLUMNS - 1))}"
    for words, ink in (
        ("exploded", "exploded"),
        ("dead", "dead"),
        ("frozen", "frozen"),
        ("not finite", "exploded"),
        # Some weights that stand still do not keep the others from learning.
        ("converg", "good"),
        ("zero gradient", "dead"),
    ):
        rule(verdict_cells, f'ISNUMBER(SEARCH("{words}",{cell}))', ink, f"{ink}_pale", True)
    rule(verdict_cells, "TRUE", "doubtful", "doubtful_pale", True)


def _counted(view: View) -> list[Column]:
    """Return the first columns, whose numbers are counters or data."""
    columns = arrange(view).shown
    return list(takewhile(lambda column: column.group in ("where we are", "data"), columns))
