"""A training tab: fields at the left, charts beside them, then the table of steps and, in a layout
that has them, a block of rows for every epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy

from openpyxl.comments import Comment
from openpyxl.formatting.rule import Rule
from openpyxl.styles import Font
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters
from xlsgd.base.columns import Column, Input
from xlsgd.sheets.charts import BarSpec, ChartSpec, add_bars, add_chart
from xlsgd.sheets.maps import (
    BookMap,
    TableMap,
    TabMap,
    address,
    column_contents,
    formula_maker,
    quoted,
)
from xlsgd.sheets.markers import MARKER, TRAINING
from xlsgd.sheets.style import COLOURS, GROUP_COLOURS, SHORT, fill_of, set_page, shorten_large
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.layouts.blocks.columns import BLOCK, block_name
from xlsgd.training.experiment import Experiment

__all__ = [
    "draw_training_tab",
    "map_training_tab",
    "validation",
    "write_body",
    "write_fields",
    "write_headers",
]

_KEY, _VALUE, _NOTE = 1, 2, 3
_CHARTS, FIRST_COLUMN, _GAP = 5, 11, 1
_ABOUT_COLUMNS = 11
_CHART_ROWS, _CHART_COUNT = 16, 3
VERDICT_ROW, GROUP_ROW, HEADER_ROW, PAPER_ROW, FIRST_ROW = 2, 3, 4, 5, 6
_EPOCHS_HEADER = FIRST_ROW + _CHART_ROWS * _CHART_COUNT + 2

_COUNTS = frozenset(
    (
        "batch_size",
        *("step", "epoch", "row", "batch_row", "batch_end", "exploded_at", "derivative_alive"),
        *("not_finite_at", "exploded_step", "not_finite_step", "zero_gradient_since"),
        *("overshooting_rows", "growing_rows"),
        *("frozen_since", "rises", "falls", "last_step", "last_epoch", "rows"),
        *("steps_per_epoch", "batch_rows"),
    )
)
"""Fields and quantities that are whole numbers."""

_LONGEST_LIST = 250
"""Characters that fit into a drop-down's list in Excel."""

_INPUTS, _PANEL, _FACTS = "change these", "how the run went", "what this tab trains"


def map_training_tab(experiment: Experiment, sheet: str, data_rows: int) -> TabMap:
    """Return where everything of an experiment's tab goes."""
    tab = TabMap(sheet, fields={"verdict": (VERDICT_ROW, _VALUE)})
    row = GROUP_ROW
    for _, fields in _sections(experiment):
        for given in fields:
            row += 1
            tab.fields[given.key] = (row, _VALUE)
        row += 2
    layout = get_layout(experiment.layout)
    lengths, left = layout.lengths(experiment, data_rows), FIRST_COLUMN
    tab.batch_size = experiment.batch_size
    for name, columns in layout.tables(experiment).items():
        header, begin = (_EPOCHS_HEADER, _CHARTS) if name == "epochs" else (HEADER_ROW, left)
        first = header + 2 if name == "epochs" else FIRST_ROW
        tab.tables[name] = TableMap(
            header,
            {column.quantity: begin + i for i, column in enumerate(columns)},
            list(range(first, first + lengths[name])),
        )
        if name != "epochs":
            left += len(columns) + _GAP
    return tab


def _sections(experiment: Experiment) -> list[tuple[str, list[Input]]]:
    """Return the fields at the left below the verdict, under their headings."""
    schedule = experiment.schedule
    # No note beside words that need its room.
    facts = {
        "experiment": (experiment.id, "its name in reports and on 'compare'"),
        "network": (str(experiment.network), ""),
        "loss": (experiment.loss.name, experiment.loss.paper),
        "optimizer": (experiment.optimizer.name, experiment.optimizer.summary),
        "torch": (experiment.optimizer.torch_line, ""),
        **({} if schedule.steady else {"schedule": (schedule.name, schedule.summary)}),
        "difference": (experiment.difference, experiment.rules[0].summary),
        MARKER: (TRAINING[experiment.layout], ""),
    }
    layout = get_layout(experiment.layout)
    return [
        (_INPUTS, layout.inputs(experiment)),
        (_PANEL, [given for given in layout.panel(experiment) if given.key != "verdict"]),
        (_FACTS, [Input(key, value, note, fixed=True) for key, (value, note) in facts.items()]),
    ]


