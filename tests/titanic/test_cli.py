"""xlsgd generate titanic: what it says, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from tests.verify.books import field_cell
from xlsgd.cli import main

Run = Callable[..., Result]

HEADER = "PassengerId,Survived,Pclass,Name,Sex,Age,SibSp,Parch,Ticket,Fare,Cabin,Embarked"
PEOPLE = (
    "1,0,3,One,male,22,1,0,A,7.25,,S",
    "2,1,1,Two,female,38,1,0,B,71.2833,C85,C",
    "3,1,3,Three,female,,0,0,C,7.925,,S",
    "4,1,1,Four,female,35,1,0,D,53.1,C123,",
    "5,0,3,Five,male,35,0,0,E,8.05,,Q",
    "6,0,3,Six,male,,0,0,F,8.4583,,",
)


@pytest.fixture
def run() -> Run:
    def command(*arguments: object) -> Result:
        words = [str(argument) for argument in arguments]
        return CliRunner().invoke(main, words, prog_name="xlsgd", catch_exceptions=False)

    return command


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "train.csv"
    path.write_text("\n".join((HEADER, *PEOPLE)) + "\n", encoding="utf-8")
    return path


def test_it_says_how_many_passengers_are_kept(run: Run, people: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    result = run("generate", "titanic", "--data", people, "--epochs", 1, "-o", path)
    assert result.exit_code == 0
    assert result.stdout == f"{path}\n"
    for words in ("3 of 6 passengers", "3 dropped", "2 without Age", "1 without Embarked"):
        assert words in result.stderr
    sheet = openpyxl.load_workbook(path)["passengers"]
    shown = {
        cell.value: sheet.cell(cell.row, cell.column + 1).value
        for row in sheet.iter_rows()
        for cell in row
        if cell.value in ("rows_read", "dropped_age", "dropped_embarked")
    }
    assert shown == {"rows_read": 6, "dropped_age": 2, "dropped_embarked": 1}
    assert run("verify", path, "-q").exit_code == 0


def test_quiet_says_nothing(run: Run, people: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    result = run("generate", "titanic", "--data", people, "--epochs", 1, "-o", path, "-q")
    assert (result.exit_code, result.stderr) == (0, "")


def test_made_up_passengers(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    result = run("generate", "titanic", "--points", 50, "--epochs", 1, "-o", path)
    assert result.exit_code == 0
    assert "50 made-up passengers" in result.stderr
    sheet = openpyxl.load_workbook(path)["training"]
    assert sheet[field_cell(sheet, "batch_size")].value == 50


def test_every_option_arrives_in_the_cells(run: Run, people: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    result = run(
        "generate", "titanic", "--data", people, "-o", path, "--epochs", 2, "--lr", 0.125,
        "--h", 0.5, "--init", "a1_male=0.75,a_ones=-2,velocity.a2_ones=3", "--batch-size", 2,
        "--optimizer", "momentum", "--optimizer", "rmsprop", "--difference", "central",
        "--seed", 7,
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[5:] == ["training", "momentum", "rmsprop", "compare"]

    def value(tab: str, key: str) -> object:
        return book[tab][field_cell(book[tab], key)].value

    wanted = {
        "learning_rate": 0.125, "h": 0.5, "init.a1_male": 0.75, "init.velocity.a2_ones": 3,
        "init.velocity.a1_ones": 0, "batch_size": 2, "difference": "central",
        "gradient": "backprop",
    }  # fmt: skip
    assert {key: value("momentum", key) for key in wanted} == wanted
    assert value("linear", "init.a_ones") == -2
    assert run("verify", path, "-q").exit_code == 0


REFUSED = [
    (("--gradient", "numerical"), "--gradient numerical: this lesson updates by backprop"),
    (("--noise", 1), "--noise"),
    (("--optimizer", "adam", "--optimizer", "adam"), "got one of them twice"),
    (("--optimizer", "sdg"), "optimizer"),
    (("--batch-size", 13), "--batch-size 13: the data has 12 rows"),
    (("--batch-size", 0), "batch_size"),
    (("--init", "nobody=1"), "--init nobody"),
    (("--init", "a1_male=nan"), "got nan"),
    (("--start", "nonsense"), "start"),
    (("--epochs", 100_000), "use fewer epochs"),
    (("--epochs", 0), "epochs"),
    (("--h", 0), "h"),
    (("--seed", -1), "seed: got -1"),
    (("--difference", "backward"), "difference"),
]


def refusal(run: Run, folder: Path, *arguments: object) -> str:
    """Return the message of a generate that fails, and look that it writes nothing."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    result = run("generate", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    return str(result.stderr)


@pytest.mark.every
@pytest.mark.parametrize(("arguments", "words"), REFUSED, ids=lambda value: str(value))
@pytest.mark.parametrize("force", [(), ("--force",)], ids=["new", "force"])
def test_nonsense(
    run: Run, tmp_path: Path, arguments: tuple[object, ...], words: str, force: tuple[str, ...]
) -> None:
    path = tmp_path / "out.xlsx"
    if force:
        path.write_bytes(b"precious")
    points = () if "--noise" in arguments else ("--points", 12)
    message = refusal(run, tmp_path, "titanic", "-o", path, *points, *arguments, *force)
    error = message.splitlines()[-1]
    assert error.startswith("Error: ")
    assert words in error


BAD = [
    ("", "is empty"),
    ("x,y\n1,2\n", "Survived"),
    (f"{HEADER}\n", "train.csv"),
    (f"{HEADER}\n1,2,3,One,male,22,1,0,A,7.25,,S\n", "line 2, column Survived"),
    (f"{HEADER}\n{PEOPLE[0]}\n2,1,1,Two,female,old,1,0,B,7,,C\n", "line 3, column Age"),
    (f"{HEADER}\n1,0,4,One,male,22,1,0,A,7.25,,S\n", "column Pclass"),
    (f"{HEADER}\n1,0,3,One,boy,22,1,0,A,7.25,,S\n", "column Sex"),
    (f"{HEADER}\n1,0,3,One,male,22,1,0,A,-7.25,,S\n", "column Fare"),
    (f"{HEADER}\n1,0,3,One,male,22,1,0,A,7.25,,X\n", "column Embarked"),
    (f"{HEADER}\n{PEOPLE[2]}\n", "none with both Age and Embarked"),
]


@pytest.mark.parametrize(("content", "words"), BAD, ids=lambda value: value[-30:])
def test_a_bad_file_is_refused_and_left_alone(
    run: Run, people: Path, tmp_path: Path, content: str, words: str
) -> None:
    people.write_text(content, encoding="utf-8")
    message = refusal(run, tmp_path, "titanic", "--data", people, "-o", tmp_path / "out.xlsx")
    assert str(people) in message
    assert words in message


def test_data_is_not_overwritten(run: Run, people: Path, tmp_path: Path) -> None:
    message = refusal(run, tmp_path, "titanic", "--data", people, "-o", people, "--force")
    assert "would be overwritten" in message


@pytest.mark.parametrize("lesson", ["graddesc", "two-neuron"])
def test_other_lessons_have_start_weights_of_their_own(
    run: Run, tmp_path: Path, lesson: str
) -> None:
    path = tmp_path / "out.xlsx"
    assert "--start solved" in refusal(run, tmp_path, lesson, "--start", "solved", "-o", path)


def test_data_and_points_exclude_each_other(run: Run, people: Path, tmp_path: Path) -> None:
    out = ("-o", tmp_path / "out.xlsx")
    message = refusal(run, tmp_path, "titanic", "--data", people, "--points", 5, *out)
    assert "--data and --points exclude each other" in message
