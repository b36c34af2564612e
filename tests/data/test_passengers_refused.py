"""A file of passengers is read strictly: each bad file is refused in its own words."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.files import HEADER, table, written
from xlsgd.base.errors import DataError
from xlsgd.data import dataset
from xlsgd.data.passengers import read_passengers

pytestmark = pytest.mark.every


def refusal(path: Path) -> str:
    """Return what follows the file's name in the message."""
    with pytest.raises(DataError) as caught:
        read_passengers(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


def without(name: str, put: str = "") -> str:
    """Return a file in whose header another name stands in place of a column's."""
    return table().replace(name, put, 1)


PLAIN = table({"Age": "38.5"})
GOT = ", ".join(repr(name) for name in HEADER)
CORRECT = "Correct it or remove the row."
FILL = "Fill it or remove the row."

# What each file is, its content, and the message after the file's name.
REFUSED: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", ": the file is empty. Write a header line and rows of numbers."),
    "header only": (
        ",".join(HEADER) + "\n\n",
        ": got a header but no row below it. Add passengers.",
    ),
    **{
        f"no {name}": (
            without(name, "Foo"),
            f", line 1: column {name} is missing, got {GOT.replace(name, 'Foo')}. "
            f"Name a column {name}; commas, semicolons or tabs stand between names.",
        )
        for name in ("Survived", "Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked")
    },
    **{
        f"{near} for {name}": (
            without(name, near),
            f", line 1: column {name} is missing, got {GOT.replace(name, near)}. "
            f"If '{near}' is meant, rename it to {name}.",
        )
        for name, near in [
            ("Pclass", "P class"),
            ("Pclass", "Class"),
            ("SibSp", "SibSb"),
            ("Embarked", "embark"),
            ("Survived", "Survive"),
            ("Age", "Ages"),
        ]
    },
    "needed column twice": (
        without("Ticket", "age"),
        f", line 1: column Age is there 2 times, got {GOT.replace('Ticket', 'age')}. "
        "Rename or remove all but one.",
    ),
    "optional column twice": (
        without("Ticket", "name"),
        f", line 1: column Name is there 2 times, got {GOT.replace('Ticket', 'name')}. "
        "Rename or remove all but one.",
    ),
    **{
        f"{name} is {cell!r}": (
            table({name: cell}),
            f", line 3, column {name}: got {cell!r}, need {need}. {CORRECT}",
        )
        for name, cell, need in [
            *((name, "n/a", "a number") for name in ("Survived", "Pclass", "Age", "Fare", "Parch")),
            *((name, "=1+1", "a number") for name in ("Age", "Fare")),
            *((name, "NaN", "a finite number") for name in ("Age", "Fare", "SibSp")),
            *((name, "-inf", "a finite number") for name in ("Age", "Fare", "SibSp")),
            ("Survived", "2", "0 or 1"),
            ("Survived", "0.5", "0 or 1"),
            ("Survived", "-1", "0 or 1"),
            ("Survived", "yes", "a number"),
            ("Pclass", "0", "1, 2 or 3"),
            ("Pclass", "4", "1, 2 or 3"),
            ("Pclass", "1.5", "1, 2 or 3"),
            ("Pclass", "1st", "a number"),
            ("Age", "-1", "a number, 0 or greater, or an empty cell"),
            ("Fare", "-0.01", "a number, 0 or greater"),
            ("SibSp", "-1", "a whole number, 0 or greater"),
            ("SibSp", "0.5", "a whole number, 0 or greater"),
            ("Parch", "-2", "a whole number, 0 or greater"),
            ("Parch", "1e-3", "a whole number, 0 or greater"),
            ("Sex", "m", "male or female"),
            ("Sex", "1", "male or female"),
            ("Embarked", "X", "S, C or Q, or an empty cell"),
            ("Embarked", "nan", "S, C or Q, or an empty cell"),
            ("Embarked", "Southampton", "S, C or Q, or an empty cell"),
        ]
    },
    **{
        f"{name} is huge": (
            table({name: "1e999"}),
            f", line 3, column {name}: got '1e999', too great: its square overflows. {CORRECT}",
        )
        for name in ("Age", "Fare", "SibSp")
    },
    **{
        f"{name} is empty": (
            table({name: ""}),
            f", line 3, column {name}: the cell is empty, need a number. {FILL}",
        )
        for name in ("Survived", "Pclass", "SibSp", "Parch", "Fare")
    },
    "Sex is empty": (
        table({"Sex": " "}),
        f", line 3, column Sex: the cell is empty, need male or female. {FILL}",
    ),
    "a dropped row is wrong too": (
        table({"Age": "", "Fare": ""}),
        f", line 3, column Fare: the cell is empty, need a number. {FILL}",
    ),
    "no row left": (
        table({"Age": ""}).replace(",22,", ",,"),
        ": got 2 passengers, but none with both Age and Embarked. Fill the empty cells of some.",
    ),
    "all newborn": (
        table({"Age": "0"}).replace(",22,", ",0,"),
        ", column Age: the greatest is 0, need one above 0, since age_n is Age divided by the "
        "greatest. Correct it.",
    ),
    "decimal comma between commas": (
        table({"Fare": '"7,25"'}),
        ", line 3, column Fare: got '7,25', need a decimal point and no thousands separator. "
        "Write 1.5 or 1000, not 1,5 or 1,000.",
    ),
    "7.25 or 7,25": (
        table({"Fare": "7,5"}, separator=";"),
        ", line 3, column Fare: got '7,5', but line 2, column Fare has '7.25'. "
        "Use one decimal mark in the whole file, and no thousands separators.",
    ),
    "1.500 or 1500": (
        table({"Fare": "1.500"}, separator=";").replace("7.25", "7"),
        ", line 3, column Fare: got '1.500', which may mean 1.5 or 1500; "
        "nothing else in the file tells. Write 1.5000 or 1500.",
    ),
    "UTF-16": (
        table().encode("utf-16"),
        ": got text in UTF-16, need plain text in UTF-8. "
        'Open it in a spreadsheet program and save the sheet as "CSV UTF-8".',
    ),
    "Latin-1": (
        table({"Name": "Zoë"}).encode("latin-1"),
        ", line 3, byte 120 of the file: got 0xeb, which is not UTF-8 there. "
        'Save the file as "CSV UTF-8".',
    ),
    "NUL": (
        table({"Name": "\0"}),
        ", line 3, byte 118 of the file: got a NUL byte, which no text has. "
        'Save the data anew as "CSV UTF-8".',
    ),
    "too few cells": (
        table() + "3,1,1\n",
        ", line 4: got 3 cells, need 12 as in the header. "
        "Check the commas and quotation marks in it.",
    ),
    "too many cells": (
        table({"Name": "Doe, Jo"}),
        ", line 3: got 13 cells, need 12 as in the header. "
        "Check the commas and quotation marks in it. "
        "If it has decimal commas, put semicolons between the cells.",
    ),
    "quote left open": (
        table({"Name": '"Doe'}),
        ", line 3: the row that begins here cannot be split into cells "
        "(unexpected end of data). Check its quotation marks.",
    ),
    "blank line inside": (
        table().replace("\n2,", "\n\n2,"),
        ", line 3: the line is blank, but rows follow. Remove it.",
    ),
    "blank first line": (
        "\n" + table(),
        ", line 1: the line is blank, need the column names. Remove it.",
    ),
    "a text too long for a cell": (
        table({"Name": "z" * 32_768}),
        ", line 3, column Name: got a text of 32,768 characters, need 32,767 or fewer, "
        "as an Excel cell holds. Shorten it.",
    ),
    "a text too long in UTF-16": (  # as Excel counts: each of these is two
        table({"Cabin": "😀" * 16_384}),
        ", line 3, column Cabin: got a text of 32,768 characters, need 32,767 or fewer, "
        "as an Excel cell holds. Shorten it.",
    ),
    "a web page": (
        "<!DOCTYPE html>\n<p>Sign in</p>",
        ", line 1: column Survived is missing, got '<!DOCTYPE html>'. "
        "Name a column Survived; commas, semicolons or tabs stand between names.",
    ),
    "points": (
        "x,y\n1,2\n",
        ", line 1: column Survived is missing, got 'x', 'y'. "
        "Name a column Survived; commas, semicolons or tabs stand between names.",
    ),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED)