def draw_training_tab(sheet: Worksheet, experiment: Experiment, book: BookMap) -> None:
    """Write an experiment's tab."""
    tab = book.training[experiment.id]
    tables = get_layout(experiment.layout).tables(experiment)

    sheet["A1"] = experiment.title
    sheet["A1"].style = "title"
    sheet.cell(1, _CHARTS, experiment.about).style = "about"
    sheet.merge_cells(
        start_row=1, end_row=1, start_column=_CHARTS, end_column=FIRST_COLUMN + _ABOUT_COLUMNS
    )
    panel = {given.key: given for given in get_layout(experiment.layout).panel(experiment)}
    sheet.cell(VERDICT_ROW, _KEY, "verdict").style = "verdict"
    cell = sheet.cell(VERDICT_ROW, _VALUE)
    cell.value = formula_maker(str(panel["verdict"].value), book, tab)(VERDICT_ROW)
    cell.style = "verdict"
    for heading, fields in _sections(experiment):
        top = tab.fields[fields[0].key][0] - 1
        for number in (_KEY, _VALUE, _NOTE):
            sheet.cell(top, number).style = "heading"
        sheet.cell(top, _KEY, heading)
        write_fields(sheet, fields, book, tab, "input" if heading == _INPUTS else "value")

    for name, columns in tables.items():
        heading = f"epoch {name.removeprefix(BLOCK)}: " if name.startswith(BLOCK) else ""
        # The same words over every block would be thousands of notes: the first one has them.
        noted = not name.startswith(BLOCK) or name == block_name(1)
        write_headers(sheet, columns, tab.tables[name], heading, notes=noted)
        write_body(sheet, columns, book, tab, name)
    if block_name(1) in tab.tables:
        _number_blocks(sheet, tab)
    _name_inputs(sheet, experiment, tab)
    # Colours first: LibreOffice takes the first rule that fits and leaves the others.
    _colour(sheet, experiment, tab)
    shorten_large(sheet, *(table.span for table in tab.tables.values()))
    column = column_letters(_VALUE)
    shorten_large(sheet, f"{column}{FIRST_ROW}:{column}{max(r for r, _ in tab.fields.values())}")
    _add_charts(sheet, experiment, book)
    _set_sizes(sheet, tables, tab)


def _number_blocks(sheet: Worksheet, tab: TabMap) -> None:
    """Number the rows at the left of the blocks, and let every epoch lead to its block."""
    first = tab.tables[block_name(1)]
    left = min(first.columns.values()) - 1
    sheet.cell(first.header_row, left, "row").style = "quantity"
    for i, row in enumerate(first.rows, 1):
        sheet.cell(row, left, i).style = "count"
    epochs = tab.tables["epochs"]
    for number, row in enumerate(epochs.rows, 1):
        cell = sheet.cell(row, epochs.columns["epoch"])
        block = tab.tables[block_name(number)]
        there = address((GROUP_ROW, min(block.columns.values())))
        cell.hyperlink = Hyperlink(cell.coordinate, location=f"{quoted(tab.sheet)}!{there}")
        cell.style = "link"
        cell.number_format = "0"


def write_fields(
    sheet: Worksheet, fields: Sequence[Input], book: BookMap, tab: TabMap, style: str
) -> None:
    """Write keys, values and notes, with a rule for what may be typed in."""
    for given in fields:
        row, column = tab.fields[given.key]
        sheet.cell(row, column - 1, given.key).style = "key"
        cell = sheet.cell(row, column)
        value = given.value
        is_formula = isinstance(value, str) and value.startswith("=")
        if is_formula:
            value = formula_maker(str(value), book, tab)(row)
        elif isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            value = int(value)
        cell.value = value
        cell.style = style
        if given.fixed:
            cell.style = "fact" if isinstance(value, str) and not is_formula else "value"
        if given.key == "learning_rate":
            cell.number_format = "General"
        if given.key in _COUNTS or given.key.startswith("dead_since."):
            cell.number_format = "0"
        elif given.key in ("last_change", "last_accuracy", "loss_left", "pace"):
            cell.number_format = "0.0%"
        if given.note:
            sheet.cell(row, column + 1, given.note).style = "note"
        rule = validation(given)
        if rule is not None and style == "input":
            rule.add(cell)
            sheet.add_data_validation(rule)


def validation(given: Input) -> DataValidation | None:
    """Return the rule for what may be typed into an input, None where anything may."""
    if given.fixed:
        return None
    if given.choices:
        words = ",".join(given.choices)
        if len(words) > _LONGEST_LIST:
            return None
        rule = DataValidation(type="list", formula1=f'"{words}"')
        rule.error = f"{given.key} is one of: {', '.join(given.choices)}."[:255]
    else:
        low = given.minimum if given.minimum is not None else 0 if given.positive else None
        kind = "whole" if given.key == "batch_size" else "decimal"
        if low is None:
            rule = DataValidation(type=kind, operator="between", formula1="-1E+300")
            rule.formula2 = "1E+300"
            rule.error = f"{given.key} must be a number."
        elif given.below is not None:
            rule = DataValidation(type=kind, operator="between", formula1=f"{low:g}")
            rule.formula2 = "0.999999999"
            rule.error = f"{given.key} must be a number from {low:g}, below {given.below:g}."
        else:
            operator = "greaterThan" if given.positive else "greaterThanOrEqual"
            words = "greater than" if given.positive else "at least"
            rule = DataValidation(type=kind, operator=operator, formula1=f"{low:g}")
            rule.error = f"{given.key} must be a number {words} {low:g}."
    rule.errorTitle, rule.promptTitle = given.key, given.key
    rule.prompt = given.note[:255]
    rule.showErrorMessage = rule.showInputMessage = True
    rule.allow_blank = False
    return rule


