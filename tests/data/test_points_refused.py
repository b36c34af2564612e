"""Points in files that cannot be read: what is wrong is named, with its place."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.data.test_points import written
from xlsgd.base.errors import DataError, SpecError
from xlsgd.data import dataset, read_csv

pytestmark = pytest.mark.every


def refusal(path: Path, inputs: tuple[str, ...] = ("x",)) -> str:
    """Return what follows the file's name in the message."""
    with pytest.raises(DataError) as caught:
        read_csv(path, inputs)
    message = str(caught.value)
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


# What each file is, its content, and the message after the file's name.
REFUSED: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", ": the file is empty. Write a header line and rows of numbers."),
    "BOM and blanks only": (
        "\ufeff\n \n",
        ": the file is empty. Write a header line and rows of numbers.",
    ),
    "header only": ("x,y\n", ": got a header but no row below it. Add rows of numbers."),
    "header and blank lines": (
        "x,y\n\n,\n",
        ": got a header but no row below it. Add rows of numbers.",
    ),
    "blank first line": (
        "\nx,y\n1,2\n",
        ", line 1: the line is blank, need the column names. Remove it.",
    ),
    "blank line inside": (
        "x,y\n1,2\n\n3,4\n",
        ", line 3: the line is blank, but rows follow. Remove it.",
    ),
    "missing column": (
        "a,y\n1,2\n",
        ", line 1: column x is missing, got 'a', 'y'. Name a column x; "
        "commas, semicolons or tabs stand between names.",
    ),
    "spaces between names": (
        "x z\n1 2\n",
        ", line 1: column x is missing, got 'x z'. Name a column x; "
        "commas, semicolons or tabs stand between names.",
    ),
    "missing y between semicolons": (
        "x;b;c,d\n1;2;3\n",
        ", line 1: column y is missing, got 'x', 'b', 'c,d'. Name a column y; "
        "commas, semicolons or tabs stand between names.",
    ),
    "column twice": (
        "x,y, X\n1,2,3\n",
        ", line 1: column x is there 2 times, got 'x', 'y', 'X'. Rename or remove all but one.",
    ),
    "two separators": (
        "x,y,;x;y\n1,2\n",
        ", line 1: the header can be split at commas or semicolons. Use one of them only.",
    ),
    "text": (
        "x,y\n1,2\nn/a,4\n",
        ", line 3, column x: got 'n/a', need a number. Correct it or remove the row.",
    ),
    "empty cell": (
        "x,y\n1,\n",
        ", line 2, column y: the cell is empty, need a number. Fill it or remove the row.",
    ),
    "formula": (
        "x,y\n1,=2+3\n",
        ", line 2, column y: got '=2+3', need a number. Correct it or remove the row.",
    ),
    "underscore": (
        "x,y\n1_000,2\n",
        ", line 2, column x: got '1_000', need a number. Correct it or remove the row.",
    ),
    "foreign digits": (
        "x,y\n٣,2\n",
        ", line 2, column x: got '٣', need a number. Correct it or remove the row.",
    ),
    "long text": (
        "x,y\n" + "z" * 100 + ",2\n",
        ", line 2, column x: got '" + "z" * 37 + "…', need a number. Correct it or remove the row.",
    ),
    "inf": (
        "x,y\ninf,2\n",
        ", line 2, column x: got 'inf', need a finite number. Correct it or remove the row.",
    ),
    "-Infinity": (
        "x,y\n1,-Infinity\n",
        ", line 2, column y: got '-Infinity', need a finite number. Correct it or remove the row.",
    ),
    "NaN": (
        "x,y\n1,NaN\n",
        ", line 2, column y: got 'NaN', need a finite number. Correct it or remove the row.",
    ),
    "overflow": (
        "x,y\n1,1e999\n",
        ", line 2, column y: got '1e999', too great: its square overflows. "
        "Correct it or remove the row.",
    ),
    "overflow with comma": (
        "x;y\n1;-1,5e999\n",
        ", line 2, column y: got '-1,5e999', too great: its square overflows. "
        "Correct it or remove the row.",
    ),
    "thousands in quotes": (
        'x,y\n"1,000",2\n',
        ", line 2, column x: got '1,000', need a decimal point and no thousands separator. "
        "Write 1.5 or 1000, not 1,5 or 1,000.",
    ),
    **{
        f"thousands {cell}": (
            f'x{separator}y\n5{separator}"{cell}"\n',
            f", line 2, column y: got {cell!r}, need a number without thousands separators. "
            "Write 1000000, not 1,000,000.",
        )
        for separator, cell in [
            (",", "1,000,000"),
            (",", "1,234.5"),
            (";", "1.234,5"),
            (";", "1.000.000"),
            ("\t", "12 000"),
            (";", "12'000,5"),
        ]
    },
    "1.5 or 1500": (
        "x;y\n1,500;2\n2,500;3\n",
        ", line 2, column x: got '1,500', which may mean 1.5 or 1500; "
        "nothing else in the file tells. Write 1,5000 or 1500.",
    ),
    "12.345 or 12345": (
        "x\ty\n1\t2\n1\t12.345\n",
        ", line 3, column y: got '12.345', which may mean 12.345 or 12345; "
        "nothing else in the file tells. Write 12.3450 or 12345.",
    ),
    "dot after comma": (
        "x;y\n1,5;2\n1;2.5\n",
        ", line 3, column y: got '2.5', but line 2, column x has '1,5'. "
        "Use one decimal mark in the whole file, and no thousands separators.",
    ),
    "comma after dot": (
        "x;y\n1.5;2\n1;2,5\n",
        ", line 3, column y: got '2,5', but line 2, column x has '1.5'. "
        "Use one decimal mark in the whole file, and no thousands separators.",
    ),
    "too few cells": (
        "x,y,z\n1,2\n",
        ", line 2: got 2 cells, need 3 as in the header. "
        "Check the commas and quotation marks in it.",
    ),
    "one cell": (
        "x;y\n1\n",
        ", line 2: got 1 cell, need 2 as in the header. "
        "Check the semicolons and quotation marks in it.",
    ),
    "too many cells": (
        "x,y\n1,5,2,5\n",
        ", line 2: got 4 cells, need 2 as in the header. "
        "Check the commas and quotation marks in it. "
        "If it has decimal commas, put semicolons between the cells.",
    ),
    "quote left open": (
        'x,y\n1,2\n3,"4\n5,6\n',
        ", line 3: the row that begins here cannot be split into cells "
        "(unexpected end of data). Check its quotation marks.",
    ),
    "quote in header left open": (
        '"x,y\n1,2\n',
        ", line 1: the row that begins here cannot be split into cells "
        "(unexpected end of data). Check its quotation marks.",
    ),
    "huge cell": (
        "x,y\n1,2\n" + "z" * 200_000 + ",2\n",
        ", line 3: the row that begins here cannot be split into cells "
        "(field larger than field limit (131072)). Check its quotation marks.",
    ),
    "Latin-1": (
        b"x,y\r\n1,2\r\n1,\xe9\r\n",
        ", line 3, byte 12 of the file: got 0xe9, which is not UTF-8 there. "
        'Save the file as "CSV UTF-8".',
    ),
    "Latin-1 after BOM": (
        b"\xef\xbb\xbfx,y\n1,\xe9",
        ", line 2, byte 9 of the file: got 0xe9, which is not UTF-8 there. "
        'Save the file as "CSV UTF-8".',
    ),
    "UTF-16": (
        "x,y\n1,2\n".encode("utf-16"),
        ": got text in UTF-16, need plain text in UTF-8. "
        'Open it in a spreadsheet program and save the sheet as "CSV UTF-8".',
    ),
    "UTF-16 without mark": (
        "x,y\n1,2\n".encode("utf-16-le"),
        ", line 1, byte 1 of the file: got a NUL byte, which no text has. "
        'Save the data anew as "CSV UTF-8".',
    ),
    "NUL": (
        b"x,y\n1,2\n3,\x004\n",
        ", line 3, byte 10 of the file: got a NUL byte, which no text has. "
        'Save the data anew as "CSV UTF-8".',
    ),
    "xls": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        ": got an Office file of the old kind, such as .xls, need plain text in UTF-8. "
        'Open it in a spreadsheet program and save the sheet as "CSV UTF-8".',
    ),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED)
