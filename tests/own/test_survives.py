"""Nets of one's own, edited in LibreOffice as a learner edits a workbook: verify passes still."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import xlsgd
from tests.verify.books import passes
from xlsgd.cli import main

Edit = Callable[..., Path]

CLASSES = "a,b,label\n0.5,1.2,0\n-1.1,0.3,1\n0.9,-0.7,2\n1.4,0.2,0\n-0.6,-1.3,1\n"
TARGETS = "a,b,u,v\n0.5,1.2,1.7,-0.7\n-1.1,0.3,-0.8,-1.4\n0.9,-0.7,0.2,1.6\n1.4,0.2,1.6,1.2\n"
GRADES = "hours,grade,use\n1,4,train\n2.5,8,train\n0.5,2,train\n3,10,valid\n1.5,6,valid\n"

AROUND: list[tuple[Any, ...]] = [
    ("insert_row", "training", 1),
    ("insert_column", "training", 3),
    ("insert_row", "data", 2),
    ("insert_row", "compare", 1),
    ("set_text", "data", "L4", "a note"),
    ("set_text", "training", "C9", "a note"),
    ("rename", "training", "it's mine"),
    ("rename", "data", "my data"),
]


@pytest.mark.parametrize(
    ("net", "rows", "options", "more"),
    [
        (
            "Linear(2, 3)",
            CLASSES,
            ["--target", "label", "--loss", "cross-entropy", "--batch-size", "2"],
            [],
        ),
        (
            "Linear(2, 2), ReLU, Linear(2, 2)",
            TARGETS,
            ["--target", "u", "--target", "v", "--loss", "huber"],
            [],
        ),
        (
            "Linear(1, 2), Tanh, Linear(2, 1)",
            GRADES,
            ["--target", "grade", "--validation", "use"],
            [
                ("insert_row", "validation", 1),
                ("insert_column", "validation", 2),
                ("rename", "validation", "held out"),
            ],
        ),
    ],
    ids=["batches of classes", "several targets", "validation"],
)
def test_rows_columns_notes_and_names(
    net: str,
    rows: str,
    options: list[str],
    more: list[tuple[Any, ...]],
    tmp_path: Path,
    libreoffice_edit: Edit,
) -> None:
    data, made = tmp_path / "rows.csv", tmp_path / "made.xlsx"
    data.write_text(rows)
    told = ["generate", net, "--data", str(data), "--epochs", "2", "-o", str(made), *options]
    assert CliRunner().invoke(main, told).exit_code == 0
    report = xlsgd.verify(libreoffice_edit(made, tmp_path / "edited.xlsx", [*AROUND, *more]))
    assert passes(report)
    assert report.cells_compared == xlsgd.verify(made).cells_compared


@pytest.mark.parametrize(
    ("net", "rows", "options"),
    [
        ("Linear(2, 3)", CLASSES, ["--target", "label", "--loss", "cross-entropy"]),
        ("Linear(1, 2), Tanh, Linear(2, 1)", GRADES, ["--target", "grade", "--validation", "use"]),
        ("a*hours+b", GRADES, ["--target", "grade", "--inputs", "hours", "--optimizer", "adam"]),
    ],
    ids=["classes", "validation", "a formula"],
)
def test_saved_by_gnumeric(
    net: str,
    rows: str,
    options: list[str],
    tmp_path: Path,
    gnumeric_convert: Callable[[Path, Path], Path],
) -> None:
    data, made = tmp_path / "rows.csv", tmp_path / "made.xlsx"
    data.write_text(rows)
    told = ["generate", net, "--data", str(data), "--epochs", "2", "-o", str(made), *options]
    assert CliRunner().invoke(main, told).exit_code == 0
    assert passes(xlsgd.verify(gnumeric_convert(made, tmp_path / "saved.xlsx")))