def write_headers(
    sheet: Worksheet,
    columns: Sequence[Column],
    table: TableMap,
    heading: str = "",
    library: str = "PyTorch",
    notes: bool = True,
) -> None:
    """Write the headers of columns, with their notes.

    heading: stands before the words above the first group.   library: whose line is in the notes.
    notes: whether there are any.
    """
    group = None
    for column in columns:
        number = table.columns[column.quantity]
        top = sheet.cell(table.header_row - 1, number)
        top.style = "group"
        if column.group != group:
            top.value = (heading if group is None else "") + column.group
            group = column.group
        header = sheet.cell(table.header_row, number, column.quantity)
        header.style = "quantity"
        paper = sheet.cell(table.header_row + 1, number, column.paper or None)
        paper.style = "paper"
        for cell in (top, header, paper):
            cell.fill = fill_of(GROUP_COLOURS.get(column.group, COLOURS["heading"]))
        # A leading "=" would make the comment's formula line look like a formula; it has none.
        words = f"{column.note}\n\non paper: {column.paper}\n\n{library}: {column.torch}"
        if notes:
            header.comment = Comment(words, "xlsgd", width=330, height=150)


def write_body(
    sheet: Worksheet, columns: Sequence[Column], book: BookMap, tab: TabMap, name: str
) -> None:
    """Write the cells of a table's columns."""
    for column in columns:
        number = tab.tables[name].columns[column.quantity]
        whole = column.quantity in _COUNTS or column.quantity.startswith(("awake.", "nonzero."))
        share = column.quantity in ("change", "accuracy")
        style = "count" if whole else "share" if share else "number"
        first = None
        for row, content in column_contents(column, book, tab, name):
            cell = sheet.cell(row, number, content)
            if first is None:
                cell.style = style
                first = cell
            else:
                # Half the time it takes to write a workbook would go into looking the name up.
                cell._style = copy(first._style)


def _name_inputs(sheet: Worksheet, experiment: Experiment, tab: TabMap) -> None:
    """Give inputs names of their own tab, for the name box and for a learner's formulas."""
    from openpyxl.workbook.defined_name import DefinedName

    for given in get_layout(experiment.layout).inputs(experiment):
        # "in_" before one letter: Excel takes r and c alone for a row and a column.
        name = given.key.replace(".", "_")
        place = address(tab.fields[given.key], absolute=True)
        defined = DefinedName(name, attr_text=f"{quoted(tab.sheet)}!{place}")
        sheet.defined_names[name] = defined


def _colour(sheet: Worksheet, experiment: Experiment, tab: TabMap) -> None:
    """Let colours tell what words at the top tell: exploded, frozen, dead."""
    steps = tab.tables["steps"]
    first, last = steps.rows[0], steps.rows[-1]

    def here(quantity: str) -> str:
        return f"${column_letters(steps.columns[quantity])}{first}"

    def span(*quantities: str) -> str:
        letters = [column_letters(steps.columns[q]) for q in quantities]
        return " ".join(f"{letter}{first}:{letter}{last}" for letter in letters)

    def rule(where: str, formula: str, ink: str, fill: str, bold: bool = False) -> None:
        colours = DifferentialStyle(
            font=Font(color=COLOURS.get(ink, ink), bold=bold),
            fill=fill_of(COLOURS[fill]),
            numFmt=SHORT if "exploded" in (ink, fill) else None,
        )
        sheet.conditional_formatting.add(
            where, Rule(type="expression", dxf=colours, formula=[formula])
        )

    blocks = [table for name, table in tab.tables.items() if name.startswith(BLOCK)]
    for unit, silence in experiment.network.silences.items():
        if blocks:
            spans = []
            for block in blocks:
                letter = column_letters(block.columns[unit])
                spans.append(f"{letter}{block.rows[0]}:{letter}{block.rows[-1]}")
            corner = spans[0].partition(":")[0]
            rule(" ".join(spans), silence.condition(corner), "dead", "dead_pale")
            continue
        per_epoch = address(tab.fields["steps_per_epoch"], absolute=True)
        since = f"{here('step')}-{here(f'awake.{unit}')}"
        rule(span(unit), f"{since}>={per_epoch}", "FFFFFF", "dead")
        rule(span(unit), silence.condition(here(unit)), "dead", "dead_pale")
    for numerical in get_layout(experiment.layout).watched(experiment).numerical:
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