def test_read_csv_refuses(tmp_path: Path, content: str | bytes, message: str) -> None:
    assert refusal(written(tmp_path, content)) == message


def test_a_name_that_is_nearly_right_is_pointed_at(tmp_path: Path) -> None:
    path = written(tmp_path, "Hieght;weight;y\n1;2;3\n")
    assert refusal(path, inputs=("height", "weight")) == (
        ", line 1: column height is missing, got 'Hieght', 'weight', 'y'. "
        "If 'Hieght' is meant, rename it to height."
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("lines", "line", "column"),
    [
        (["x,y,note", '1,2,"two', 'lines"', "1,oops,"], 4, "y"),
        (["x,y,note", '1,2,"a', "", 'b"', 'oops,2,"c', 'd"'], 5, "x"),
        (["x,note,y", '1,"two', "", 'lines",oops'], 4, "y"),
        (['x,"y",note', '1,2,""', '3,4,"', '"', '5," oops"," "'], 5, "y"),
        (['x,y,"no', 'te"', "1,oops,2"], 3, "y"),
    ],
)
def test_lines_are_counted_as_an_editor_shows_them(
    tmp_path: Path, lines: list[str], line: int, column: str, end: str
) -> None:
    message = refusal(written(tmp_path, end.join(lines)))
    assert message.startswith(f", line {line}, column {column}: got 'oops', need a number.")


