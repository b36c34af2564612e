"""What is said of a loss that does not fit what the net ends in: layers in a row, graphs, and
formulas alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from torch import nn

from tests.explain.own_nets import entries
from tests.modules.nets import Of
from xlsgd.cli import main
from xlsgd.data.table import dataset_of
from xlsgd.explaining.training import Length, train
from xlsgd.explaining.wrong_loss import loss_sentences
from xlsgd.lessons.own_net import OwnNet, own_lesson
from xlsgd.torch_side.modules import read_module
from xlsgd.training.losses import losses
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import optimizers

X = [0.5, 0.9, -0.7, 1.1, -0.2]
LABELS = [1.0, 0.0, 1.0, 1.0, 0.0]


def unfit(net: Any, loss: str, y: Any = LABELS, rate: float = 0.01) -> str:
    """Return what an explanation says of the loss.  net: a module, or a text weights 0.3."""
    columns = {"y": y} if not isinstance(y, dict) else y
    data = dataset_of({"x": X, **columns}, list(columns))
    if isinstance(net, str):
        network = parse_network(net, ("x",))
        start = dict.fromkeys(network.parameters, 0.3)
    else:
        network = read_module(net.double(), ("x",))
        start = {
            key: float(p.detach()[at])
            for name, p in net.named_parameters()
            for key, at in entries(name, p)
        }
    lesson = own_lesson(OwnNet(network, losses()[loss], optimizers()["sgd"], data, rate, start, 2))
    return " ".join(loss_sentences(train(lesson.views[0], data, Length(10, 2)), learned=False))


def test_generate_says_the_same_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("x,y\n0.5,1\n0.9,0\n-0.7,1\n")

    def told(net: str, loss: str, labels: str = "") -> str:
        if labels:
            (tmp_path / "d.csv").write_text(labels)
        command = [
            "generate",
            net,
            "--data",
            str(tmp_path / "d.csv"),
            "--target",
            "y",
            "--loss",
            loss,
        ]
        done = CliRunner().invoke(main, [*command, "--force", "-o", str(tmp_path / "n.xlsx")])
        assert done.exit_code == 0, done.output
        return " ".join(line for line in done.stderr.splitlines() if line.startswith("Note"))

    assert "ends in ReLU, which gives numbers from 0 on" in told(
        "Linear(1, 1), ReLU", "bce-with-logits"
    )
    assert "'training': the targets are labels, 0 and 1, and the loss squared error comes" in told(
        "Linear(1, 1), Sigmoid", "squared-error"
    )
    # What a formula gives is looked at, at the start weights.
    assert told("1/(1+exp(-a*x))", "bce") == ""
    assert "takes probabilities" in told("a*x+b+3", "bce")
    assert "it can never reach" in told("Linear(1, 1), Tanh", "huber", "x,y\n1,5\n2,7\n")


def ends_in(*layers: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(1, 1), *layers)


def two_ways() -> nn.Module:
    """Return a net whose sigmoid comes after what is predicted, and gates it."""
    torch.manual_seed(0)
    return Of(lambda m, x: m.fc(x) * torch.sigmoid(m.g(x)), fc=nn.Linear(1, 1), g=nn.Linear(1, 1))


def heads() -> nn.Module:
    """Return a net with two predictions, of which the first alone is a probability."""
    torch.manual_seed(0)
    return Of(
        lambda m, x: torch.cat([torch.sigmoid(m.fc(x)), m.g(x)], 1),
        fc=nn.Linear(1, 1),
        g=nn.Linear(1, 1),
    )


@pytest.mark.parametrize(
    ("net", "loss", "words"),
    [
        ("Linear(1, 1), Sigmoid", "bce-with-logits", ["ends in Sigmoid", "leave that out"]),
        (ends_in(nn.Sigmoid()), "bce-with-logits", ["ends in Sigmoid", "leave that out"]),
        ("Linear(1, 2), Softmax", "cross-entropy", ["ends in Softmax", "leave that out"]),
        ("Linear(1, 1)", "bce", ["takes probabilities", "ends in Linear", "end it in Sigmoid"]),
        (ends_in(), "bce", ["takes probabilities", "end it in Sigmoid"]),
        (heads(), "cross-entropy", ["ends in Sigmoid"]),
        ("Linear(1, 1), ReLU", "bce-with-logits", ["ends in ReLU", "numbers from 0 on"]),
        (ends_in(nn.Tanh()), "bce-with-logits", ["ends in Tanh", "numbers between -1 and 1"]),
        ("Linear(1, 1), Hardtanh(-2, 3)", "soft-margin", ["numbers between -2 and 3"]),
        ("Linear(1, 1), ELU", "bce-with-logits", ["ends in ELU", "numbers from -1 on"]),
    ],
)
def test_a_loss_that_takes_something_else(net: Any, loss: str, words: list[str]) -> None:
    y = LABELS if loss != "soft-margin" else [1.0, -1.0, 1.0, 1.0, -1.0]
    said = unfit(net, loss, y)
    assert all(word in said for word in words), said


@pytest.mark.parametrize(
    ("net", "loss"),
    [
        ("Linear(1, 1)", "bce-with-logits"),
        ("Linear(1, 1), LeakyReLU", "bce-with-logits"),
        ("Linear(1, 1), Softsign, Linear(1, 1)", "bce-with-logits"),
        (ends_in(nn.Sigmoid()), "bce"),
        (two_ways(), "bce-with-logits"),
        ("Formula(x: 1/(1 + exp(-(a*x + b))))", "bce"),
        ("Linear(1, 2), LogSoftmax", "nll"),
        ("Linear(1, 2)", "cross-entropy"),
    ],
)
def test_a_loss_that_fits(net: Any, loss: str) -> None:
    assert unfit(net, loss) == ""


def test_targets_that_no_weights_can_reach() -> None:
    y = [0.5, 1.5, 0.2, -0.3, 0.9]
    said = unfit("Linear(1, 1), Sigmoid", "squared error", y)
    assert "y lies between -0.3 and 1.5" in said
    assert "ends in Sigmoid, which gives numbers between 0 and 1: 2 of 5 rows" in said
    said = unfit(ends_in(nn.ReLU()), "huber", y)
    assert "numbers from 0 on: 1 of 5 rows it can never reach" in said
    assert unfit(ends_in(nn.Tanh()), "l1", [0.5, 1.0, 0.2, -0.3, -1.0]) == ""
    assert unfit(ends_in(), "squared error", y) == ""


def test_squared_error_after_a_sigmoid_on_labels() -> None:
    said = unfit(ends_in(nn.Sigmoid()), "squared error")
    assert "The targets are labels, 0 and 1" in said
    assert "The loss bce-with-logits, without the Sigmoid, has no such factor" in said
    both = {"y1": LABELS, "y2": [1 - y for y in LABELS]}
    said = unfit("Linear(1, 2), Softmax", "squared error", both)
    assert "The loss cross-entropy, without the Softmax and with the class" in said
    assert unfit(ends_in(nn.Sigmoid()), "squared error", [0.1, 0.9, 0.4, 0.5, 0.0]) == ""
