"""Check the built-in points, the made-up ones, and that a CSV file is read strictly."""

from __future__ import annotations

import csv
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xlsgd.base.errors import DataError, SpecError
from xlsgd.data import Dataset, default_data, made_data, read_csv

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
