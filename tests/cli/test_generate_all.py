"""xlsgd generate --all: every lesson in one process, none where one is in the way."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from xlsgd.base.errors import OutputExistsError, SpecError
from xlsgd.cli import main
from xlsgd.lessons import generation, lesson_plans


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lessons that are written, of which nothing but a first byte is."""
    found: list[str] = []

    def write(lesson: str, output: Path, **options: object) -> Path:
        found.append(lesson)
        output.write_bytes(b"P")
        return output

    monkeypatch.setattr(generation, "generate", write)
    return found


def test_every_lesson_is_written_into_the_folder(tmp_path: Path, written: list[str]) -> None:
    folder = tmp_path / "new" / "demo"
    result = CliRunner().invoke(main, ["generate", "--all", "-o", str(folder)])
    assert result.exit_code == 0
    assert written == list(lesson_plans())
    assert result.output.splitlines() == [str(folder / f"{name}.xlsx") for name in written]


def test_nothing_is_written_where_a_file_is_in_the_way(tmp_path: Path, written: list[str]) -> None:
    last = tmp_path / f"{list(lesson_plans())[-1]}.xlsx"
    last.write_text("mine")
    with pytest.raises(OutputExistsError):
        list(generation.generate_all(tmp_path))
    assert (written, last.read_text()) == ([], "mine")
    assert len(list(generation.generate_all(tmp_path, force=True))) == len(lesson_plans())


def test_a_workbook_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="into a folder"):
        list(generation.generate_all(tmp_path / "all.xlsx"))


@pytest.mark.parametrize(
    ("asked", "named"), [(["graddesc"], "lesson"), (["--lr", "0.1"], "--learning-rate")]
)
def test_what_is_asked_of_one_lesson_is_refused(
    tmp_path: Path, written: list[str], asked: list[str], named: str
) -> None:
    result = CliRunner().invoke(main, ["generate", "--all", "-o", str(tmp_path), *asked])
    assert (result.exit_code, written) == (2, [])
    assert f"leave out {named}" in result.stderr


def test_without_a_lesson_one_is_asked_for() -> None:
    result = CliRunner().invoke(main, ["generate"])
    assert result.exit_code == 2
    assert "LESSON" in result.stderr