def _add_charts(sheet: Worksheet, experiment: Experiment, book: BookMap) -> None:
    tab = book.training[experiment.id]
    steps = tab.tables["steps"]
    anchors = [
        f"{column_letters(_CHARTS)}{FIRST_ROW + i * _CHART_ROWS}" for i in range(_CHART_COUNT)
    ]
    if any(name.startswith(BLOCK) for name in tab.tables):
        last = len(steps.rows)
        lines = {"plot.loss": "mean loss"}
        if experiment.classifies:
            lines["accuracy"] = "accuracy"
        specs: tuple[ChartSpec, ...] = (
            ChartSpec(
                "Loss and accuracy of every step",
                "step",
                "step",
                "mean loss, share right",
                lines,
                x_min=1,
                x_max=last,
                y_range=(0.0, 1.0) if experiment.classifies else None,
            ),
            ChartSpec(
                "Numerical against backprop derivative",
                "step",
                "step",
                "derivative of the chosen weight",
                {"grad_num": "grad_num", "grad_of": "grad_of (backprop)"},
                x_min=1,
                x_max=last,
            ),
        )
        add_chart(sheet, anchors[0], specs[0], steps)
        add_chart(sheet, anchors[2], specs[1], steps)
        _add_weight_bars(sheet, anchors[1], experiment, book)
        return
    specs = (
        ChartSpec(
            "Loss of every row",
            "step",
            "step",
            "loss (log)",
            {"plot.loss": "loss"},
            log=True,
            x_max=len(steps.rows),
        ),
        ChartSpec(
            "Weights on their way",
            "step",
            "step",
            "weight",
            {f"plot.{p}": p for p in experiment.network.parameters},
            x_max=len(steps.rows),
        ),
        ChartSpec(
            "Numerical against backprop derivative",
            "step",
            "step",
            "relative difference",
            {f"grad_diff.{p}": p for p in experiment.network.parameters},
            x_max=len(steps.rows),
            y_range=(0.0, 1.0),
        ),
    )
    for anchor, spec in zip(anchors, specs, strict=True):
        add_chart(sheet, anchor, spec, steps)


def _add_weight_bars(sheet: Worksheet, anchor: str, experiment: Experiment, book: BookMap) -> None:
    """Draw the weights of the first layer after the last step: a group of bars an input."""
    place = experiment.network.places[0]
    if "weight" not in place.parameters:
        return
    steps, data = book.training[experiment.id].tables["steps"], book.data.tables["data"]
    last = steps.rows[-1]
    units = place.parameters["weight"]

    def cells(names: Sequence[str]) -> str:
        first, final = (steps.columns[f"new.{name}"] for name in (names[0], names[-1]))
        where = f"${column_letters(first)}${last}:${column_letters(final)}${last}"
        return f"{quoted(sheet.title)}!{where}"

    inputs = [column_letters(data.columns[name]) for name in (place.inputs[0], place.inputs[-1])]
    headers = f"${inputs[0]}${data.header_row}:${inputs[1]}${data.header_row}"
    add_bars(
        sheet,
        anchor,
        BarSpec(
            "Weights after the last step",
            "",
            "weight",
            f"{quoted(book.data.sheet)}!{headers}",
            {f"unit {i}": cells(names) for i, names in enumerate(units, 1)},
        ),
    )


def _set_sizes(sheet: Worksheet, tables: Mapping[str, Sequence[Column]], tab: TabMap) -> None:
    widths: dict[int, float] = {_KEY: 20, _VALUE: 16, _NOTE: 46, 4: 2, 10: 2}
    widths |= dict.fromkeys(range(_CHARTS, 10), 13.0)
    for name, columns in tables.items():
        if name == "epochs":
            continue
        places = tab.tables[name].columns
        for column in columns:
            wide = max(11, len(column.quantity) * 1.15 + 1, min(len(column.paper) * 0.45 + 2, 18))
            widths[places[column.quantity]] = wide
        gap = block_name(1) in tables and name == "steps"
        widths[max(places.values()) + 1] = 7 if gap else 2
    for number, width in widths.items():
        sheet.column_dimensions[column_letters(number)].width = width
    sheet.row_dimensions[1].height = 48
    sheet.row_dimensions[VERDICT_ROW].height = 20
    sheet.row_dimensions[PAPER_ROW].height = 34
    sheet.row_dimensions[_EPOCHS_HEADER + 1].height = 24
    sheet.freeze_panes = f"A{FIRST_ROW}"
    set_page(sheet)
