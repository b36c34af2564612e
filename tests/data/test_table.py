"""Tables of anybody's: numbers and words, what columns are called, and what is refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from openpyxl import load_workbook

import xlsgd
from tests.modules.nets import Of
from xlsgd.base.errors import DataError, SpecError, XlsgdError
from xlsgd.data.table import dataset_of
from xlsgd.data.table_file import read_table

pytestmark = pytest.mark.every


def written(folder: Path, text: str, name: str = "houses.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_numbers_are_inputs_as_they_are(tmp_path: Path) -> None:
    data = read_table(written(tmp_path, "size,age,price\n50,3,1.5\n60,-2.5,2e0\n"), ["price"])
    assert data.inputs == {"size": (50.0, 60.0), "age": (3.0, -2.5)}
    assert data.targets == ((1.5, 2.0),)
    assert data.title == "2 rows from houses.csv"


def test_a_column_of_words_is_an_input_for_every_word(tmp_path: Path) -> None:
    text = "size,town,price\n50,Ulm,1\n60,Bonn,2\n70, Ulm ,3\n"
    data = read_table(written(tmp_path, text), ["price"])
    assert list(data.inputs.values())[1:] == [(0.0, 1.0, 0.0), (1.0, 0.0, 1.0)]
    assert list(data.inputs)[1:] == ["town Bonn", "town Ulm"]


def test_a_target_of_words_is_the_number_of_its_class(tmp_path: Path) -> None:
    text = "size,kind\n1,setosa\n2,virginica\n3,setosa\n4,rose\n"
    data = read_table(written(tmp_path, text), ["kind"])
    assert data.targets == ((1.0, 2.0, 1.0, 0.0),)


def test_inputs_are_those_that_are_named(tmp_path: Path) -> None:
    path = written(tmp_path, "size,note,price\n50,,1\n60,later,2\n")
    data = read_table(path, ["price"], ["size"])
    assert data.inputs == {"size": (50.0, 60.0)}


def test_a_feature_stands_in_place_of_its_column(tmp_path: Path) -> None:
    path = written(tmp_path, "size,age,price\n50,3,1\n60,4,2\n70,8,2\n")
    data = read_table(path, ["price"], features=["standardised(size)"])
    size = data.inputs["standardised_size"]
    assert len(data.inputs) == 2
    assert sum(size) == pytest.approx(0, abs=1e-12)
    assert size[2] == -size[0]
    assert 1 <= size[2] <= math.sqrt(1.5) + 1e-9
    (age,) = (column for name, column in data.inputs.items() if "age" in name)
    assert age == (3.0, 4.0, 8.0)


SPELT = ("standardised(size)", "standardize:size", 'standardised("size")', "standardised : size ")


@pytest.mark.parametrize("text", SPELT)
def test_a_feature_may_be_written_with_a_colon(text: str) -> None:
    data = dataset_of({"size": [1.0, 2.0, 3.0], "y": [0.0, 1.0, 2.0]}, ["y"], (), [text])
    (found,) = data.inputs.values()
    assert found == pytest.approx((-math.sqrt(1.5), 0.0, math.sqrt(1.5)))


ODD = ("Größe (m²)", "=cmd", "loss", "a, b", "size-2", "2")


@pytest.mark.parametrize("column", ODD)
def test_a_column_of_a_feature_may_be_called_anything(column: str, tmp_path: Path) -> None:
    x = [1.0, 2.0, 4.0]
    frame = pd.DataFrame({column: x, "size": [2.0, 1.0, 0.0], "sold": [0.0, 1.0, 2.0]})
    quoted = f'"{column}"'
    features = [f"standardised({quoted})", f"product({quoted}, size)", f"power({quoted}, 2)"]
    module = torch.nn.Linear(3, 1)
    path = xlsgd.export(
        module, torch.optim.SGD(module.parameters(), lr=0.1), torch.nn.MSELoss(), data=frame,
        target="sold", features=features, path=tmp_path / "m.xlsx", epochs=1,
    )  # fmt: skip
    assert xlsgd.verify(path).ok
    cells = load_workbook(path, data_only=True)["data"]
    rows = cells.iter_rows(min_row=6, max_row=8, max_col=9, values_only=True)
    made = [[v for v in row if isinstance(v, int | float)][-3:] for row in rows]
    deviation = math.sqrt(sum((v - 7 / 3) ** 2 for v in x) / 3)
    for value, other, row in zip(x, (2.0, 1.0, 0.0), made, strict=True):
        assert row == pytest.approx([(value - 7 / 3) / deviation, value * other, value**2])


def test_an_index_without_words_counts_all_of_the_column() -> None:
    table = {"day": ["tu", "mo", "we", "mo"], "y": [1.0, 2.0, 3.0, 4.0]}
    data = dataset_of(table, ["y"], (), ["index(day)"])
    assert data.inputs == {"index_day": (1.0, 0.0, 2.0, 0.0)}
    with pytest.raises(SpecError, match="need the words"):
        dataset_of({"day": [1.0, 2.0], "y": [1.0, 2.0]}, ["y"], (), ["index(day)"])


def test_columns_may_be_called_by_numbers(tmp_path: Path) -> None:
    module = torch.nn.Linear(2, 1)
    path = xlsgd.export(
        module, torch.optim.SGD(module.parameters(), lr=0.1), torch.nn.MSELoss(),
        data=pd.DataFrame([[1.0, 2.0, 0.5], [2.0, 3.0, 0.1]]), target=2,
        path=tmp_path / "m.xlsx", epochs=1,
    )  # fmt: skip
    assert xlsgd.verify(path).ok


def test_a_number_that_is_none_is_shown_as_one_writes_it() -> None:
    import numpy as np

    with pytest.raises(DataError, match="row 2, column x: got nan, need a finite number"):
        dataset_of({"x": np.array([1.0, np.nan], np.float32), "y": [1.0, 2.0]}, ["y"])


def test_shuffled_rows_keep_together_and_say_where_they_were(tmp_path: Path) -> None:
    rows = "".join(f"{i},{i * i}\n" for i in range(1, 9))
    path = written(tmp_path, f"x,square\n{rows}")
    data = read_table(path, ["square"], shuffle=3)
    x = data.inputs["x"]
    assert sorted(x) == [float(i) for i in range(1, 9)]
    assert list(x) != sorted(x)
    assert data.targets == (tuple(v * v for v in x),)
    # Row 1 of the table has x = 1, and so on: the column says so.
    assert tuple(data.raw["row of table"]) == x
    assert read_table(path, ["square"], shuffle=3).inputs == data.inputs
    assert read_table(path, ["square"], shuffle=4).inputs != data.inputs


def test_true_and_false_of_a_table_are_1_and_0() -> None:
    data = dataset_of({"new": [True, False, True], "y": [1.0, 2.0, 3.0]}, ["y"])
    assert data.inputs == {"new": (1.0, 0.0, 1.0)}


def test_a_parquet_file_is_read_as_a_frame(tmp_path: Path) -> None:
    import importlib.util

    path = tmp_path / "houses.parquet"
    if importlib.util.find_spec("pyarrow") is None:
        path.write_bytes(b"PAR1")
        with pytest.raises(
            DataError, match=r"houses\.parquet: cannot be read as Parquet .*pyarrow"
        ):
            read_table(path, ["price"])
        return
    pd.DataFrame({"size": [50, 60], "price": [1.5, 2.0]}).to_parquet(path)
    data = read_table(path, ["price"])
    assert data.inputs == {"size": (50.0, 60.0)}
    assert data.title == "2 rows from houses.parquet"


def test_what_is_no_parquet_file_is_refused_in_a_line(tmp_path: Path) -> None:
    path = written(tmp_path, "size,price\n1,2\n", "houses.parquet")
    with pytest.raises(DataError, match=r"houses\.parquet: cannot be read as Parquet") as caught:
        read_table(path, ["price"])
    assert "\n" not in str(caught.value)


BAD_FILES: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "missing cell": ("size,price\n50,1\n,2\n", {}, ("houses.csv", "line 3", "size")),
    "missing target": ("size,price\n50,1\n60,\n", {}, ("houses.csv", "line 3", "price")),
    "word among numbers": ("size,price\n50,1\nlarge,2\n", {}, ("line 3", "size", "large")),
    "number among words": ("town,price\nUlm,1\n7,2\n", {}, ("line 2", "town", "Ulm")),
    "not finite": ("size,price\n50,1\ninf,2\n", {}, ("line 3", "size", "inf")),
    "no number": ("size,price\n50,1\nnan,2\n", {}, ("line 3", "size", "nan")),
    "too great": ("size,price\n50,1\n1e308,2\n", {}, ("houses.csv", "size", "1e")),
    "two of a name": ("size,size,price\n1,2,3\n", {}, ("houses.csv", "size")),
    "no rows": ("size,price\n", {}, ("houses.csv", "no row below")),
    "nothing": ("", {}, ("houses.csv",)),
    "row too short": ("size,age,price\n1,2,3\n4,5\n", {}, ("houses.csv", "line 3")),
    "no such target": ("size,price\n1,2\n", {"targets": ["cost"]}, ("cost is missing", "'size'")),
    "near target": ("size,price\n1,2\n", {"targets": ["prize"]}, ("prize is missing", "'price'")),
    "no such input": ("size,price\n1,2\n", {"inputs": ["sizes"]}, ("sizes is missing", "'size'")),
    "no such column of a feature": (
        "size,price\n1,2\n", {"features": ["standardised(age)"]}, ("age", "size"),
    ),
    "no such feature": ("size,price\n1,2\n", {"features": ["doubled(size)"]}, ("doubled",)),
    "below 0": ("size,price\n1,2\n", {"shuffle": -1}, ("shuffle", "-1")),
    "quoted words": ('town,price\n"Ulm, old",1\nBonn,2\n', {}, ("town", "Ulm, old", "Rename")),
    "many words": (
        "name,price\n" + "".join(f"a{i},{i}\n" for i in range(40)), {},
        ("houses.csv", "name", "40 different words", "name the inputs"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_FILES)
def test_what_cannot_be_used_is_told_in_a_line(name: str, tmp_path: Path) -> None:
    text, options, words = BAD_FILES[name]
    path = written(tmp_path, text)
    with pytest.raises((DataError, SpecError)) as caught:
        read_table(path, **{"targets": ["price"], **options})
    said = str(caught.value)
    assert "\n" not in said
    for word in words:
        assert word in said


def test_a_table_needs_a_target_and_an_input() -> None:
    with pytest.raises(SpecError, match=r"which column shall be predicted.*there are: size, y"):
        dataset_of({"size": [1.0], "y": [1.0]}, [])
    with pytest.raises(SpecError, match="no input is left beside y"):
        dataset_of({"y": [1.0]}, ["y"])


@pytest.mark.parametrize("text", ["price\n1\n2\n", "price", "price\n1;5\n2;6\n"])
def test_a_file_of_one_column_is_refused_in_a_line(text: str, tmp_path: Path) -> None:
    with pytest.raises((DataError, SpecError)) as caught:
        read_table(written(tmp_path, text), ["price"])
    assert "houses.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


BAD_TABLES: dict[str, tuple[list[Any], tuple[str, ...]]] = {
    "nan": ([1.0, math.nan], ("row 2", "column size", "nan", "Fill it")),
    "infinite": ([1.0, math.inf], ("row 2", "column size", "inf")),
    "None": ([1.0, None], ("row 2", "column size", "None")),
    "mixed": (["a", 2.0], ("row 2", "column size", "2.0", "'a'")),
    "word with a gap": (["a", None], ("row 2", "column size", "None", "'a'")),
    "empty word": (["a", ""], ("column size", "empty")),
    "a list": ([1.0, [2.0]], ("row 2", "column size")),
    "huge": ([1.0, 10**400], ("row 2", "column size")),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_cells_of_a_table_that_cannot_be_used(name: str) -> None:
    cells, words = BAD_TABLES[name]
    with pytest.raises(DataError) as caught:
        dataset_of({"size": cells, "y": [1.0, 2.0]}, ["y"])
    said = str(caught.value)
    assert "\n" not in said
    for word in words:
        assert word in said


def test_columns_of_several_lengths_are_refused() -> None:
    with pytest.raises(XlsgdError):
        dataset_of({"size": [1.0, 2.0, 3.0], "y": [1.0, 2.0]}, ["y"])


# What columns are called


CALLED = {
    "x": "x",
    "size m²": "size m²",
    "Größe": "Größe",
    "fc_1": "fc_1",
    "rate": "rate",
    "price (EUR)": "price EUR",
    "new.a": "new a",
    "it's {x}; a = b": "it s x a b",
    "1": "column 1",
    "€": "value",
    "loss": "loss value",
    "step": "step value",
    "pred": "pred value",
    "pred_1": "pred_1 value",
    "y": "y value",
    "y_2": "y_2 value",
}
"""What a column is called in the table, and in the sheet where it is an input."""


@pytest.mark.parametrize("name", CALLED)
def test_a_column_may_be_called_anything(name: str) -> None:
    x, more, y = (0.1, 0.2), (0.3, 0.4), (0.0, 1.0)
    data = dataset_of({name: x, "more": more, "answer": y}, ["answer"])
    assert data.inputs == {CALLED[name]: x, "more": more}
    data = dataset_of({"more": more, name: x}, [name])
    assert data.targets == (x,)
    assert data.inputs == {"more": more}


def test_names_that_become_the_same_are_told_apart() -> None:
    data = dataset_of({"a.b": [1.0], "a b": [2.0], "a-b": [3.0], "z": [0.0]}, ["z"])
    assert data.inputs == {"a b": (1.0,), "a b 2": (2.0,), "a b 3": (3.0,)}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", CALLED)
def test_columns_of_any_name_make_a_right_workbook(name: str, tmp_path: Path) -> None:
    columns = {name: [0.1, 0.9, 0.4], "more": [0.3, 0.2, 0.1], "answer": [0.0, 1.0, 0.0]}
    module = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    path = xlsgd.export(
        module, optimizer, torch.nn.MSELoss(), data=columns, target="answer", epochs=1,
        path=tmp_path / "named.xlsx",
    )  # fmt: skip
    report = xlsgd.verify(path)
    assert report.ok
    assert not any(sheet.unchecked for sheet in report.sheets)
    assert CALLED[name] in texts_of(path)


def texts_of(path: Path) -> list[str]:
    cells = (c.value for row in load_workbook(path)["data"].iter_rows() for c in row)
    return [value for value in cells if isinstance(value, str)]


def test_a_weight_called_as_a_column_is_refused(tmp_path: Path) -> None:
    module = Of(lambda m, x: m.a * x[:, :1] + x[:, 1:], a=0.5)
    with pytest.raises(SpecError, match="a weight and an input are both called a; give the input"):
        xlsgd.export(
            module, torch.optim.SGD(module.parameters(), lr=0.1), torch.nn.MSELoss(),
            data={"a": [0.1, 0.2], "b": [0.3, 0.4], "y": [0.0, 1.0]}, path=tmp_path / "a.xlsx",
        )  # fmt: skip


def test_the_columns_mentioned_are_the_inputs(tmp_path: Path) -> None:
    path = written(tmp_path, "size,age,price\n50,3,1.5\n60,-2.5,2e0\n")
    assert list(read_table(path, ["price"], mentioned=["a", "size", "price"]).inputs) == ["size"]


def test_a_header_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a header but no row below it"):
        read_table(written(tmp_path, "size,price\n"), ["price"])


def test_the_columns_mentioned_are_the_inputs_of_a_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.DataFrame({"size": [50, 60], "age": [3, 4], "price": [1.5, 2.0]})
    # Whatever library reads the file: what is done with its columns is what is asked here.
    monkeypatch.setattr(pd, "read_parquet", lambda source: frame)
    data = read_table(tmp_path / "houses.parquet", ["price"], mentioned=["size"])
    assert list(data.inputs) == ["size"]


def test_words_to_predict_may_stand_in_a_column_called_y(tmp_path: Path) -> None:
    """On a training tab y is the number of the class, not the word."""
    path = written(tmp_path, "a,b,y\n1,2,cat\n2,1,dog\n3,0.5,cat\n")
    module = torch.nn.Linear(2, 2)
    rule = torch.optim.SGD(module.parameters(), lr=0.1)
    loss = torch.nn.CrossEntropyLoss()
    book = xlsgd.export(module, rule, loss, data=path, target="y", path=tmp_path / "pets.xlsx")
    assert xlsgd.verify(book).ok
    assert read_table(path, ["y"]).targets == ((0.0, 1.0, 0.0),)


def test_no_feature_is_made_of_a_column_called_as_what_is_predicted(tmp_path: Path) -> None:
    path = written(tmp_path, "y,b,price\n1,2,0.1\n2,1,5\n")
    with pytest.raises(SpecError, match=r"column y: .* Rename the column"):
        read_table(path, ["price"], features=["standardised(y)"])


def test_of_a_name_that_is_nearly_a_column_the_column_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, "size,price\n50,1\n60,2\n")
    with pytest.raises(DataError, match=r"column prce is missing.* Did you mean 'price'\?"):
        read_table(path, ["prce"])