def test_read_passengers_refuses(tmp_path: Path, content: str | bytes, message: str) -> None:
    assert refusal(written(tmp_path, content)) == message


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("changes", "line", "column"),
    [
        ([{"Name": '"a{}b"', "Sex": "oops"}], 4, "Sex"),  # below a break in its own row
        ([{"Name": '"a{}b"', "Survived": "2"}], 3, "Survived"),  # and before it
        ([{"Name": '"a{}{}b"'}, {"Cabin": '"{}"', "Embarked": "oops"}], 7, "Embarked"),
        ([{"Name": '"{}"'}, {}, {"Age": "oops"}], 6, "Age"),
    ],
)
def test_lines_are_counted_as_an_editor_shows_them(
    tmp_path: Path, changes: list[dict[str, str]], line: int, column: str, end: str
) -> None:
    content = table(
        *({k: v.replace("{}", end) for k, v in change.items()} for change in changes), end=end
    )
    assert refusal(written(tmp_path, content)).startswith(f", line {line}, column {column}: got ")


def test_a_break_in_the_header_counts_too(tmp_path: Path) -> None:
    content = table({"Sex": "oops"}).replace("Ticket", '"Tic\nket"', 1)
    assert refusal(written(tmp_path, content)).startswith(", line 4, column Sex: got 'oops'")


