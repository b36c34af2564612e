"""What a sweep writes: a picture, a table, a workbook."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from PIL import Image

from tests.builders import small_data, view_of
from xlsgd.base.errors import OutputExistsError, SpecError
from xlsgd.sweeping import Axis, Outputs, Sweep, map_tab, sweep_experiment
from xlsgd.sweeping import book as books
from xlsgd.sweeping.book import workbook_of
from xlsgd.sweeping.picture import draw_picture

RELU = "Linear(1, 1), ReLU, Linear(1, 1)"


@pytest.fixture(scope="module")
def line() -> Sweep:
    axis = Axis("learning_rate", 0.001, 10.0, 30, log=True)
    return sweep_experiment(view_of(epochs=4), small_data(), [axis])


@pytest.fixture(scope="module")
def area() -> Sweep:
    axes = (
        Axis("learning_rate", 0.001, 10.0, 24, log=True),
        Axis("init.a", -2.0, 2.0, 9, log=False),
    )
    return sweep_experiment(view_of(RELU, epochs=4), small_data(), axes)


def test_the_area_has_runs_of_many_kinds(area: Sweep) -> None:
    kinds = set(area.kinds)
    assert {"exploded", "dead"} <= kinds
    assert len(kinds) > 3


# The picture


def test_pictures_show_what_happened(line: Sweep, area: Sweep) -> None:
    for sweep in (line, area):
        image = Image.open(io.BytesIO(draw_picture(sweep)))
        assert image.format == "PNG"
        assert image.size[0] > 1000
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3).astype(int)
        red = (pixels[:, 0] > 100) & (pixels[:, 1] < 80) & (pixels[:, 2] < 80)
        blue = (pixels[:, 2] > 60) & (pixels[:, 0] < 60)
        assert red.sum() > 1000
        assert blue.sum() > 1000
    grey = (abs(pixels - [0x8B, 0x92, 0x9C]) <= 3).all(1)
    assert grey.sum() > 1000


def test_pictures_of_what_is_hard_to_draw() -> None:
    data = small_data()
    for low, high in ((1e-9, 1e-8), (1e3, 1e5), (0.5, 0.500001)):
        axis = Axis("learning_rate", low, high, 5, log=True)
        for epochs in (1, 2):
            sweep = sweep_experiment(view_of(epochs=epochs), data, [axis])
            assert draw_picture(sweep).startswith(b"\x89PNG")
            assert workbook_of(sweep).startswith(b"PK")


# The table


def test_the_table_has_every_run(area: Sweep, tmp_path: Path) -> None:
    list(Outputs(tmp_path / "map").write(area))
    frame = pd.read_csv(tmp_path / "map.csv", keep_default_na=True)
    assert len(frame) == area.runs
    assert list(frame.columns) == list(area.frame().columns)
    np.testing.assert_array_equal(frame["learning_rate"], np.tile(area.axes[0].values, 9))
    np.testing.assert_array_equal(frame["last_loss"], area.numbers["last_loss"])
    assert frame["verdict"].tolist() == area.verdicts.tolist()
    exploded = frame[frame.kind == "exploded"]
    assert (exploded.exploded_step > 0).all()
    assert {"dead_since.relu1", "frozen_since", "trend", "rmse", "start_loss"} <= set(frame.columns)


def test_parquet(line: Sweep, tmp_path: Path) -> None:
    paths = list(Outputs(tmp_path / "a", tmp_path / "runs.parquet").write(line))
    assert [path.name for path in paths] == ["a.png", "runs.parquet", "a.xlsx"]
    pd.testing.assert_frame_equal(
        pd.read_parquet(tmp_path / "runs.parquet"), line.frame(), check_dtype=False
    )


def test_parquet_without_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(SpecError, match=r"pip install 'xlsgd\[parquet\]'"):
        Outputs(tmp_path / "a", tmp_path / "runs.parquet")


# The workbook


def test_the_workbook_shows_map_curves_and_runs(area: Sweep) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook_of(area)))
    assert book.sheetnames == ["sweep", "map", "curves", "runs"]
    sheet = book["map"]
    assert [c.value for c in sheet[4][1:]] == area.axes[0].values.tolist()
    heads = [sheet.cell(5 + i, 1).value for i in range(9)]
    assert heads == area.axes[1].values.tolist()[::-1]
    kinds = area.grid(area.kinds)[::-1]
    loss = area.grid(area.numbers["last_loss"])[::-1]
    steps = area.grid(area.numbers["exploded_step"])[::-1]
    for j in range(9):
        for i in range(24):
            cell = sheet.cell(5 + j, 2 + i)
            colour = cell.fill.start_color.rgb[-6:]
            if kinds[j, i] == "exploded":
                assert cell.value == steps[j, i]
                assert "✗" in cell.number_format
                assert int(colour[:2], 16) > int(colour[4:], 16)  # more red than blue
            else:
                assert cell.value == loss[j, i]
                assert (colour == "8B929C") == (kinds[j, i] == "dead")
    runs = book["runs"]
    assert runs.max_row == area.runs + 1
    assert len(book["curves"]._charts) == 1
    assert book["curves"]._charts[0].x_axis.scaling.logBase == 10
    words = " ".join(str(c.value) for row in book["sweep"].iter_rows() for c in row if c.value)
    for kind in set(area.kinds):
        assert kind in words
    assert not [c for row in runs.iter_rows() for c in row if c.data_type == "f"]


def test_large_sweeps_are_thinned_evenly_and_say_so(
    area: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_tab, "MOST_CELLS", 5)
    monkeypatch.setattr(books, "MOST_ROWS", 50)
    book = openpyxl.load_workbook(io.BytesIO(workbook_of(area)))
    assert book["map"].max_column == 6
    assert book["map"].max_row == 9
    values = area.axes[0].values
    shown = [c.value for c in book["map"][4][1:]]
    assert (shown[0], shown[-1]) == (values[0], values[-1])
    assert book["runs"].max_row == 51
    words = " ".join(str(c.value) for row in book["sweep"].iter_rows() for c in row if c.value)
    assert "5 × 5 of 24 × 9 runs" in words
    assert "50 of 216 runs" in words


# The files


def test_the_same_bytes_every_time(area: Sweep, tmp_path: Path) -> None:
    again = sweep_experiment(area.view, area.data, area.axes)
    for name, sweep in (("one", area), ("two", again)):
        list(Outputs(tmp_path / name).write(sweep))
        list(Outputs(tmp_path / name, tmp_path / f"{name}.parquet", True).write(sweep))
    for end in ("png", "csv", "parquet", "xlsx"):
        assert (tmp_path / f"one.{end}").read_bytes() == (tmp_path / f"two.{end}").read_bytes()


@pytest.mark.parametrize("name", ["a.png", "a.csv", "a.xlsx"])
def test_nothing_is_overwritten(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("precious")
    with pytest.raises(OutputExistsError, match="--force"):
        Outputs(tmp_path / "a")
    Outputs(tmp_path / "a", force=True)
    assert (tmp_path / name).read_text() == "precious"


def test_places_that_cannot_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no folder"):
        Outputs(tmp_path / "none" / "a")
    (tmp_path / "b.csv").mkdir()
    with pytest.raises(SpecError, match="is a folder"):
        Outputs(tmp_path / "b")
    with pytest.raises(SpecError, match=r"ends in \.csv or \.parquet"):
        Outputs(tmp_path / "a", tmp_path / "a.txt")
