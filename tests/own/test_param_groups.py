"""Groups of weights with options of their own, and weights that are kept fixed.

The witness is a loop in torch as anybody writes it, with the param_groups of a live optimizer:
what the cells hold after the last step has to be what it makes of the same start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from openpyxl import load_workbook
from torch import nn

import xlsgd
from tests.own.test_export import last_weights
from xlsgd.base.errors import SpecError
from xlsgd.training.experiment import Experiment
from xlsgd.training.param_groups import ParamGroup, named

O, S = torch.optim, torch.optim.lr_scheduler  # noqa: E741  # as short as a table wants it
EPOCHS, SIZE = 3, 2
X = torch.tensor(
    [[-1.3, 0.3], [0.7, 1.1], [2.1, -0.4], [0.4, 0.9], [-0.6, -0.2]], dtype=torch.float64
)
Y = 0.3 + 0.9 * X[:, :1] + 0.15 * X[:, :1] ** 2 - X[:, 1:]


@pytest.fixture(autouse=True)
def _double() -> Iterator[None]:
    """Let torch keep its own numbers, such as NAdam's product, in double precision."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


Net = Callable[[], nn.Sequential]
Make = Callable[[nn.Sequential], torch.optim.Optimizer]


def net() -> nn.Sequential:
    torch.manual_seed(5)
    return nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)).double()


def two(module: nn.Sequential, **own: Any) -> list[dict[str, Any]]:
    """The first layer, and the last with options of its own."""
    return [{"params": module[0].parameters()}, {"params": module[2].parameters(), **own}]


def fixed(tensor: str) -> Net:
    def make() -> nn.Sequential:
        module = net()
        module.get_parameter(tensor).requires_grad_(False)
        return module

    return make


def trained(make: Net, rule: Make, scheduler: Any, clip: float | None) -> list[float]:
    """Train as anybody does, and return the weights."""
    module = make()
    optimizer = rule(module)
    schedule = scheduler(optimizer) if scheduler else None
    for _ in range(EPOCHS):
        for begin in range(0, len(X), SIZE):
            optimizer.zero_grad()
            nn.MSELoss()(module(X[begin : begin + SIZE]), Y[begin : begin + SIZE]).backward()
            if clip is not None:
                nn.utils.clip_grad_norm_(module.parameters(), clip)
            optimizer.step()
            if schedule:
                schedule.step()
    return [w.item() for p in module.parameters() for w in p.detach().reshape(-1)]


def exported(make: Net, rule: Make, scheduler: Any, clip: float | None, path: Path) -> list[float]:
    """Export, verify, and return the last weights in the cells."""
    module = make()
    optimizer = rule(module)
    xlsgd.export(
        module, optimizer, nn.MSELoss(), data=(X, Y), path=path, epochs=EPOCHS, batch_size=SIZE,
        scheduler=scheduler(optimizer) if scheduler else None, clip_norm=clip,
    )  # fmt: skip
    assert xlsgd.verify(path).ok
    return list(last_weights(path).values())


