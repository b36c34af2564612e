"""Workbooks with every activation and loss: inputs typed over, huge logits, ties, engines."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import xlsgd
from tests.builders import Recalculated, experiment_of, small_data, view_of, write_experiments
from tests.two_sides import EVERYTHING, data_for
from tests.verify.books import edited, fields, first_wrong, passes
from xlsgd.base.errors import SpecError
from xlsgd.cli import main
from xlsgd.data import Dataset
from xlsgd.engines import engine_names, get_engine
from xlsgd.explaining.workbook import explain_run
from xlsgd.sweeping.axes import Axis
from xlsgd.sweeping.check import check_sweep
from xlsgd.sweeping.grid import sweep_experiment
from xlsgd.tabs.view import View
from xlsgd.training.losses import losses
from xlsgd.training.losses.l1 import L1

POINTS = small_data(4)
FAR = Dataset("far out", {"x": (10.0, -10.0, 0.6, -0.6, 1e-3)}, (1.0, 0.0, 0.0, 1.0, 1.0))
"""Times 80, logits of ±800 and ±48, right and wrong."""


def labelled(y: tuple[float, ...]) -> Dataset:
    return Dataset("labels", small_data(len(y)).inputs, y)


# Numbers of a loss


@pytest.mark.parametrize("layout", ["rows", "blocks"])
@pytest.mark.parametrize(
    ("loss", "key", "value"),
    [
        ("huber", "delta", 0.2),
        ("smooth-l1", "l1_beta", 0.3),
        ("bce-with-logits", "pos_weight", 4.0),
        ("hinge-embedding", "margin", 0.1),
        ("cross-entropy", "label_smoothing", 0.4),
    ],
)
def test_a_number_of_a_loss_is_an_input(
    loss: str, key: str, value: float, layout: str, tmp_path: Path
) -> None:
    """Typed over, it counts on both sides: the sheet's losses are torch's with that number."""
    data = data_for(f"loss {loss}", 4)
    build = EVERYTHING[f"loss {loss}"]
    batch = {"batch_size": 4} if layout == "blocks" else {}
    view = View(build(hyper={}, epochs=2, **batch), "run", layout=layout)
    path = write_experiments(tmp_path / "run.xlsx", view, data=data)

    def type_over(workbook: Any) -> None:
        sheet = workbook["run"]
        assert sheet[fields(sheet)[key]].value != value
        sheet[fields(sheet)[key]] = value

    report = xlsgd.verify(edited(path, tmp_path / "typed.xlsx", type_over))
    assert passes(report)
    module = view.experiment.loss.module(**{key: value})
    (sheet,) = (sheet for sheet in report.sheets if sheet.kind == "training")
    table = next(
        comparison
        for name, comparison in sheet.comparisons.items()
        if name.startswith("run") and "loss" in comparison.quantities
    )
    start = [view.experiment.start[p] for p in view.experiment.network.parameters]
    x, y, weights = (
        torch.tensor(v, dtype=torch.float64) for v in (data.inputs["x"], data.y, start)
    )
    weight, bias = weights.chunk(2)
    preds = x[:, None] * weight + bias
    first = module(preds[:, 0] if len(weight) == 1 else preds, y)
    seen = table.sheet[0, table.quantities.index("loss")]
    assert seen == pytest.approx(float(first[0] if layout == "rows" else first.mean()), rel=1e-12)


def test_numbers_out_of_range() -> None:
    for loss, hyper, words in (
        ("huber", {"delta": 0.0}, "delta in 'run': got 0, need a number from 0, greater than 0"),
        ("cross-entropy", {"label_smoothing": 1.0}, "need a number from 0, below 1"),
    ):
        with pytest.raises(SpecError) as caught:
            experiment_of(
                "Linear(1, 2)" if loss == "cross-entropy" else "Linear(1, 1)",
                loss=loss,
                hyper=hyper,
            )
        assert words in str(caught.value)


def test_a_sweep_over_a_number_of_a_loss() -> None:
    """Every run has its own: last losses are those of runs by hand."""
    view = view_of("Linear(1, 1)", loss="huber", gradient="backprop", epochs=3)
    axis = Axis("delta", 0.1, 10, 5, True)
    sweep = sweep_experiment(view, POINTS, [axis])
    assert all(one.agree for one in check_sweep(sweep, per_side=1))
    deltas = [0.1 * 100 ** (i / 4) for i in range(5)]
    expected = [_huber_by_hand(delta) for delta in deltas]
    assert [float(v) for v in sweep.numbers["last_loss"]] == pytest.approx(expected, rel=1e-9)
    both = [axis, Axis("learning_rate", 0.01, 0.1, 2, True)]
    losses = sweep_experiment(view, POINTS, both).numbers["last_loss"].reshape(2, 5)
    at_slow = [_huber_by_hand(delta, 0.01) for delta in deltas]
    assert losses[0].tolist() == pytest.approx(at_slow, rel=1e-9)


def _huber_by_hand(delta: float, rate: float = 0.05, epochs: int = 3) -> float:
    a, b, losses = 0.9, 0.67, [0.0]
    for _ in range(epochs):
        losses = []
        for x, y in zip(POINTS.inputs["x"], POINTS.y, strict=True):
            off = a * x + b - y
            losses.append(off * off / 2 if abs(off) <= delta else delta * (abs(off) - delta / 2))
            slope = max(-delta, min(delta, off))
            a, b = a - rate * slope * x, b - rate * slope
    return sum(losses) / len(losses)


# Classes


@pytest.mark.parametrize("layout", ["rows", "blocks"])
@pytest.mark.parametrize("ends", ["cross-entropy", "nll"])
def test_six_classes(ends: str, layout: str, tmp_path: Path) -> None:
    """More than a formula names one by one: ranges, and an index into them."""
    data = labelled((5.0, 0.0, 3.0, 4.0))
    hyper = {"label_smoothing": 0.1} if ends == "cross-entropy" else {}
    size = {"batch_size": 3} if layout == "blocks" else {}
    view = view_of(
        "Linear(1, 6)",
        loss=ends,
        layout=layout,
        gradient="backprop",
        epochs=2,
        hyper=hyper,
        data=data,
        **size,
    )
    report = xlsgd.verify(write_experiments(tmp_path / "six.xlsx", view, data=data))
    assert passes(report)


def test_a_loss_for_classes_takes_several_predictions() -> None:
    with pytest.raises(SpecError) as caught:
        experiment_of("Linear(1, 1)", loss="cross-entropy")
    assert str(caught.value) == (
        "'run': the loss cross-entropy takes 2 predictions or more, one for every class, but the "
        "network Linear(1, 1) makes 1; end in as many as there are classes, or choose a loss for "
        "one"
    )


# Huge logits, ties


HUGE: dict[str, Callable[[], View]] = {
    "bce-with-logits": lambda: view_of("Linear(1, 1)", loss="bce-with-logits"),
    "bce": lambda: view_of("Linear(1, 1), Sigmoid", loss="bce"),
    "cross-entropy": lambda: view_of("Linear(1, 2)", loss="cross-entropy"),
    "nll": lambda: view_of("Linear(1, 2), LogSoftmax", loss="nll"),
    "mnist-loss": lambda: view_of(
        "Linear(1, 2), Softplus, Linear(2, 1), Sigmoid", loss="mnist-loss"
    ),
    "gelu": lambda: view_of("Linear(1, 2), GELU, Linear(2, 1)"),
    "mish": lambda: view_of("Linear(1, 2), Mish, Linear(2, 1)"),
    "elu": lambda: view_of("Linear(1, 2), ELU(0.5), Linear(2, 1)"),
}


def huge(name: str) -> View:
    """Return a view with weights of ±80 at the start, which hardly move."""
    view = HUGE[name]()
    names = view.experiment.network.parameters
    start = {p: 0.25 * i for i, p in enumerate(names)} | {names[0]: 80.0}
    if names[1] == "a2":
        start["a2"] = -80.0
    return view.but(id=name, start=start, learning_rate=1e-9, epochs=2, gradient="backprop")


@pytest.mark.parametrize("layer", ["GELU", "GELU(tanh)", "Tanhshrink", "Mish"])
def test_a_run_that_explodes_through_it(layer: str, tmp_path: Path) -> None:
    """Beyond 1e150 torch's own derivative is a number as long as the sheet's is one."""
    view = view_of(
        f"Linear(1, 2), {layer}, Linear(2, 1)",
        start={"a1": 80.0, "a2": -80.0, "b1": 0.5, "b2": 0.75, "c1": 1.0, "c2": 1.25, "d": 1.5},
        learning_rate=1e-3,
        epochs=2,
        gradient="backprop",
    )
    report = xlsgd.verify(write_experiments(tmp_path / "far.xlsx", view, data=FAR))
    assert passes(report), report.first_difference
    (sheet,) = (sheet for sheet in report.sheets if sheet.kind == "training")
    assert sheet.verdict is not None
    assert sheet.verdict.sheet.startswith("exploded")


@pytest.mark.every
def test_huge_logits(tmp_path: Path) -> None:
    report = xlsgd.verify(write_experiments(tmp_path / "far.xlsx", *map(huge, HUGE), data=FAR))
    assert passes(report), report.first_difference
    for sheet in report.sheets:
        if sheet.kind == "training":
            assert sheet.horizon is None
            for comparison in sheet.comparisons.values():
                # Past ±709 what a chart shows may be no number; everything else is one.
                shown = [i for i, q in enumerate(comparison.quantities) if "plot" not in q]
                assert np.isfinite(comparison.sheet[:, shown]).all(), sheet.experiment


TIE = Dataset("a tie", {"x": (3.0, 5.0, 7.0)}, (0.30000000000000004, 5.5, 7.0))


@pytest.mark.parametrize("start", [{"a": 0.1, "b": 0.0}, {"a": 0.1, "b": 2.0**-54}])
def test_a_tie_opens_no_tolerance(start: dict[str, float], tmp_path: Path) -> None:
    """0.1·3 is y to the last digit: the slope of |pred − y| is 0 there and ±1 beside it."""
    view = view_of("Linear(1, 1)", loss="l1", start=start, epochs=2, gradient="backprop")
    path = write_experiments(tmp_path / "tie.xlsx", view, data=TIE)
    report = xlsgd.verify(path)
    assert passes(report)
    (sheet,) = (sheet for sheet in report.sheets if sheet.kind == "training")
    assert sheet.horizon is None
    for name, comparison in sheet.comparisons.items():
        if "grad.pred" in comparison.quantities:
            allowed = comparison.allowed[:, comparison.quantities.index("grad.pred")]
            assert allowed.max() < 1e-7, name


def test_another_slope_at_a_tie_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(L1, "backward", lambda self, pred, y: f"IF({pred}>={y},1,-1)")
    view = view_of("Linear(1, 1)", loss="l1", start={"a": 0.1, "b": 0.0}, gradient="backprop")
    path = write_experiments(tmp_path / "tie.xlsx", view, data=TIE)
    monkeypatch.undo()
    report = xlsgd.verify(path)
    assert not report.ok
    assert first_wrong(report)


# A loss and what a network gives


@pytest.mark.every
@pytest.mark.parametrize(
    ("network", "loss", "words"),
    [
        (
            "Linear(1, 1)",
            "bce",
            "'run': the loss bce takes probabilities, and the network Linear(1, 1) ends in Linear, "
            "which gives any numbers: end it in Sigmoid, or choose the loss bce-with-logits",
        ),
        (
            "Linear(1, 1), Sigmoid",
            "bce-with-logits",
            "'run': the loss bce-with-logits takes logits, and the network Linear(1, 1), Sigmoid "
            "ends in Sigmoid, which gives probabilities: leave that out, or choose the loss bce",
        ),
        (
            "Linear(1, 2), Softmax",
            "nll",
            "'run': the loss nll takes log-probabilities, and the network Linear(1, 2), Softmax "
            "ends in Softmax, which gives probabilities: end it in LogSoftmax, or choose the loss "
            "cross-entropy",
        ),
        ("Linear(1, 1), Sigmoid", "bce", ""),
        ("Linear(1, 1)", "bce-with-logits", ""),
        ("Linear(1, 2), LogSoftmax", "nll", ""),
        ("Linear(1, 2)", "cross-entropy", ""),
        ("Linear(1, 1), Sigmoid", "squared error", ""),
        ("Linear(1, 1)", "huber", ""),
    ],
)
def test_a_loss_that_does_not_fit_is_told_of(network: str, loss: str, words: str) -> None:
    data = labelled((1.0, 0.0, 0.0, 1.0))
    view = view_of(network, loss=loss, data=data, epochs=1, learning_rate=0.01)
    assert view.experiment.unfit_loss == words
    if loss in ("bce-with-logits", "huber"):
        told = " ".join(explain_run(view, data).sentences)
        sentence = words.partition(": ")[2]
        assert (sentence[:1].upper() + sentence[1:] in told) if words else "takes" not in told


def test_generate_takes_a_loss(tmp_path: Path) -> None:
    data = tmp_path / "shares.csv"
    data.write_text("x,y\n1,0.2\n2,0.8\n3,1\n")
    given = ["generate", "graddesc", "--optimizer", "sgd", "--epochs", "2", "--data", str(data)]
    done = CliRunner().invoke(main, [*given, "--loss", "bce", "-o", str(tmp_path / "a.xlsx")])
    assert done.exit_code == 0, done.output
    assert "Note: 'sgd': the loss bce takes probabilities" in done.stderr
    assert "Note" not in done.stdout
    done = CliRunner().invoke(
        main, [*given, "--loss", "half-squared-error", "-o", str(tmp_path / "b.xlsx")]
    )
    assert (done.exit_code, "Note" in done.stderr) == (0, False)
    assert xlsgd.verify(tmp_path / "b.xlsx").ok
    done = CliRunner().invoke(main, [*given, "--loss", "cross", "-o", str(tmp_path / "c.xlsx")])
    assert done.exit_code == 2
    assert "unknown loss 'cross'; did you mean 'cross-entropy'?" in done.stderr


def test_labels_that_are_none_are_refused() -> None:
    done = CliRunner().invoke(main, ["generate", "graddesc", "--loss", "mnist-loss"])
    assert done.exit_code == 2
    assert "row 1, y: got 58; the loss mnist-loss of 'sgd' needs a label, 0 or 1" in done.stderr


# Other engines


@functools.cache
def _of_all() -> dict[tuple[float, ...], list[str]]:
    found: dict[tuple[float, ...], list[str]] = {}
    for what in EVERYTHING:
        if what.startswith(("layer ", "loss ")):
            found.setdefault(data_for(what, 3).y, []).append(what)
    return found


BEYOND = {"hyperformula": ("layer GELU",)}
"""What a program cannot do: HyperFormula's CHIDIST, of which GELU is made, has nine digits only."""
# Whether a slope such as e^−50 or e^−800 is 0 counts in the panel only, and is the program's: to
# IronCalc numbers below 2e-16 are equal to 0, to Gnumeric some are none that are 0 in torch.
KNOWN = {"ironcalc": ("nonzero.",), "gnumeric": ("nonzero.",)}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[tuple[str, ...]], Path]:
    """Give a workbook of some parts, or of far points where they are none, written once."""
    folder = tmp_path_factory.mktemp("parts")

    @functools.cache
    def book(parts: tuple[str, ...]) -> Path:
        path = folder / f"{len(list(folder.iterdir()))}.xlsx"
        if not parts:
            return write_experiments(path, *map(huge, HUGE), data=FAR)
        views = [EVERYTHING[what](id=f"run{n}", epochs=2) for n, what in enumerate(parts)]
        return write_experiments(path, *views, data=data_for(parts[0], 3))

    return book


