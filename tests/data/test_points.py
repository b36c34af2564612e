"""Check the built-in points, the made-up ones, and that a CSV file is read strictly."""

from __future__ import annotations

import csv
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xlsgd.base.errors import DataError, SpecError
from xlsgd.data import Dataset, dataset, default_data, made_data, read_csv

pytestmark = pytest.mark.every

# Built-in and made-up points


def test_default_data_is_the_reference(shared: Path) -> None:
    with (shared / "reference" / "fastai" / "basic.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    points = default_data()
    assert points.inputs == {"x": tuple(float(row["x"]) for row in rows)}
    assert points.y == tuple(float(row["y"]) for row in rows)
    assert points.rows == 29
    assert points.title == "29 points on y = 2x + 30"


def test_made_data_is_the_same_every_time() -> None:
    first, second = made_data(50, 3.0, 7), made_data(50, 3.0, 7)
    assert first == second
    assert first.y != made_data(50, 3.0, 8).y
    assert first.title == "50 points around y = 2x + 30, noise 3, seed 7"


def test_made_data_draws_whole_x_from_1_to_99() -> None:
    x = made_data(20_000, 0, 0).inputs["x"]
    assert all(number == int(number) for number in x)
    assert set(x) == set(map(float, range(1, 100)))  # 20,000 draws miss one with p < 1e-80


def test_made_data_without_noise_lies_on_the_line() -> None:
    points = made_data(10, 0, 3)
    assert points.y == tuple(2 * x + 30 for x in points.inputs["x"])
    assert points.title == "10 points on y = 2x + 30, noise 0, seed 3"


def test_made_data_noise_is_the_standard_deviation() -> None:
    noisy, exact = made_data(20_000, 5.0, 1), made_data(20_000, 0, 1)
    assert noisy.inputs == exact.inputs
    off = [a - b for a, b in zip(noisy.y, exact.y, strict=True)]
    spread = math.sqrt(sum(z * z for z in off) / len(off))
    assert spread == pytest.approx(5.0, rel=0.03)  # 6 times the spread's own error, 1/sqrt(2n)


@pytest.mark.parametrize(
    ("points", "noise", "seed", "message"),
    [
        (1, 0.0, 0, "points: got 1, need a whole number from 2 to 1,000,000."),
        (-3, 0.0, 0, "points: got -3,"),
        (1_000_001, 0.0, 0, "points: got 1000001,"),
        (5, -0.1, 0, "noise: got -0.1, need a finite number, 0 or greater."),
        (5, math.inf, 0, "noise: got inf,"),
        (5, math.nan, 0, "noise: got nan,"),
        (500, 1e308, 0, "noise: got 1e+308, so great that y² overflows."),
        (5, 0.0, -1, "seed: got -1, need a whole number, 0 or greater."),
    ],
)
def test_made_data_refuses(points: int, noise: float, seed: int, message: str) -> None:
    with pytest.raises(SpecError, match=re.escape(message)):
        made_data(points, noise, seed)


@pytest.mark.parametrize(
    ("inputs", "y"),
    [({}, (1.0,)), ({"x": ()}, ()), ({"x": (1.0, 2.0)}, (1.0,))],
    ids=["no input", "no row", "unequal"],
)
def test_a_dataset_has_even_columns(inputs: dict[str, tuple[float, ...]], y: tuple[float]) -> None:
    with pytest.raises(SpecError, match="all of the same length and not empty"):
        Dataset("odd", inputs, y)


def test_import_is_light() -> None:
    heavy = {"numpy", "pandas", "torch", "pooch", "requests"}
    code = f"import sys, xlsgd.data; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


# CSV files that are fine


def written(folder: Path, content: str | bytes, name: str = "points.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        "x,y\n1,2\n-3.5,4e2\n",
        "x,y\r\n1,2\r\n-3.5,4e2\r\n",
        "x,y\r1,2\r-3.5,4e2\r",
        "x,y\n1,2\n-3.5,4e2",
        "\ufeffx,y\n1,2\n-3.5,4e2\n",
        '\ufeff"x","y"\n"1","2"\n"-3.5","4e2"\n',
        "y,x\n2,1\n4E+02,-3.5\n",
        " X , Y \n 1 , 2 \n -3.5 , 400. \n",
        'x, "y"\n1, "2"\n-3.5, "400"\n',
        'note,x,,y,note\n"a, b",1,,2,\n=1+1,-3.5,,400,"""q"""\n',
        "x,y\n1,2\n-3.5,400\n\n  \n,\n",
        "x;y\n1;2\n-3,5;400\n",
        "x;y\n1,0;2\n-3,5;4,00e2\n",
        "x;y\n1;2\n-3.5;400\n",
        "x\ty\n1\t2\n-3,5\t+400\n",
        "x\ty\n1\t2\n-3.5\t400\n",
        "a,b;x;y\n9;1;2\n9;-3,5;400\n",
    ],
)
def test_read_csv(tmp_path: Path, content: str) -> None:
    points = read_csv(written(tmp_path, content))
    assert points == Dataset("2 rows from points.csv", {"x": (1.0, -3.5)}, (2.0, 400.0))


