"""Files of results: what counts when a run is continued, and what is never overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from xlsgd.base.errors import OutputExistsError, SpecError
from xlsgd.many import Limits, checking
from xlsgd.many.calls import Reply
from xlsgd.many.checking import check_many
from xlsgd.many.copies import digest
from xlsgd.report.formats.jsonl import Result, ResultsFile

REPORT: dict[str, Any] = {"ok": True, "cells_compared": 3}
ANSWER = {"report": REPORT}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have every workbook agree, without looking; return which ones were asked for."""
    seen: list[str] = []

    def answers(work: Any, calls: Any, *_: Any) -> Iterator[tuple[int, Reply]]:
        for number, call in enumerate(calls):
            seen.append(Path(call["path"]).name)
            kind = Path(call["path"]).read_text().split()[0]
            if kind == "done":
                value = {"sha256": digest(call["path"]), **ANSWER}
                yield number, Reply("done", value, "", 1.0)
            else:
                yield number, Reply(kind, None, "no", 1.0)

    monkeypatch.setattr(checking, "answers", answers)
    return seen


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Return files that say what becomes of them."""
    files = [tmp_path / f"{name}.xlsx" for name in "abc"]
    for file, kind in zip(files, ("done", "timeout", "memory"), strict=True):
        file.write_text(kind)
    return files


def check(files: list[Path], path: Path, resume: bool = True, **options: Any) -> list[Result]:
    """Check files, with a file of results; return their results in order."""
    with ResultsFile(path, resume) as results:
        found = dict(check_many(files, results=results, **options))
    return [found[place] for place in range(len(files))]


def test_nothing_is_done_twice(asked: list[str], files: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    first = check(files, path)
    assert asked == ["a.xlsx", "b.xlsx", "c.xlsx"]
    assert check(files, path) == first
    assert len(asked) == 3
    assert len(path.read_text().splitlines()) == 3


def test_what_is_done_again(asked: list[str], files: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    check(files, path, limits=Limits(10, 100))

    def again(**options: Any) -> list[str]:
        asked.clear()
        check(files, path, **options)
        return list(asked)

    assert again(limits=Limits(5, 80)) == []
    assert again(limits=Limits(20, 100)) == ["b.xlsx"]
    assert again(limits=Limits(20, 200)) == ["c.xlsx"]
    files[0].touch()
    assert again(limits=Limits(20, 200)) == []
    files[0].write_text("done anew")
    assert again(limits=Limits(20, 200)) == ["a.xlsx"]
    assert again(limits=Limits(20, 200)) == []
    assert again(rtol=1e-3, atol=0.0) == ["a.xlsx", "b.xlsx", "c.xlsx"]
    files[1].unlink()
    with pytest.raises(FileNotFoundError):  # it is asked for
        again(rtol=1e-3, atol=0.0)


def test_a_torn_line_is_done_again(asked: list[str], files: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    first = check(files, path)
    whole = path.read_bytes()
    start = whole.rstrip().rfind(b"\n") + 1
    for end in (start, start + 1, start + 30, len(whole) - 1):
        path.write_bytes(whole[:end])
        asked.clear()
        assert check(files, path) == first
        assert asked == ["c.xlsx"]
        assert path.read_bytes() == whole
    path.write_bytes(whole[:10])
    assert check(files, path) == first
    assert path.read_bytes() == whole


@pytest.mark.parametrize("content", ["a letter", '{"schema": "other/1"}\n', "[]\n", "{}\n", "\n"])
def test_what_is_no_file_of_results_is_left_alone(
    asked: list[str], files: list[Path], tmp_path: Path, content: str
) -> None:
    path = tmp_path / "letter.txt"
    path.write_text(content)
    with pytest.raises(SpecError, match=r"letter\.txt.*name another"):
        check(files, path)
    assert path.read_text() == content
    with pytest.raises(OutputExistsError, match="--resume to continue it, --force to replace it"):
        check(files, path, resume=False)
    assert path.read_text() == content
    assert asked == []


def test_force_replaces(asked: list[str], files: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text("a letter")
    with ResultsFile(path, force=True) as results:
        assert len(list(check_many(files, results=results))) == 3
    assert len(path.read_text().splitlines()) == 3


def test_two_runs_do_not_write_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with ResultsFile(path):
        for options in ({"resume": True}, {"force": True}):
            with pytest.raises(SpecError, match="another run is writing it"):
                ResultsFile(path, **options)
    ResultsFile(path, resume=True).__exit__(None, None, None)


@pytest.mark.parametrize("where", [".", "nowhere/r.jsonl"])
def test_a_file_that_cannot_be_written(tmp_path: Path, where: str) -> None:
    with pytest.raises(SpecError):
        ResultsFile(tmp_path / where)


def test_a_result_on_one_line() -> None:
    result = Result("a.xlsx", "failed", "bug", "a\r\nb\x1b[1m é", 1.0, None, "0", "formulas",
                    None, None, 1.0, 1, None)  # fmt: skip
    assert result.line == "a.xlsx: FAILED, a\\r\\nb\\x1b[1m é"
    assert result.to_json().count("\n") == 1
    assert replace(result, message="b").line == "a.xlsx: FAILED, b"
