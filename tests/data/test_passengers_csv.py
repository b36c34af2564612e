"""A file of passengers that is fine is read whole, however it is written."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.data.files import FIRST, HEADER, SECOND, table, written
from xlsgd.base.errors import DataError, SpecError
from xlsgd.data.passengers import read_passengers

pytestmark = pytest.mark.every

# Files that are fine


def test_the_cells_of_a_file(tmp_path: Path) -> None:
    passengers = read_passengers(written(tmp_path, table()))
    assert passengers.title == "2 passengers from train.csv"
    assert passengers.raw == {
        "PassengerId": (1.0, 2.0),
        "Survived": (0.0, 1.0),
        "Pclass": (3.0, 1.0),
        "Name": ("A", "B"),
        "Sex": ("male", "female"),
        "Age": (22.0, 38.0),
        "SibSp": (1.0, 0.0),
        "Parch": (0.0, 2.0),
        "Ticket": ("T 1", "T 2"),
        "Fare": (7.25, 71.5),
        "Cabin": (None, "C8"),
        "Embarked": ("S", "C"),
    }
    assert passengers.y == (0.0, 1.0)
    assert passengers.inputs["age_n"] == (22 / 38, 1)
    assert passengers.inputs["log_fare"][0] == pytest.approx(math.log10(8.25), rel=1e-15)
    assert (passengers.rows_read, passengers.dropped) == (2, {"Age": 0, "Embarked": 0})
    assert len(passengers.sha256) == 64
    assert not passengers.checked


PLAIN = table({"Age": "38.5"})
SAME = {
    "as it is": PLAIN,
    "path as text": PLAIN,
    "Windows line ends": table({"Age": "38.5"}, end="\r\n"),
    "old Mac line ends": table({"Age": "38.5"}, end="\r"),
    "no line end": PLAIN.rstrip("\n"),
    "BOM": "\ufeff" + PLAIN,
    "semicolons": table({"Age": "38.5"}, separator=";"),
    "tabs": table({"Age": "38.5"}, separator="\t"),
    "decimal commas": PLAIN.replace(",", ";").replace(".", ","),
    "decimal commas between tabs": PLAIN.replace(",", "\t").replace(".", ","),
    "blank lines at the end": PLAIN + "\n  \n,,,,\n",
    "names in capitals": PLAIN.replace(",".join(HEADER), ",".join(HEADER).upper()),
    "blanks around names": PLAIN.replace(",".join(HEADER), " , ".join(HEADER)),
    "numbers written otherwise": PLAIN.replace("38.5", " +3.85e1 "),
    "words in capitals": PLAIN.replace("female", " FEMALE ").replace(",C\n", ", c\n"),
    "quotes": PLAIN.replace("female", '"female"').replace("38.5", '"38.5"'),
    "further columns": "".join(f"x,{line},\n" for line in PLAIN.splitlines()),
}


@pytest.mark.parametrize("content", SAME.values(), ids=SAME)
def test_the_same_passengers_written_otherwise(tmp_path: Path, content: str) -> None:
    expected = read_passengers(written(tmp_path, PLAIN, "plain.csv"))
    passengers = read_passengers(str(written(tmp_path, content)))
    assert passengers.raw == expected.raw
    assert passengers.inputs == expected.inputs


def test_columns_may_stand_in_any_order_and_some_may_be_missing(tmp_path: Path) -> None:
    names = [name for name in reversed(HEADER) if name not in ("Name", "Ticket", "Cabin")]
    lines = [",".join(row[name] for name in names) for row in (FIRST, SECOND)]
    content = "\n".join([",".join(names), *lines])
    passengers = read_passengers(written(tmp_path, content))
    assert list(passengers.raw) == list(reversed(names))
    assert passengers.inputs == read_passengers(written(tmp_path, table())).inputs


@pytest.mark.parametrize(
    "text",
    [
        "=HYPERLINK('x')",
        "+cmd|' /C calc'!A0",
        "@x",
        "-1+1",
        "=1+1",
        "\u202ex",
        "é ß 名",
        "#N/A",
        "NA",
    ],
)
def test_texts_are_kept_as_they_are(tmp_path: Path, text: str) -> None:
    passengers = read_passengers(
        written(tmp_path, table({"Name": text, "Ticket": text, "Cabin": text}))
    )
    assert [passengers.raw[name][1] for name in ("Name", "Ticket", "Cabin")] == [text] * 3


def test_quotes_and_commas_in_texts(tmp_path: Path) -> None:
    content = table({"Name": '"Doe, Mrs. ""Jo"" (x)"', "Cabin": ' "C1, C2" '.strip()})
    passengers = read_passengers(written(tmp_path, content))
    assert passengers.raw["Name"][1] == 'Doe, Mrs. "Jo" (x)'
    assert passengers.raw["Cabin"][1] == "C1, C2"


@pytest.mark.parametrize("character", ["\x01", "\x0b", "\x1f", "\x7f", "\x85", "\uffff", "\u2028"])
def test_control_characters_become_spaces(tmp_path: Path, character: str) -> None:
    passengers = read_passengers(written(tmp_path, table({"Name": f"a{character}b"})))
    assert passengers.raw["Name"][1] == "a b"


def test_line_breaks_and_tabs_in_texts_become_spaces(tmp_path: Path) -> None:
    passengers = read_passengers(written(tmp_path, table({"Name": '"a\nb\tc"', "Cabin": '"\n"'})))
    assert passengers.raw["Name"][1] == "a b c"
    assert passengers.raw["Cabin"][1] is None


def test_the_longest_text(tmp_path: Path) -> None:
    passengers = read_passengers(written(tmp_path, table({"Name": "z" * 32_767})))
    assert passengers.raw["Name"][1] == "z" * 32_767


def test_ids_that_are_no_numbers_stay_text(tmp_path: Path) -> None:
    passengers = read_passengers(written(tmp_path, table({"PassengerId": "007"})))
    assert passengers.raw["PassengerId"] == ("1", "007")


def test_edges_of_numbers(tmp_path: Path) -> None:
    change = {"Age": "0", "Fare": "-0", "SibSp": "8.0", "Pclass": "2.0", "Survived": "1e0"}
    raw = read_passengers(written(tmp_path, table(change))).raw
    assert [raw[name][1] for name in change] == [0, 0, 8, 2, 1]
    assert math.copysign(1, float(raw["Fare"][1] or 0)) == 1


# Dropped rows


def test_rows_without_age_or_port_are_dropped(tmp_path: Path) -> None:
    changes = [{"Age": ""}, {"Embarked": " "}, {"Age": "", "Embarked": ""}, {}]
    passengers = read_passengers(written(tmp_path, table(*changes)))
    assert passengers.rows == 2
    assert passengers.rows_read == 5
    assert passengers.dropped == {"Age": 2, "Embarked": 1}
    assert passengers.title == (
        "2 of 5 passengers from train.csv (3 dropped: 2 without Age, 1 without Embarked)"
    )
    assert passengers.raw["Age"] == (22.0, 38.0)


def test_the_title_names_only_reasons_that_there_are(tmp_path: Path) -> None:
    passengers = read_passengers(written(tmp_path, table({"Embarked": ""})))
    assert passengers.title == ("1 of 2 passengers from train.csv (1 dropped: 1 without Embarked)")


def test_the_greatest_age_is_that_of_the_rows_kept(tmp_path: Path) -> None:
    passengers = read_passengers(written(tmp_path, table({"Age": "80", "Embarked": ""}, {})))
    assert max(passengers.raw["Age"]) == 38.0  # type: ignore[type-var]
    assert max(passengers.inputs["age_n"]) == 1


# Checksums of files


def test_a_checksum_may_be_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path, table())
    sha256 = read_passengers(path).sha256
    assert read_passengers(path, sha256.upper()).checked
    with pytest.raises(DataError) as caught:
        read_passengers(path, "0" * 64)
    assert str(caught.value) == (
        f"{path}: got a file with the sha256 {sha256}, need {'0' * 64}. "
        "Check that it is the file meant; if it was changed on purpose, give its new checksum."
    )
    with pytest.raises(SpecError, match=r"^sha256: got 'abc', need 64 hexadecimal digits\.$"):
        read_passengers(path, "abc")