def test_read_csv_takes_several_inputs_under_the_names_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, "Y,height,AGE\n1,2,3\n")
    points = read_csv(str(path), inputs=("age", "Height"))
    assert points == Dataset("1 row from points.csv", {"age": (3.0,), "Height": (2.0,)}, (1.0,))


def test_read_csv_reads_marks_with_three_digits_behind_once_the_mark_is_clear(
    tmp_path: Path,
) -> None:
    points = read_csv(written(tmp_path, "x;y\n1,500;2\n0,125;3\n"))
    assert points.inputs == {"x": (1.5, 0.125)}
    points = read_csv(written(tmp_path, "x\ty\n1.500\t2\n7.1\t3\n"))
    assert points.inputs == {"x": (1.5, 7.1)}
    points = read_csv(written(tmp_path, "x,y\n1.500,2\n"))  # between commas a dot is decimal
    assert points.inputs == {"x": (1.5,)}


def test_read_csv_takes_what_is_too_small_for_a_float_as_zero(tmp_path: Path) -> None:
    assert read_csv(written(tmp_path, "x,y\n1e-999,2\n")).inputs == {"x": (0.0,)}


def test_a_file_name_cannot_spoil_the_title(tmp_path: Path) -> None:
    points = read_csv(written(tmp_path, "x,y\n1,2\n", name="a\x07b\n.csv"))
    assert points.title == "1 row from a?b?.csv"


# Every double but inf and nan: a text file can hold them all.
# Greater numbers are refused: their squares leave no room.
floats = st.floats(min_value=-1e150, max_value=1e150, allow_nan=False)
rows = st.lists(st.tuples(floats, floats), min_size=1, max_size=20)


@settings(deadline=None)  # files on a busy disk
@given(rows=rows, crlf=st.booleans(), bom=st.booleans(), swapped=st.booleans())
def test_floats_come_back_equal(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[float, float]],
    crlf: bool,
    bom: bool,
    swapped: bool,
) -> None:
    end = "\r\n" if crlf else "\n"
    lines = ["y,x" if swapped else "x,y"]
    lines += [f"{y!r},{x!r}" if swapped else f"{x!r},{y!r}" for x, y in rows]
    text = ("\ufeff" if bom else "") + end.join(lines) + end
    points = read_csv(written(tmp_path_factory.getbasetemp(), text, "round.csv"))
    assert list(zip(points.inputs["x"], points.y, strict=True)) == rows


@settings(deadline=None)
@given(rows=rows, separator=st.sampled_from(";\t"), mark=st.sampled_from(".,"))
def test_floats_come_back_equal_with_either_decimal_mark(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[float, float]],
    separator: str,
    mark: str,
) -> None:
    rows = [(0.5, 0.5), *rows]  # without it a lone 1.234 would be refused
    lines = [f"x{separator}y", *(f"{x!r}{separator}{y!r}".replace(".", mark) for x, y in rows)]
    path = written(tmp_path_factory.getbasetemp(), "\n".join(lines), "round.csv")
    points = read_csv(path)
    assert list(zip(points.inputs["x"], points.y, strict=True)) == rows


@settings(deadline=None)
@given(content=st.text() | st.binary() | st.text(alphabet='xy1;,.\t\n\r" e-').map("x,y\n".__add__))
def test_whatever_the_file_holds_only_a_data_error_is_raised(
    tmp_path_factory: pytest.TempPathFactory, content: str | bytes
) -> None:
    if isinstance(content, str):
        content = content.encode(errors="surrogatepass")
    path = written(tmp_path_factory.getbasetemp(), content, "any.csv")
    try:
        points = read_csv(path)
    except DataError:
        return
    assert all(map(math.isfinite, (*points.inputs["x"], *points.y)))


# CSV files that are not


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
