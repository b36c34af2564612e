"""Writing a workbook for everybody in a class."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import xlsgd
from xlsgd.base.errors import SpecError
from xlsgd.many.writing import parse_seeds

Run = Callable[..., Result]
SMALL = ("--optimizer", "sgd", "--epochs", "1", "--points", "3")


def test_a_class(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "class"
    command = ("generate", "graddesc", *SMALL, "--seeds", "9-10,2", "-o", folder)
    result = run(*command, "-j", 2)
    assert (result.exit_code, result.stderr) == (0, "")
    names = ["graddesc-9.xlsx", "graddesc-10.xlsx", "graddesc-2.xlsx"]
    assert result.stdout.splitlines() == [str(folder / name) for name in names]
    assert sorted(p.name for p in folder.iterdir()) == sorted(names)
    contents = [(folder / name).read_bytes() for name in names]
    for name, content in zip(names, contents, strict=True):
        seed = int(name.removeprefix("graddesc-").removesuffix(".xlsx"))
        alone = xlsgd.generate(
            "graddesc", tmp_path / name, seed=seed, data=xlsgd.made_data(3, 0.0, seed),
            optimizers=("sgd",), epochs=1,
        )  # fmt: skip
        assert alone.read_bytes() == content
    assert len(set(contents)) == 3

    # Again: refused, continued
    (folder / names[1]).unlink()
    (folder / names[2]).write_bytes(b"mine")
    refused = run(*command)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "pass --resume to write the missing ones, --force to replace them" in refused.stderr
    assert not (folder / names[1]).exists()
    assert run(*command, "--resume").stdout == result.stdout
    assert (folder / names[1]).read_bytes() == contents[1]
    assert (folder / names[2]).read_bytes() == b"mine"


def test_a_failure_is_one_of_many(run: Run, tmp_path: Path) -> None:
    options = (*SMALL, "--seeds", "1", "-o", tmp_path / "class", "--timeout", 0.0001)
    result = run("generate", "graddesc", *options)
    assert result.exit_code == 2
    assert result.stdout.count(": FAILED, timed out after 0.0001 s\n") == 1
    assert result.stderr == "1 of 1 could not be written\n"
    assert not list(tmp_path.glob("class/*"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--seeds", "1-2", "--seed", "1"), "--seed and --seeds exclude each other"),
        (("--seeds", "1-2", "--data", "x.csv"), "--data and --seed exclude each other"),
        (("-j", "2"), "--jobs is for many workbooks: it goes with --seeds"),
        (("--resume",), "--resume is for many workbooks: it goes with --seeds"),
        (("--seeds", "1-2", "--init", "magic=1"), ""),
        (("--seeds", "1-2", "--points", "0"), ""),
    ],
)
def test_options_that_make_no_sense(
    run: Run, tmp_path: Path, options: tuple[str, ...], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("generate", "graddesc", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {words}")
    assert result.stderr.count("\n") == 1
    assert not list(tmp_path.rglob("*.xlsx"))


def test_seeds() -> None:
    assert parse_seeds("1-3, 7,5-5") == [1, 2, 3, 7, 5]


@pytest.mark.parametrize(
    "text", ["", "a", "1-", "-1", "3-1", "1,1", "1-3,2", "1-1000001", "²", "1.5"]
)
def test_seeds_that_make_no_sense(text: str) -> None:
    with pytest.raises(SpecError, match="--seeds: got"):
        parse_seeds(text)
