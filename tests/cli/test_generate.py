"""xlsgd generate: what is asked for is written, and what makes no sense writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from click.testing import Result

from tests.verify.books import field_cell, steps_rows

Run = Callable[..., Result]
SMALL = ("--epochs", 2, "--optimizer", "sgd", "--points", 3)


def refusal(run: Run, folder: Path, *arguments: object) -> str:
    """Return the message of a generate that fails, and look that it writes nothing."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    output = () if "-o" in arguments else ("-o", folder / "out.xlsx")
    result = run("generate", *arguments, *output)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    return str(result.stderr)


# What is asked for


def test_the_path_is_all_that_is_said(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "my lesson.xlsx"
    result = run("generate", "graddesc", "-o", path, *SMALL)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{path}\n", "")
    assert [p.name for p in tmp_path.iterdir()] == ["my lesson.xlsx"]


def test_lesson_in_the_current_folder_by_default(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("generate", "graddesc", *SMALL)
    assert (result.exit_code, result.stdout) == (0, "graddesc.xlsx\n")
    assert (tmp_path / "graddesc.xlsx").exists()


def test_every_option_arrives_in_the_cells(run: Run, tmp_path: Path) -> None:
    data = tmp_path / "points.csv"
    data.write_text("x,y\n1,3\n2,5\n3,7.5\n")
    path = tmp_path / "out.xlsx"
    result = run(
        "generate", "graddesc", "-o", path, "--lr", 0.125, "--epochs", 3, "--h", 0.5,
        "--init", "a=2,b=-1,velocity.a=4", "--optimizer", "sgd", "--optimizer", "momentum",
        "--gradient", "backprop", "--difference", "central", "--batch-size", 2, "--data", data,
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    book = openpyxl.load_workbook(path)
    assert {"sgd", "momentum"} <= set(book.sheetnames)
    assert "adam" not in book.sheetnames
    wanted = {
        "learning_rate": 0.125, "h": 0.5, "init.a": 2, "init.b": -1, "init.velocity.a": 4,
        "init.velocity.b": 0, "gradient": "backprop", "difference": "central", "batch_size": 2,
    }  # fmt: skip
    sheet = book["momentum"]
    assert {key: sheet[field_cell(sheet, key)].value for key in wanted} == wanted
    assert len(steps_rows(sheet)) == 9
    shown = {cell.value for row in book["data"].iter_rows() for cell in row}
    assert {1, 2, 3, 5, 7.5} <= shown
    assert run("verify", path, "-q").exit_code == 0


def test_made_data_follows_its_seed(run: Run, tmp_path: Path) -> None:
    def points(name: str, *arguments: object) -> list[object]:
        path = tmp_path / name
        common = ("--epochs", 1, "--optimizer", "sgd", "-o", path)
        result = run("generate", "graddesc", *common, *arguments)
        assert result.exit_code == 0, result.stderr
        return list(openpyxl.load_workbook(path)["data"].iter_rows(values_only=True))

    one = points("1.xlsx", "--points", 7, "--noise", 2, "--seed", 1)
    assert points("2.xlsx", "--points", 7, "--noise", 2, "--seed", 1) == one
    assert points("3.xlsx", "--points", 7, "--noise", 2, "--seed", 2) != one
    assert (tmp_path / "1.xlsx").read_bytes() == (tmp_path / "2.xlsx").read_bytes()


def test_force_replaces(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    path.write_bytes(b"precious")
    result = run("generate", "graddesc", "-o", path, *SMALL, "--force")
    assert result.exit_code == 0
    assert openpyxl.load_workbook(path).sheetnames[0] == "lesson"


# What makes no sense


def test_existing_file_keeps_its_bytes(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    path.write_bytes(b"precious")
    message = refusal(run, tmp_path, "graddesc", "-o", path, *SMALL)
    assert message == f"Error: {path}: exists already; pass --force to replace it\n"


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_output_is_a_folder(run: Run, tmp_path: Path, force: tuple[str, ...]) -> None:
    folder = tmp_path / "folder.xlsx"
    folder.mkdir()
    message = refusal(run, tmp_path, "graddesc", "-o", folder, *SMALL, *force)
    assert message == f"Error: {folder}: is a folder; give the name of a file\n"


def test_output_folder_is_missing(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "no" / "such" / "out.xlsx"
    message = refusal(run, tmp_path, "graddesc", "-o", path, *SMALL)
    assert message == f"Error: {path}: there is no folder {path.parent}; make it first\n"
    assert not (tmp_path / "no").exists()


NONSENSE = [
    ("nosuchlesson", (), "lesson"),
    ("graddesc", ("--optimizer", "sdg"), "optimizer"),
    ("graddesc", ("--optimizer", ""), "optimizer"),
    ("graddesc", ("--convention", "keras"), "convention"),
    ("graddesc", ("--gradient", "numeric"), "gradient"),
    ("graddesc", ("--difference", "backward"), "difference"),
    *(("graddesc", ("--lr", value), "learning_rate") for value in ("nan", "-1", "inf", "1e999")),
    *(("graddesc", ("--lr", value), "--lr") for value in ("fast", "")),
    *(("graddesc", ("--h", value), "h") for value in ("nan", "-0.1", "0", "inf")),
    *(("graddesc", ("--epochs", value), "epochs") for value in ("0", "-3")),
    *(("graddesc", ("--epochs", value), "--epochs") for value in ("2.5", "nan", "many")),
    *(("graddesc", ("--batch-size", value), "batch") for value in ("0", "-1", "30", "1000000")),
    *(("graddesc", ("--batch-size", value), "--batch-size") for value in ("1.5", "all")),
    ("graddesc", ("--init", "b=x"), "got 'b=x', need name=number pairs such as a=1,b=1"),
    ("graddesc", ("--init", "a"), "got 'a', need name=number pairs such as a=1,b=1"),
    ("graddesc", ("--init", "=1"), "got '=1', need name=number pairs such as a=1,b=1"),
    ("graddesc", ("--init", "a=1,,b=1"), "got '', need name=number pairs such as a=1,b=1"),
    ("graddesc", ("--init", "zz=1"), "--init zz"),
    ("graddesc", ("--init", "a=nan"), "got nan, need a number"),
    ("graddesc", ("--init", "a=inf"), "got inf, need a number"),
    ("graddesc", ("--init", "a=1,a=2"), "a"),
    ("graddesc", ("--points", "0"), "points: got 0, need a whole number from 2"),
    ("graddesc", ("--points", "-5"), "points: got -5"),
    ("graddesc", ("--points", "1000000000000"), "points: got 1000000000000"),
    ("graddesc", ("--points", "2.5"), "--points"),
    ("graddesc", ("--points", "5", "--noise", "nan"), "noise: got nan"),
    ("graddesc", ("--points", "5", "--noise", "-1"), "noise: got -1"),
    ("graddesc", ("--points", "5", "--noise", "1e308"), "noise: got 1e+308"),
    ("graddesc", ("--points", "5", "--seed", "-1"), "seed: got -1"),
    ("graddesc", ("--points", "5", "--seed", "x"), "--seed"),
    ("graddesc", ("--data", "/nowhere/points.csv"), "/nowhere/points.csv"),
    ("graddesc", ("--data", "p.csv", "--points", "5"), "--data and --points exclude each other"),
    ("graddesc", ("--data", "p.csv", "--noise", "0"), "--data and --noise exclude each other"),
    ("graddesc", ("--data", "p.csv", "--seed", "0"), "--data and --seed exclude each other"),
]


@pytest.mark.every
@pytest.mark.parametrize(
    ("lesson", "arguments", "words"),
    NONSENSE,
    ids=[" ".join((lesson, *arguments)) for lesson, arguments, _ in NONSENSE],
)
def test_nonsense(
    run: Run, tmp_path: Path, lesson: str, arguments: tuple[str, ...], words: str
) -> None:
    message = refusal(run, tmp_path, lesson, *arguments)
    assert words in message
    if message.startswith("Error: "):
        assert message.count("\n") == 1


def test_unknown_names_are_answered_with_those_there_are(run: Run, tmp_path: Path) -> None:
    assert "two-neuron" in refusal(run, tmp_path, "two-neurons")
    assert "rmsprop" in refusal(run, tmp_path, "graddesc", "--optimizer", "rms")
    assert "fastai" in refusal(run, tmp_path, "graddesc", "--convention", "fast.ai")
    assert "backprop" in refusal(run, tmp_path, "graddesc", "--gradient", "autograd")
    assert "init" in refusal(run, tmp_path, "graddesc", "--init", "w=1")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--epochs", 40_000, "--optimizer", "sgd"), "a sheet holds 1,048,560"),
        (("--epochs", 10**12, "--optimizer", "sgd"), "a sheet holds 1,048,560"),
        (("--points", 600_000, "--epochs", 2, "--optimizer", "sgd"), "a sheet holds 1,048,560"),
        (("--epochs", 20_000), "Google Sheets takes 10,000,000"),
    ],
)
def test_more_than_a_workbook_holds(
    run: Run, tmp_path: Path, arguments: tuple[object, ...], words: str
) -> None:
    assert words in refusal(run, tmp_path, "graddesc", *arguments)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"x,z\n1,2\n", "y"),
        (b"x,y\n1,2\n3,many\n", "line 3"),
        (b"x,y\n1,2\n3,\n", "line 3"),
        (b"x,y\n1,nan\n", "line 2"),
        (b"x,y\n1,inf\n", "line 2"),
        (b"x,y\n1,2\n\xff\xfe\n", "UTF-8"),
        (b"x,y\n", "points.csv"),
        (b"x,y\n1,2\n2,1e200\n", "1e200"),
    ],
)
def test_data_that_cannot_be_read(run: Run, tmp_path: Path, content: bytes, words: str) -> None:
    data = tmp_path / "points.csv"
    data.write_bytes(content)
    message = refusal(run, tmp_path, "graddesc", "--data", data, "--epochs", 1)
    assert str(data) in message
    assert words in message


def test_text_from_a_file_never_becomes_a_formula(run: Run, tmp_path: Path) -> None:
    data = tmp_path / "=1+1,points.csv"
    data.write_text("x,y\n1,3\n2,5\n")
    path = tmp_path / "out.xlsx"
    options = ("--epochs", 1, "--optimizer", "sgd", "-o", path)
    assert run("generate", "graddesc", "--data", data, *options).exit_code == 0
    sheet = openpyxl.load_workbook(path)["data"]
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
