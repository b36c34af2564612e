"""The lesson embeddings: the same ratings learned by torch.nn.Embedding, written here."""

from __future__ import annotations

from pathlib import Path
from shutil import copy
from typing import Any

import numpy as np
import pytest
import torch
from openpyxl import Workbook, load_workbook
from torch import nn

import xlsgd
from xlsgd.base.errors import SpecError
from xlsgd.lessons import Options, lesson_plans
from xlsgd.sweeping.axes import rates_of

EPOCHS = 3
USERS = ("Ana", "Ben", "Cleo", "Dan", "Eva", "Finn")
FILMS = ("Comet", "Harbour", "Lantern", "Orchard", "Signal")
GIVEN, PREDICTED = 6, 12
"""The first columns of both blocks on the tab of pairs."""


class Ratings(nn.Module):
    def __init__(self, start: dict[str, float]) -> None:
        super().__init__()

        def table(names: tuple[str, ...], *parts: str) -> nn.Embedding:
            rows = [[start[f"{name}.{part}"] for part in parts] for name in names]
            return nn.Embedding.from_pretrained(
                torch.tensor(rows, dtype=torch.float64), freeze=False
            )

        self.users, self.films = table(USERS, "1", "2"), table(FILMS, "1", "2")
        self.kind, self.liked = table(USERS, "bias"), table(FILMS, "bias")
        self.mean = nn.Parameter(torch.tensor(start["mean"], dtype=torch.float64))

    def forward(self, user: torch.Tensor, film: torch.Tensor) -> torch.Tensor:
        dot = (self.users(user) * self.films(film)).sum(-1)
        return dot + self.kind(user)[..., 0] + self.liked(film)[..., 0] + self.mean


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("embeddings") / "embeddings.xlsx"
    return xlsgd.generate("embeddings", where, epochs=EPOCHS)


@pytest.fixture(scope="module")
def book(path: Path) -> Workbook:
    return load_workbook(path, data_only=True)


@pytest.fixture(scope="module")
def trained(book: Workbook) -> Ratings:
    headers = [cell.value for cell in book["training"][15]]
    first = [cell.value for cell in book["training"][17]]
    start = {
        str(h).removeprefix("param."): v
        for h, v in zip(headers, first, strict=True)
        if str(h).startswith("param.")
    }
    net = Ratings(start)
    rows = ratings(book)
    user = torch.tensor([USERS.index(who) for who, _, _ in rows])
    film = torch.tensor([FILMS.index(what) for _, what, _ in rows])
    y = torch.tensor([float(stars) for _, _, stars in rows]).double()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.1)
    for _ in range(EPOCHS):
        optimizer.zero_grad()
        nn.functional.mse_loss(net(user, film), y).backward()
        optimizer.step()
    return net


def ratings(book: Workbook) -> list[tuple[Any, ...]]:
    rows = book["data"].iter_rows(max_col=3, values_only=True)
    return [row for row in rows if row[0] in USERS]


def test_every_cell_agrees(path: Path) -> None:
    report = xlsgd.verify(path)
    assert report.ok
    assert not any(sheet.unchecked for sheet in report.sheets)


def test_every_pair_is_predicted_as_torch_does(book: Workbook, trained: Ratings) -> None:
    sheet = book["ratings"]
    for i in range(len(USERS)):
        for j in range(len(FILMS)):
            expected = trained(torch.tensor(i), torch.tensor(j)).item()
            assert sheet.cell(16 + i, PREDICTED + j).value == pytest.approx(expected, rel=1e-9)


def test_weights_are_found_by_the_names_of_users_and_films(
    book: Workbook, trained: Ratings
) -> None:
    sheet = book["ratings"]
    assert [sheet.cell(16 + i, 1).value for i in range(6)] == list(USERS)
    assert [sheet.cell(15, PREDICTED + j).value for j in range(5)] == list(FILMS)
    for i in range(len(USERS)):
        beside = [sheet.cell(16 + i, c).value for c in (3, 4, 5)]
        own = [*trained.users.weight[i].tolist(), *trained.kind.weight[i].tolist()]
        assert beside == pytest.approx(own, rel=1e-9)
    for j in range(len(FILMS)):
        above = [sheet.cell(r, PREDICTED + j).value for r in (10, 11, 12)]
        own = [*trained.films.weight[j].tolist(), *trained.liked.weight[j].tolist()]
        assert above == pytest.approx(own, rel=1e-9)


def test_what_was_given_stands_beside_it_and_the_rest_is_counted(book: Workbook) -> None:
    sheet, rows = book["ratings"], ratings(book)
    given = {(who, what): stars for who, what, stars in rows}
    assert (len(rows), sheet["C6"].value, sheet["C7"].value) == (22, 22, 8)
    for i, who in enumerate(USERS):
        for j, what in enumerate(FILMS):
            assert sheet.cell(16 + i, GIVEN + j).value == given.get((who, what), 0)
    off = [
        sheet.cell(16 + USERS.index(who), PREDICTED + FILMS.index(what)).value - stars
        for (who, what), stars in given.items()
    ]
    assert sheet["C8"].value == pytest.approx((sum(e * e for e in off) / 22) ** 0.5)


def test_a_prediction_made_of_another_film_is_found(path: Path, tmp_path: Path) -> None:
    wrong = Path(copy(path, tmp_path))
    changed = load_workbook(wrong)
    cell = changed["ratings"].cell(17, PREDICTED)
    cell.value = str(cell.value).replace("$L$10", "$M$10")
    changed.save(wrong)
    (found,) = [s for s in xlsgd.verify(wrong).sheets if s.name == "ratings"]
    assert {d.cell for d in found.differences} >= {"L17"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"source": "ratings.csv"}, "made up"),
        ({"points": 31}, "at most 30"),
        ({"start": "solved"}, "start weights of its own"),
        ({"gradient": "numerical"}, "updates by backprop"),
    ],
)
def test_what_it_cannot_do_is_said(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        xlsgd.generate("embeddings", tmp_path / "e.xlsx", **options)


def test_it_is_swept_though_its_weights_are_of_no_layer() -> None:
    view = lesson_plans()["embeddings"].build(Options(epochs=2)).views[0]
    rates = np.array([0.01, 0.1])
    found = rates_of(view.experiment, {"learning_rate": rates}, 2)
    assert set(found) == set(view.experiment.network.parameters)
    assert all(np.array_equal(rate, rates) for rate in found.values())