CASES: dict[str, tuple[Net, Make, Any, float | None]] = {
    "sgd, a group without momentum": (
        net, lambda m: O.SGD(two(m, lr=0.01, weight_decay=0.3, momentum=0.5), lr=0.1), None, None,
    ),
    "adam, rates and betas, in steps": (
        net, lambda m: O.Adam(two(m, lr=0.01, betas=(0.5, 0.9)), lr=0.1),
        lambda o: S.StepLR(o, 2, 0.5), None,
    ),
    "adamw, no decay, one cycle each": (
        net, lambda m: O.AdamW(two(m, weight_decay=0.0, lr=0.2), lr=0.1),
        lambda o: S.OneCycleLR(o, [0.1, 0.2], total_steps=9), None,
    ),
    "rmsprop, clipped, a least rate": (
        net, lambda m: O.RMSprop(two(m, lr=0.01, alpha=0.5), lr=0.1),
        lambda o: S.CosineAnnealingLR(o, 5, eta_min=0.002), 0.3,
    ),
    "rprop, that finds its rates": (
        net, lambda m: O.Rprop(two(m, lr=0.02, etas=(0.4, 1.3)), lr=0.05), None, None,
    ),
    "nadam, columns of steps": (
        net, lambda m: O.NAdam(two(m, lr=0.02, betas=(0.8, 0.9)), lr=0.05), None, None,
    ),
    "momentum, dampened in one of them": (
        net, lambda m: O.SGD(two(m, momentum=0.6, dampening=0.3), lr=0.1, momentum=0.8), None, None,
    ),
    "adagrad, a decay in one of them": (
        net, lambda m: O.Adagrad(two(m, lr_decay=0.3), lr=0.1, initial_accumulator_value=0.1),
        None, None,
    ),
    "adagrad, another start": (
        net, lambda m: O.Adagrad(
            two(m, lr=0.2, initial_accumulator_value=0.3), lr=0.1, initial_accumulator_value=0.1
        ), None, None,
    ),
    "three groups, two of them alike": (
        net, lambda m: O.SGD(
            [
                {"params": [m[0].weight]},
                {"params": [m[0].bias, m[2].bias], "weight_decay": 0.0, "lr": 0.2},
                {"params": [m[2].weight]},
            ],
            lr=0.1, weight_decay=0.1,
        ), None, None,
    ),
    "a layer that the optimizer does not hold": (
        net, lambda m: O.Adam(m[2].parameters(), lr=0.1), None, None,
    ),
    "a tensor without a gradient, clipped": (
        fixed("0.weight"), lambda m: O.SGD(m.parameters(), lr=0.1, weight_decay=0.1), None, 0.3,
    ),
    "a group, and a tensor without a gradient": (
        fixed("2.weight"), lambda m: O.AdamW(two(m, lr=0.01), lr=0.1),
        lambda o: S.ExponentialLR(o, 0.8), None,
    ),
}  # fmt: skip


@pytest.mark.sampled(6)
@pytest.mark.parametrize("what", CASES)
def test_the_last_weights_are_those_of_a_loop_in_torch(what: str, tmp_path: Path) -> None:
    expected = trained(*CASES[what])
    found = exported(*CASES[what], tmp_path / "groups.xlsx")
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


GROUP = "rmsprop, clipped, a least rate"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("groups") / "g.xlsx"
    exported(*CASES[GROUP], path)
    return path


def test_a_learner_sees_what_belongs_to_which_group(book: Path) -> None:
    cells = load_workbook(book)["training"]
    words = {str(cell.value): cell for row in cells.iter_rows() for cell in row if cell.value}
    assert "g2: learning_rate, alpha of 2.weight, 2.bias" in words
    own = words["learning_rate.g2"]
    beside = [cells.cell(own.row + i, own.column + j) for i, j in ((0, 1), (0, 2), (1, 0), (2, 0))]
    assert 0.01 in [cell.value for cell in beside]
    assert "rate.g2" in words
    assert {"learning_rate_g2", "alpha_g2"} <= {*cells.defined_names}


def test_the_rate_of_a_group_that_is_typed_in_counts_on_both_sides(
    book: Path, tmp_path: Path
) -> None:
    workbook = load_workbook(book)
    cells = workbook["training"]
    place = cells.defined_names["learning_rate_g2"].attr_text.partition("!")[2].replace("$", "")
    cells[place] = 0.03
    path = tmp_path / "edited.xlsx"
    workbook.save(path)
    assert xlsgd.verify(path).ok
    make, _, scheduler, clip = CASES[GROUP]

    def rule(module: nn.Sequential) -> torch.optim.Optimizer:
        return O.RMSprop(two(module, lr=0.03, alpha=0.5), lr=0.1)

    report = xlsgd.verify(book)
    assert report.ok  # what was edited is the copy
    again = exported(make, rule, scheduler, clip, tmp_path / "again.xlsx")
    assert again == pytest.approx(trained(make, rule, scheduler, clip), rel=1e-9)


