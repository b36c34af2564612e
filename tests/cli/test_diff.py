"""xlsgd diff: every differing cell against torch or against another workbook, in three formats."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.verify.books import edited, field_cell

Run = Callable[..., Result]
HEADERS = [
    "sheet", "cell", "quantity", "step", "check", "sheet_value", "other_value", "difference",
    "allowed", "reason", "formula",
]  # fmt: skip


def count_of(result: Result) -> int:
    """Return how many cells differ, as stderr says."""
    match = re.fullmatch(r"([\d,]+) differing cells?\n", result.stderr)
    assert match is not None, result.stderr
    return int(match[1].replace(",", ""))


def rows_of(result: Result) -> list[dict[str, str]]:
    """Return the rows that were printed as CSV."""
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_nothing_differs_from_torch(run: Run, good: Path) -> None:
    result = run("diff", good)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "0 differing cells\n")
    result = run("diff", good, "-q")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")


def test_csv_against_torch(run: Run, broken: Path, broken_cell: str) -> None:
    result = run("diff", broken, "--format", "csv")
    assert result.exit_code == 1
    rows = rows_of(result)
    assert list(rows[0]) == HEADERS
    assert len(rows) == count_of(result)
    first = rows[0]
    assert (first["sheet"], first["cell"], first["quantity"]) == ("sgd", broken_cell, "loss")
    assert (first["step"], first["sheet_value"]) == ("13", "100000.0")
    assert float(first["other_value"]) > 0


def test_the_formats_say_the_same(run: Run, broken: Path) -> None:
    results = {name: run("diff", broken, "--format", name) for name in ("table", "csv", "markdown")}
    assert {result.exit_code for result in results.values()} == {1}
    cells = [row["cell"] for row in rows_of(results["csv"])]
    table = results["table"].stdout.splitlines()
    assert table[0].split() == HEADERS
    start = table[0].index("cell")
    assert [line[start:].split()[0] for line in table[1:]] == cells
    markdown = results["markdown"].stdout.splitlines()
    assert markdown[0] == "| " + " | ".join(HEADERS) + " |"
    assert set(markdown[1]) <= set("|- ")
    for line, cell in zip(markdown[2:], cells, strict=True):
        pieces = re.split(r"(?<!\\)\|", line)
        assert len(pieces) == len(HEADERS) + 2
        assert pieces[2].strip() == cell
    assert run("diff", broken).stdout == results["table"].stdout


def test_what_would_break_a_table(run: Run, good: Path, tmp_path: Path) -> None:
    def edit(workbook: Any) -> None:
        workbook["sgd"].title = "a|b, c"
        workbook["a|b, c"]["R18"] = 'x|"y",\nz'
        workbook["a|b, c"]["S18"] = '=1&\n"|"'

    path = edited(good, tmp_path / "odd.xlsx", edit)
    rows = rows_of(run("diff", path, "--format", "csv"))
    assert {row["sheet"] for row in rows} >= {"a|b, c"}
    table = run("diff", path).stdout.splitlines()
    assert len(table) == len(rows) + 1
    lines = run("diff", path, "--format", "markdown").stdout.splitlines()
    assert len(lines) == len(rows) + 2
    assert {len(re.split(r"(?<!\\)\|", line)) for line in lines} == {len(HEADERS) + 2}


def test_a_file_that_is_none(run: Run, good: Path, corrupt: Path, tmp_path: Path) -> None:
    for arguments in ((corrupt,), (corrupt, good), (good, corrupt)):
        result = run("diff", *arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"Error: {corrupt}: is no .xlsx workbook")
    result = run("diff", good, tmp_path / "none.xlsx")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: {tmp_path / 'none.xlsx'}: no such file\n"


# Against another workbook


def test_the_same_workbook_twice(run: Run, good: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.xlsx"
    shutil.copy(good, copy)
    result = run("diff", good, copy)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "0 differing cells\n")


def test_one_cell_changed(run: Run, good: Path, broken: Path, broken_cell: str) -> None:
    result = run("diff", broken, good, "--format", "csv")
    assert result.exit_code == 1
    rows = rows_of(result)
    assert len(rows) == count_of(result)
    row = next(row for row in rows if (row["sheet"], row["cell"]) == ("sgd", broken_cell))
    assert row["sheet_value"] == "100000.0"
    back = rows_of(run("diff", good, broken, "--format", "csv"))
    assert [row["cell"] for row in back] == [row["cell"] for row in rows]
    row = next(row for row in back if row["cell"] == broken_cell)
    assert row["other_value"] == "100000.0"
    assert row["formula"].startswith("=(")


def test_every_kind_of_difference(run: Run, good: Path, tmp_path: Path) -> None:
    def edit(workbook: Any) -> None:
        sheet = workbook["lesson"]
        sheet["A1"] = None
        sheet["H1"] = "new"
        sheet["H2"] = "=1/0"
        workbook["data"]["A3"] = 3
        rate = field_cell(workbook["adam"], "learning_rate")
        workbook["adam"][rate] = f"={workbook['adam'][rate].value}*1"
        workbook.create_sheet("mine")["A1"] = 1

    path = edited(good, tmp_path / "edited.xlsx", edit)
    result = run("diff", path, good, "--format", "csv")
    assert result.exit_code == 1
    found = {(row["sheet"], row["cell"]): row for row in rows_of(result)}
    assert found["lesson", "A1"]["reason"] == "empty here, text there"
    assert found["lesson", "H1"]["reason"] == "text here, empty there"
    assert found["lesson", "H2"]["reason"] == "not finite here, empty there"
    assert found["data", "A3"]["reason"] == "number here, text there"
    assert found["mine", ""]["reason"] == f"no such tab in {good}"
    formulas = [row for row in found.values() if row["reason"].startswith("formulas differ")]
    assert len(formulas) == 1
    assert len(found) == 6


def test_true_is_not_one(run: Run, tmp_path: Path, good: Path) -> None:
    def put(value: object) -> Path:
        def edit(workbook: Any) -> None:
            workbook["lesson"]["H1"] = value

        return edited(good, tmp_path / f"{value}.xlsx", edit)

    assert run("diff", put(True), put(1), "-q").exit_code == 1


def test_tolerances_count_here_too(run: Run, good: Path, tmp_path: Path) -> None:
    def edit(workbook: Any) -> None:
        workbook["data"]["D9"] = 2.0001

    def before(workbook: Any) -> None:
        workbook["data"]["D9"] = 2

    one, two = (edited(good, tmp_path / f"{f.__name__}.xlsx", f) for f in (edit, before))
    assert run("diff", one, two, "-q").exit_code == 1
    assert run("diff", one, two, "-q", "--rtol", 0, "--atol", 0.001).exit_code == 0


@pytest.mark.parametrize("value", [1e308, -1e308])
def test_differences_beyond_what_a_number_holds(
    run: Run, good: Path, tmp_path: Path, value: float
) -> None:
    def put(number: float) -> Path:
        def edit(workbook: Any) -> None:
            workbook["data"]["D9"] = number

        return edited(good, tmp_path / f"{number}.xlsx", edit)

    result = run("diff", put(value), put(-value), "--format", "csv")
    assert result.exit_code == 1
    assert len(rows_of(result)) == 1