def test_the_first_wrong_row_is_named(tmp_path: Path) -> None:
    changes = [{}] * 5000 + [{"Embarked": "oops"}, {"Survived": "worse"}]
    content = table(*changes, end="\r\n")
    assert refusal(written(tmp_path, content)).startswith(", line 5003, column Embarked: got")


def test_many_decimal_commas_are_read_in_linear_time(tmp_path: Path) -> None:
    content = PLAIN.replace(",", ";").replace(".", ",")
    row = content.splitlines()[-1]
    passengers = read_passengers(written(tmp_path, content + f"{row}\n" * 5000))
    assert passengers.rows == 5002


def test_too_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "MAX_ROWS", 3)
    assert read_passengers(written(tmp_path, table({}, {}))).rows == 3
    assert refusal(written(tmp_path, table({}, {}, {}))) == (
        ", line 5: got more than 3 rows, need 3 or fewer. Keep a part of them."
    )


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, table())
    os.truncate(path, 200_000_001)  # takes no room on disk
    assert refusal(path) == (
        ": got 200,000,001 bytes, need 200,000,000 or fewer. Keep a part of the rows."
    )


def test_there_may_be_no_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "no.csv") == ": there is no such file. Check name and folder."
    assert refusal(tmp_path) == ": got a folder, need a CSV file. Name a file in it."


@settings(deadline=None, max_examples=300)
@given(
    cells=st.dictionaries(st.sampled_from(HEADER), st.text(max_size=12)),
    separator=st.sampled_from(",;\t"),
)
def test_whatever_the_cells_hold_only_a_data_error_is_raised(
    tmp_path_factory: pytest.TempPathFactory, cells: dict[str, str], separator: str
) -> None:
    content = table(cells, separator=separator).encode(errors="surrogatepass")
    path = written(tmp_path_factory.getbasetemp(), content, "any.csv")
    try:
        passengers = read_passengers(path)
    except DataError:
        return
    numbers = (*passengers.y, *(n for column in passengers.inputs.values() for n in column))
    assert all(map(math.isfinite, numbers))


@settings(deadline=None)
@given(name=st.text(), separator=st.sampled_from(",;\t"), end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_texts_come_back(
    tmp_path_factory: pytest.TempPathFactory, name: str, separator: str, end: str
) -> None:
    name = name.encode(errors="replace").decode().replace("\0", "")
    quoted = '"' + name.replace('"', '""') + '"'
    path = written(
        tmp_path_factory.getbasetemp(), table({"Name": quoted}, separator=separator, end=end)
    )
    passengers = read_passengers(path)
    expected = re.sub("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]", " ", name)
    assert passengers.raw["Name"][1] == (expected if expected.strip() else None)
    assert passengers.raw["Embarked"] == ("S", "C")