def test_the_first_wrong_cell_is_named_however_long_the_file(tmp_path: Path) -> None:
    # Longer than any buffer a reader may use, so that \r\n is cut somewhere.
    lines = ["x,y", *(f"{i},{i}.5" for i in range(50_000)), "1,bad", "2,worse"]
    message = refusal(written(tmp_path, "\r\n".join(lines)))
    assert message.startswith(", line 50002, column y: got 'bad'")


def test_an_xlsx_is_no_csv(tmp_path: Path) -> None:
    import openpyxl

    path = tmp_path / "points.xlsx"
    openpyxl.Workbook().save(path)
    assert refusal(path) == (
        ": got a zip archive, as an .xlsx workbook is one, need plain text in UTF-8. "
        'Open it in a spreadsheet program and save the sheet as "CSV UTF-8".'
    )


def test_there_may_be_no_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "no.csv") == ": there is no such file. Check name and folder."
    assert refusal(tmp_path) == ": got a folder, need a CSV file. Name a file in it."
    below = written(tmp_path, "x,y") / "points.csv"
    assert refusal(below) == ": cannot be read (Not a directory). Name a CSV file on disk."


def test_a_file_may_be_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = written(tmp_path, "x,y\n1,2\n")
    monkeypatch.setattr(Path, "open", refuse)  # chmod does not stop root, as whom CI runs
    assert refusal(path) == ": no permission to read it. Change its access rights."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe.csv"
    os.mkfifo(path)
    assert refusal(path) == ": got a device or pipe, need a CSV file. Save the data on disk."


def test_a_nul_in_the_name() -> None:
    with pytest.raises(DataError, match=r"^a\?\.csv: cannot be read \(.*null byte"):
        read_csv("a\0.csv")


def test_a_large_file_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, "x,y\n1,2\n")
    os.truncate(path, 200_000_001)  # takes no room on disk
    monkeypatch.setattr(Path, "open", lambda *_, **__: pytest.fail("it was opened"))
    assert refusal(path) == (
        ": got 200,000,001 bytes, need 200,000,000 or fewer. Keep a part of the rows."
    )


def test_too_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert dataset.MAX_ROWS == 1_000_000
    monkeypatch.setattr(dataset, "MAX_ROWS", 3)
    assert read_csv(written(tmp_path, "x,y\n" + "1,2\n" * 3)).rows == 3
    assert refusal(written(tmp_path, "x,y\n" + "1,2\n" * 4)) == (
        ", line 5: got more than 3 rows, need 3 or fewer. Keep a part of them."
    )


@pytest.mark.parametrize("inputs", [(), ("x", "X"), ("y",), ("x", " "), "x"])
def test_the_inputs_asked_for_must_make_sense(tmp_path: Path, inputs: tuple[str, ...]) -> None:
    with pytest.raises(SpecError, match=re.escape(f"inputs: got {inputs!r}, need a list of")):
        read_csv(written(tmp_path, "x,y\n1,2\n"), inputs)
