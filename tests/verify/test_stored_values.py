"""Values stored in the file that are not what recalculation gives: stale, pasted or missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import xlsgd
from tests.verify.books import (
    Workbook,
    epochs_cell,
    field_cell,
    first_wrong,
    losses_cell,
    packed,
    part_name,
    parts_of,
    patched,
    runs_cell,
    step_cell,
    steps_rows,
    stored,
)
from xlsgd.report.formats.json import FORMAT as JSON
from xlsgd.report.outcome import Outcome

Make = Callable[..., Path]


@pytest.mark.parametrize(
    ("quantity", "place"),
    [("x", 3), ("param.a", 0), ("pred", 12), ("loss", -1), ("grad_diff.a", 5), ("plot.b", 12)],
)
def test_stale_number_in_the_table(
    make: Make, values: Workbook, target: Path, quantity: str, place: int
) -> None:
    cell = step_cell(values["sgd"], quantity, place)
    was = values["sgd"][cell].value
    path = patched(make("sgd"), target, "sgd", cell, stored(repr(was * (1 + 1e-9) + 1e-9)))
    report = xlsgd.verify(path)
    assert first_wrong(report) == f"sgd!{cell}"
    assert report.cells_differing == 1
    first = report.first_difference
    assert first is not None
    assert (first.check, first.quantity, first.torch_value) == ("stored", quantity, was)
    assert first.formula is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (stored("12345"), "the file stores 12345.0"),
        (lambda xml: re.sub(rb"<v>.*?</v>", b"<v/>", xml), "the file stores nothing"),
        (lambda xml: re.sub(rb"<v>.*?</v>", b"", xml), "the file stores nothing"),
        (
            lambda xml: re.sub(rb"(<c [^>]*)>(.*)<v>.*?</v>", rb'\1 t="e">\2<v>#NUM!</v>', xml),
            "the file stores #NUM!",
        ),
        (
            lambda xml: re.sub(rb"(<c [^>]*)>(.*)<v>.*?</v>", rb'\1 t="str">\2<v>1</v>', xml),
            "the file stores '1'",
        ),
        (
            lambda xml: re.sub(rb"(<c [^>]*)>(.*)<v>.*?</v>", rb'\1 t="b">\2<v>1</v>', xml),
            "the file stores True",
        ),
    ],
    ids=["number", "empty", "none", "error", "text", "true"],
)
def test_kinds_of_stale_values(
    make: Make, values: Workbook, target: Path, change: Callable[[bytes], bytes], words: str
) -> None:
    cell = step_cell(values["sgd"], "loss", 12)
    report = xlsgd.verify(patched(make("sgd"), target, "sgd", cell, change))
    assert first_wrong(report) == f"sgd!{cell}"
    first = report.first_difference
    assert first is not None
    assert first.reason.startswith(words)


def test_stale_values_outside_the_table_of_steps(
    small: Path, values: Workbook, target: Path
) -> None:
    sgd, compare = values["sgd"], values["compare"]
    cells = [
        ("sgd", epochs_cell(sgd, "mean_loss", 2)),
        ("sgd", field_cell(sgd, "last_loss")),
        ("compare", runs_cell(compare, "last_rmse", "adam")),
        ("compare", losses_cell(compare, "plot.adam", 3)),
    ]
    path = small
    for tab, cell in cells:
        path = patched(path, target, tab, cell, stored("4711"))
    report = xlsgd.verify(path)
    assert {(d.sheet, d.cell) for d in report.differences()} == set(cells)


def test_stale_verdict(make: Make, values: Workbook, target: Path) -> None:
    cell = field_cell(values["sgd"], "verdict")
    path = patched(make("sgd"), target, "sgd", cell, stored("oscillating"))
    report = xlsgd.verify(path)
    assert first_wrong(report) == f"sgd!{cell}"


@pytest.mark.parametrize(
    ("rate", "verdict"), [("0.0002", "converging"), ("0.001", "exploded"), ("0.000001", "crawl")]
)
def test_input_changed_and_values_left_as_they_were(
    make: Make, values: Workbook, target: Path, rate: str, verdict: str
) -> None:
    # The first cell that the rate has a hand in, not the verdict that stands above it.
    path = patched(
        make("sgd"), target, "sgd", field_cell(values["sgd"], "learning_rate"), stored(rate)
    )
    report = xlsgd.verify(path)
    assert first_wrong(report) == f"sgd!{step_cell(values['sgd'], 'new.a', 0)}"
    assert {difference.check for difference in report.differences()} == {"stored"}
    assert "NaN" not in JSON.outcome(Outcome([report]))
    shown = next(sheet.verdict for sheet in report.sheets if sheet.name == "sgd")
    assert shown is not None
    assert shown.agree


@pytest.mark.parametrize("place", [2, 12, -1])
def test_stale_number_in_a_run_that_explodes(
    make: Make, values: Workbook, target: Path, place: int
) -> None:
    source = make("sgd", learning_rate=0.01)
    assert xlsgd.verify(source).ok
    cell = step_cell(values["sgd"], "loss", place)
    report = xlsgd.verify(patched(source, target, "sgd", cell, stored("4711")))
    assert first_wrong(report) == f"sgd!{cell}"


def test_stored_values_of_one_tab_are_all_that_is_left(small: Path, target: Path) -> None:
    # As if another program had written no values on one tab: nothing is to be seen there in a
    # preview, and nobody can say that they are right.
    parts, name = parts_of(small), part_name(small, "sgd")
    parts[name] = re.sub(rb"</f><v>.*?</v>", b"</f><v/>", parts[name])
    report = xlsgd.verify(packed(parts, target))
    sgd = next(sheet for sheet in report.sheets if sheet.name == "sgd")
    assert sgd.cells_differing == sgd.formulas


# What programs store differently without being wrong


def test_fifteen_digits_are_enough(make: Make, target: Path) -> None:
    source = make("sgd", learning_rate=0.0005)

    def rounded(match: re.Match[bytes]) -> bytes:
        try:
            return b"</f><v>%b</v>" % format(float(match[1]), ".15g").encode()
        except ValueError:
            return match[0]

    parts, name = parts_of(source), part_name(source, "sgd")
    parts[name], count = re.subn(rb"</f><v>(.*?)</v>", rounded, parts[name])
    assert count > 500
    report = xlsgd.verify(packed(parts, target))
    assert report.ok, first_wrong(report)


def test_shared_formulas_as_excel_writes_them(make: Make, values: Workbook, target: Path) -> None:
    # Excel saves a column filled down as one formula and cells that point to it.
    source, sheet = make("sgd"), values["sgd"]
    parts, name = parts_of(source), part_name(source, "sgd")
    first, last = (step_cell(sheet, "new.a", place) for place in (1, -1))
    letter, rows = first.rstrip("0123456789"), steps_rows(sheet)
    count = 0

    def share(match: re.Match[bytes]) -> bytes:
        nonlocal count
        head, cell, formula = match[1], match[2].decode(), match[3]
        row = int(cell.removeprefix(letter))
        # Above the table the column may hold a field.
        count += row >= rows[0]
        if cell == first:
            return head + b'<f t="shared" ref="%b:%b" si="0">%b</f>' % (
                first.encode(), last.encode(), formula
            )  # fmt: skip
        if row <= rows[0]:
            return match[0]
        return head + b'<f t="shared" si="0"/>'

    pattern = rb'(<c r="(%b[0-9]+)"[^>]*>)<f>(.*?)</f>' % letter.encode()
    parts[name] = re.sub(pattern, share, parts[name])
    assert count == 24
    report = xlsgd.verify(packed(parts, target))
    assert report.ok, first_wrong(report)
    assert report.cells_compared == xlsgd.verify(source).cells_compared


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("RAND()", b"<v>0.25</v>"),
        ("NOW()", b"<v>44444.5</v>"),
        ("TODAY()", b"<v>44444</v>"),
        ("_xlfn.LAMBDA(_xlpm.q,_xlpm.q*2)(3)", b"<v>6</v>"),
        ('IF(1&gt;2,"yes","")', b"<v></v>"),
        ("1/0", b"<v>#DIV/0!</v>"),
        ("NOSUCHFUNCTION(1)", b"<v>#NAME?</v>"),
    ],
)
def test_own_formulas_are_not_held_against_the_file(
    make: Make, target: Path, formula: str, value: bytes
) -> None:
    # Of a learner's own cells nobody knows what they should be: volatile, or newer than the engine.
    parts, name = parts_of(make("sgd")), part_name(make("sgd"), "sgd")
    kind = b' t="e"' if b"#" in value else b' t="str"' if value == b"<v></v>" else b""
    cell = b'<row r="500"><c r="BZ500"%b><f>%b</f>%b</c></row>' % (kind, formula.encode(), value)
    parts[name] = parts[name].replace(b"</sheetData>", cell + b"</sheetData>", 1)
    report = xlsgd.verify(packed(parts, target))
    assert report.ok, first_wrong(report)
    sgd = next(sheet for sheet in report.sheets if sheet.name == "sgd")
    assert list(sgd.unchecked) == ["BZ500"]