@pytest.mark.wide
@pytest.mark.usefixtures("trained_once")
@pytest.mark.parametrize("engine", [e for e in engine_names() if e not in ("stored", "formulas")])
def test_every_engine_agrees(engine: str, written: Callable[[tuple[str, ...]], Path]) -> None:
    missing = get_engine(engine).missing()
    if missing is not None:
        pytest.skip(f"{engine}: {missing}")
    beyond = BEYOND.get(engine, ())
    parts = [tuple(w for w in known if w not in beyond) for known in _of_all().values()]
    for path in map(written, ((), *parts)):
        report = xlsgd.verify(path, engine=engine)
        known = KNOWN.get(engine, ())
        wrong = [d for d in report.differences() if not str(d.quantity).startswith(known)]
        assert wrong == [], path.name
        assert report.ok or known


# Several targets


@pytest.mark.parametrize("loss", ["l1", "huber", "bce-with-logits", "mnist-loss"])
def test_several_targets_cost_their_mean(loss: str, tmp_path: Path) -> None:
    """A prediction for each target: the first loss is PyTorch's mean over both."""
    labels = (1.0, 0.0, 0.0, 1.0), (0.0, 1.0, 0.0, 1.0)
    y, z = labels if losses()[loss].takes else (POINTS.y, labels[0])
    data = Dataset("two targets", POINTS.inputs, y, more_targets={"z": z})
    net = "Linear(1, 2)" + (", Sigmoid" if loss == "mnist-loss" else "")
    given: dict[str, Any] = {"loss": loss, "data": data, "epochs": 2, "gradient": "backprop"}
    rows = view_of(net, id="rows", **given)
    blocks = view_of(net, id="blocks", layout="blocks", batch_size=4, **given)
    path = write_experiments(tmp_path / "two.xlsx", rows, blocks, data=data)
    report = xlsgd.verify(path)
    assert passes(report), report.first_difference
    start = rows.experiment.start
    preds = torch.tensor([[start["a1"], start["a2"]]], dtype=torch.float64) * torch.tensor(
        data.inputs["x"], dtype=torch.float64
    ).unsqueeze(1) + torch.tensor([[start["b1"], start["b2"]]], dtype=torch.float64)
    of = {
        "l1": torch.nn.L1Loss(),
        "huber": torch.nn.HuberLoss(),
        "bce-with-logits": torch.nn.BCEWithLogitsLoss(),
        "mnist-loss": lambda p, t: torch.where(t == 1, 1 - p.sigmoid(), p.sigmoid()).mean(),
    }[loss]
    expected = float(of(preds, torch.tensor([y, z], dtype=torch.float64).T))
    found = Recalculated.of(path)
    assert found.numbers("blocks", "loss")[0] == pytest.approx(expected, rel=1e-12)
