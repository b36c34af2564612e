"""Eight epochs in the cells, against a plain training loop in torch."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tests.builders import Floats
from tests.titanic.books import Calculated, Place, features, generated, labels, weights_of
from xlsgd.data.passengers import INPUTS, made_passengers

ROWS, EPOCHS = 60, 8
RELATIVE = 1e-9
BATCHES = (ROWS, 32)  # all at once; 32 and then the 28 that are left
UNITS = {"linear": 1, "training": 2, "momentum": 2, "adam": 2}


def momentum(parameters: Any, lr: float) -> torch.optim.Optimizer:
    """Return v = βv + (1 - β)g, from v = 0: torch itself would begin with v = g."""
    made = torch.optim.SGD(parameters, lr=lr, momentum=0.9, dampening=0.9)
    for p in made.param_groups[0]["params"]:
        made.state[p]["momentum_buffer"] = torch.zeros_like(p)
    return made


OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "linear": torch.optim.SGD,
    "training": torch.optim.SGD,
    "momentum": momentum,
    "adam": torch.optim.Adam,
}


@functools.cache
def calculated(batch_size: int) -> Calculated:
    path = generated(ROWS, EPOCHS, optimizers=("momentum", "adam"), batch_size=batch_size)
    return Calculated.of(path)


def names(tab: str) -> list[str]:
    if tab == "linear":
        return [f"a_{name}" for name in INPUTS]
    return list(weights_of(np.zeros((2, 10))))


@functools.cache
def trained(tab: str, batch_size: int) -> dict[str, Floats]:
    """Train in torch from the tab's start weights, and return what it comes to.

    weights: before every step and after the last.   loss, accuracy: the means of every batch.
    mean_loss, mean_accuracy: over the passengers of every epoch.
    """
    book = calculated(batch_size)
    x, y = (torch.tensor(f(made_passengers(ROWS))) for f in (features, labels))
    net = torch.nn.Linear(10, UNITS[tab], bias=False, dtype=torch.float64)
    start = [book.value(Place(tab, f"init.{name}")) for name in names(tab)]
    with torch.no_grad():
        net.weight.copy_(torch.tensor(start, dtype=torch.float64).reshape(UNITS[tab], 10))
    optimizer = OPTIMIZERS[tab](net.parameters(), lr=book.value(Place(tab, "learning_rate")))
    seen: dict[str, list[Any]] = {key: [] for key in ("weights", "loss", "accuracy")}
    sizes = []
    for _ in range(EPOCHS):
        for begin in range(0, ROWS, batch_size):
            batch, label = x[begin : begin + batch_size], y[begin : begin + batch_size]
            lin = net(batch)
            pred = lin[:, 0] if tab == "linear" else torch.relu(lin).sum(dim=1)
            loss = torch.nn.functional.mse_loss(pred, label)
            seen["weights"].append(net.weight.detach().numpy().ravel().copy())
            seen["loss"].append(float(loss.detach()))
            seen["accuracy"].append(float(((pred > 0.5) == (label == 1)).double().mean()))
            sizes.append(len(label))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    seen["weights"].append(net.weight.detach().numpy().ravel().copy())
    found = {key: np.array(values) for key, values in seen.items()}
    share = np.array(sizes).reshape(EPOCHS, -1) / ROWS
    for key, by_epoch in (("loss", "mean_loss"), ("accuracy", "mean_accuracy")):
        found[by_epoch] = (found[key].reshape(EPOCHS, -1) * share).sum(axis=1)
    return found


SIZES = [pytest.param(ROWS, marks=pytest.mark.wide), 32]
EVERYTHING = [
    pytest.param(tab, size, marks=pytest.mark.wide if size == ROWS else ())
    for size in BATCHES
    for tab in UNITS
]


def steps(batch_size: int) -> int:
    return EPOCHS * -(-ROWS // batch_size)


@pytest.mark.parametrize(("tab", "batch_size"), EVERYTHING)
def test_weights_of_every_step(tab: str, batch_size: int) -> None:
    book, expected = calculated(batch_size), trained(tab, batch_size)["weights"]
    assert len(expected) == steps(batch_size) + 1
    assert np.abs(expected[-1] - expected[0]).max() > 0.05
    for j, name in enumerate(names(tab)):
        before = book.column(tab, "steps", f"param.{name}")
        after = book.column(tab, "steps", f"new.{name}")
        for found, right in ((before, expected[:-1, j]), (after, expected[1:, j])):
            np.testing.assert_allclose(found, right, rtol=RELATIVE, atol=0, err_msg=name)


@pytest.mark.parametrize("quantity", ["loss", "accuracy"])
@pytest.mark.parametrize(("tab", "batch_size"), EVERYTHING)
def test_every_batch(tab: str, batch_size: int, quantity: str) -> None:
    found = calculated(batch_size).column(tab, "steps", quantity)
    np.testing.assert_allclose(found, trained(tab, batch_size)[quantity], rtol=RELATIVE, atol=0)


@pytest.mark.parametrize(("tab", "batch_size"), EVERYTHING)
def test_every_epoch(tab: str, batch_size: int) -> None:
    book, expected = calculated(batch_size), trained(tab, batch_size)
    for quantity, of_torch in (("mean_loss", "mean_loss"), ("accuracy", "mean_accuracy")):
        found = book.column(tab, "epochs", quantity)
        np.testing.assert_allclose(found, expected[of_torch], rtol=RELATIVE, atol=0)
    found = book.column(tab, "epochs", "rmse")
    np.testing.assert_allclose(found, np.sqrt(expected["mean_loss"]), rtol=RELATIVE, atol=0)


@pytest.mark.parametrize(("tab", "batch_size"), EVERYTHING)
def test_the_panel(tab: str, batch_size: int) -> None:
    book, expected = calculated(batch_size), trained(tab, batch_size)
    found = {key: book.value(Place(tab, key)) for key in ("last_loss", "last_accuracy")}
    last = {"last_loss": expected["mean_loss"][-1], "last_accuracy": expected["mean_accuracy"][-1]}
    assert found == pytest.approx(last, rel=RELATIVE)
    assert book.value(Place(tab, "last_step")) == steps(batch_size)


@pytest.mark.parametrize("batch_size", SIZES)
def test_the_model_shows_what_the_last_step_left(batch_size: int) -> None:
    book, w = calculated(batch_size), trained("training", batch_size)["weights"][-1]
    pred = np.maximum(0, features(made_passengers(ROWS)) @ w.reshape(2, 10).T).sum(axis=1)
    np.testing.assert_allclose(book.column("model", "forward", "pred"), pred, rtol=RELATIVE, atol=0)
    loss = np.mean((pred - labels(made_passengers(ROWS))) ** 2)
    assert book.value(Place("model", "mean_loss")) == pytest.approx(loss, rel=RELATIVE)
    bars = book.column("model", "histogram", "y_0") + book.column("model", "histogram", "y_1")
    edges = [-np.inf, *(round(i / 10, 1) for i in range(11)), np.inf]
    np.testing.assert_array_equal(bars, np.histogram(pred, edges)[0])


@pytest.mark.parametrize("batch_size", SIZES)
def test_the_batches_are_as_long_as_they_should_be(batch_size: int) -> None:
    found = calculated(batch_size).column("training", "steps", "batch_rows")
    sizes = [ROWS] if batch_size == ROWS else [32, 28]
    np.testing.assert_array_equal(found, sizes * EPOCHS)