@pytest.mark.parametrize("what", ["its rate", "its rate in one column"])
def test_a_sheet_that_forgets_a_group_is_found(what: str, book: Path, tmp_path: Path) -> None:
    workbook = load_workbook(book)
    cells = workbook["training"]
    places = {str(c.value): c for row in cells.iter_rows() for c in row if c.value}
    rates = [places[name].column_letter for name in ("rate.g2", "rate")]
    column = places["new.2.bias[0]"] if "new.2.bias[0]" in places else places["new.2.bias"]
    changed = 0
    for row in range(column.row + 2, cells.max_row + 1):
        cell = cells.cell(row, column.column)
        text = str(cell.value)
        if text.startswith("=") and rates[0] in text:
            cell.value = text.replace(f"{rates[0]}{row}", f"{rates[1]}{row}")
            changed += cell.value != text
            if what == "its rate in one column":
                break
    assert changed
    workbook.save(tmp_path / "off.xlsx")
    assert not xlsgd.verify(tmp_path / "off.xlsx").ok


def test_a_torch_side_that_forgets_a_group_is_found(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Experiment, "group", lambda self, weight: None)
    assert not xlsgd.verify(book).ok


def test_a_torch_side_with_the_options_of_another_group_is_found(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = Experiment.of_group
    monkeypatch.setattr(Experiment, "of_group", lambda self, group: alone(self, None))
    assert not xlsgd.verify(book).ok


BAD: dict[str, tuple[Make, float | None, str]] = {
    "rules": (
        lambda m: O.Adam(two(m, amsgrad=True), lr=0.1), None, "go by different rules, adam and ams",
    ),
    "uphill": (lambda m: O.SGD(two(m, maximize=True), lr=0.1), None, "lead uphill and others"),
    "momentum of rmsprop": (
        lambda m: O.RMSprop(two(m, momentum=0.5), lr=0.1), None, "go by different rules, rmsprop",
    ),
    "a loose slope": (
        lambda m: O.SGD(m[2].parameters(), lr=0.1), 0.3,
        "does not hold 0.weight, 0.bias, whose slope counts all the same",
    ),
    "two of a name": (
        lambda m: O.SGD(
            [
                {"params": [m[0].weight]},
                {"params": [m[0].bias], "lr": 0.2, "name": "own"},
                {"params": [m[2].weight], "lr": 0.3, "name": "Own"},
            ],
            lr=0.1,
        ), None, "two groups called Own",
    ),
}  # fmt: skip


@pytest.mark.every
@pytest.mark.parametrize("what", BAD)
def test_groups_that_no_sheet_can_have_are_refused(what: str, tmp_path: Path) -> None:
    rule, clip, message = BAD[what]
    with pytest.raises(SpecError, match=message):
        exported(net, rule, None, clip, tmp_path / "bad.xlsx")


@pytest.mark.every
@pytest.mark.parametrize(
    ("groups", "frozen", "message"),
    [
        ((ParamGroup("head", ("z",), ("learning_rate",)),), (), "no tensor of weights z; there"),
        ((ParamGroup("head", ("b",), ("h",)),), (), "has a h of its own; .* learning_rate"),
        ((ParamGroup("2nd", ("b",), ("learning_rate",)),), (), "begins with a letter"),
        ((ParamGroup("head", ("a", "b"), ("learning_rate",)),), (), "leave one group out"),
        ((ParamGroup("head", ("b",), ("learning_rate",)),), ("b",), "b belongs to the group head"),
        ((), ("a", "b"), "nothing to train"),
    ],
)
def test_groups_that_do_not_fit_are_refused(
    groups: tuple[ParamGroup, ...], frozen: tuple[str, ...], message: str
) -> None:
    from tests.builders import experiment_of

    hyper = {"learning_rate.head": 0.1, "h.head": 0.1, "learning_rate.2nd": 0.1}
    with pytest.raises(SpecError, match=message):
        experiment_of(param_groups=groups, frozen=frozen, hyper=hyper)


def test_names_in_templates() -> None:
    own = {"learning_rate": "learning_rate.g", "mu": "mu.g"}
    assert named("{learning_rate}*{prev.mu}+{mu:rho}+{param.mu}", own) == (
        "{learning_rate.g}*{prev.mu.g}+{mu.g:rho}+{param.mu}"
    )
