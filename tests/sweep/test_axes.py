"""Axes: what can be varied, how it is written, and what makes no sense."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.builders import experiment_of, small_data, view_of
from xlsgd.base.errors import SpecError
from xlsgd.sweeping import Axis, axis_names, closer, parse_axis, sweep_experiment
from xlsgd.sweeping import border as find_border
from xlsgd.sweeping.axes import MAX_RUNS, check_axes
from xlsgd.tabs.view import View

pytestmark = pytest.mark.every

TWO = experiment_of("Linear(1, 1), ReLU, Linear(1, 1)", "adam", learning_rate=0.01)


def test_names() -> None:
    assert axis_names(experiment_of()) == ("learning_rate", "init.a", "init.b", "h")
    names = axis_names(TWO)
    assert {"learning_rate.1", "learning_rate.2", "init.avg_grad.d", "beta1", "eps", "h"} <= {
        *names
    }
    assert "learning_rate.3" not in names


@pytest.mark.parametrize(
    ("text", "axis"),
    [
        ("learning_rate=1e-4:1:5", Axis("learning_rate", 1e-4, 1.0, 5, log=True)),
        ("lr=0:1:5:lin", Axis("learning_rate", 0.0, 1.0, 5, log=False)),
        ("lr", Axis("learning_rate", 1e-4, 1.0, 400, log=True)),
        ("lr.2", Axis("learning_rate.2", 1e-4, 1.0, 400, log=True)),
        ("init.a=-3:3", Axis("init.a", -3.0, 3.0, 400, log=False)),
        (" init.a = 1 : 3 : 7 : log ", Axis("init.a", 1.0, 3.0, 7, log=True)),
        ("beta1=0:0.99", Axis("beta1", 0.0, 0.99, 40, log=False)),
        ("eps=1e-9:1e-3:4", Axis("eps", 1e-9, 1e-3, 4, log=True)),
        ("h=0.001:1:4", Axis("h", 0.001, 1.0, 4, log=True)),
    ],
)
def test_texts(text: str, axis: Axis) -> None:
    assert parse_axis(text, TWO) == axis


def test_values() -> None:
    log = Axis("learning_rate", 1e-4, 1.0, 5, log=True)
    assert log.values.tolist() == [1e-4, 1e-3, 1e-2, 0.1, 1.0]
    assert Axis("init.a", -0.3, 0.3, 7, log=False).values.tolist() == [
        *(-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3)
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("speed=1:2", "there are: learning_rate, learning_rate.1,"),
        ("learning_rate.3=1:2", "there are: learning_rate, learning_rate.1,"),
        (
            "batch_size=1:8",
            "runs of one map have the same steps; sweep once for each, with --batch-s",
        ),
        ("lr=1", "need NAME=LOW:HIGH"),
        ("lr=", "need NAME=LOW:HIGH"),
        ("lr=1:2:3:4", "need NAME=LOW:HIGH"),
        ("lr=small:2", "need NAME=LOW:HIGH"),
        ("lr=1:2:2.5", "need NAME=LOW:HIGH"),
        ("lr=2:1", "got a range that does not rise"),
        ("lr=1:1", "got a range that does not rise"),
        ("lr=0:1", "a log axis has no 0; begin above 0, or write :lin"),
        ("init.a=-1:1:9:log", "a log axis has no -1"),
        ("lr=-1:1:9:lin", "got a negative learning rate"),
        ("lr=1:nan", "two finite numbers"),
        ("lr=1:inf", "two finite numbers"),
        ("lr=1:2:1", "got 1 steps, need 2 to"),
        (f"lr=1:2:{MAX_RUNS + 1}", f"need 2 to {MAX_RUNS:,}"),
        ("lr=1:1.0000000000001:1000", "float64 has no 1000 different numbers there"),
        ("init.a", "no range is obvious"),
    ],
)
def test_texts_without_sense(text: str, words: str) -> None:
    with pytest.raises(SpecError, match=r"^[^\n]+$") as raised:
        parse_axis(text, TWO)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ([], "got 0 axes"),
        (["lr", "lr", "h=1:2"], "got 3 axes"),
        (["lr", "learning_rate=1:2"], "got learning_rate on both axes"),
        (["lr", "lr.1"], "use learning_rate.1 and learning_rate.2"),
        (["beta1=0:0.9", "h=0.1:1"], "only one of the two may be a hyperparameter or h"),
        (["lr=1:2:5000", "init.a=1:2:5000"], "25,000,000 runs are too many"),
        (["beta1=0:1"], "beta1 in 'run': got 1"),
        (["eps=0:1:5:lin"], "eps in 'run': got 0"),
        (["h=0:1:5:lin"], "h in 'run': got 0"),
    ],
)
def test_axes_that_do_not_go_together(texts: list[str], words: str) -> None:
    axes = [parse_axis(text, TWO) for text in texts]
    with pytest.raises(SpecError) as raised:
        check_axes(axes, TWO)
    assert words in str(raised.value)


# The grid


def test_every_run_is_at_its_place() -> None:
    data, experiment = small_data(), experiment_of(epochs=2)
    x = Axis("learning_rate", 0.01, 0.1, 3, log=True)
    y = Axis("init.a", -1.0, 1.0, 2, log=False)
    for axes in ((x, y), (y, x)):
        frame = sweep_experiment(View(experiment), data, axes).frame()
        assert list(frame.columns[:2]) == [axis.name for axis in axes]
        assert frame[axes[0].name].tolist() == [*axes[0].values] * axes[1].steps
        for _, row in frame.iterrows():
            values = {axis.name: row[axis.name] for axis in axes}
            lone = [Axis(n, v, v + 1.0, 2, log=False) for n, v in values.items()]
            alone = sweep_experiment(View(experiment), data, lone).frame().iloc[0]
            assert alone.last_loss == pytest.approx(row.last_loss, rel=1e-9, nan_ok=True)
            assert alone.verdict == row.verdict


@pytest.mark.parametrize("second", ["beta=0:0.9:3", "h=0.001:0.1:3"])
@pytest.mark.parametrize("turned", [False, True])
def test_quantities_that_are_not_numbers_of_a_tensor(second: str, turned: bool) -> None:
    data, experiment = small_data(), experiment_of(optimizer="momentum", epochs=2)
    axes = [parse_axis("lr=0.01:1:4", experiment, 2), parse_axis(second, experiment, 2)]
    name = axes[1].name
    if turned:
        axes.reverse()
    frame = sweep_experiment(View(experiment), data, axes).frame()
    assert len(frame) == 12
    for value in (axis := next(a for a in axes if a.name == name)).values:
        part = frame[frame[name] == value].reset_index(drop=True)
        lone = Axis(name, value, value + 1e-6 * axis.high, 2, log=False)
        alone = sweep_experiment(View(experiment), data, [axes[turned], lone]).frame()
        alone = alone[alone[name] == alone[name].iloc[0]].reset_index(drop=True)
        assert part.last_loss.tolist() == alone.last_loss.tolist()
        assert part.verdict.tolist() == alone.verdict.tolist()


def test_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    data, experiment = small_data(), experiment_of(epochs=3)
    axes = [Axis("learning_rate", 1e-3, 10.0, 150, log=True)]
    whole = sweep_experiment(View(experiment), data, axes).frame()
    monkeypatch.setattr("xlsgd.sweeping.grid.CHUNK", 1)
    other = sweep_experiment(View(experiment), data, axes).frame()
    pd.testing.assert_frame_equal(other, whole, check_exact=True)


# The border


def test_closer_looks_keep_the_border_inside() -> None:
    data, experiment = small_data(), experiment_of(epochs=3)
    axes: tuple[Axis, ...] = (
        Axis("learning_rate", 1e-3, 10.0, 50, log=True),
        Axis("init.a", -1.0, 1.0, 5, log=False),
    )
    for _ in range(4):
        sweep = sweep_experiment(View(experiment), data, axes)
        found = find_border(sweep)
        assert found is not None
        low, high = (sweep.point(run)["learning_rate"] for run in found)
        exploded = sweep.numbers["exploded_step"] > 0
        assert exploded[found[0]] != exploded[found[1]]
        nearer = closer(sweep)
        for axis, wider in zip(nearer, axes, strict=True):
            assert wider.low < axis.low < axis.high < wider.high
        assert nearer[0].low < low < high < nearer[0].high
        assert np.log(nearer[0].high / nearer[0].low) == pytest.approx(
            np.log(axes[0].high / axes[0].low) / 10, rel=1e-6
        )
        axes = nearer


def test_no_border_to_look_at() -> None:
    small = sweep_experiment(
        view_of(), small_data(), [Axis("learning_rate", 1e-6, 1e-5, 5, log=True)]
    )
    assert find_border(small) is None
    with pytest.raises(SpecError, match="one side of the border"):
        closer(small)


def test_unknown_devices() -> None:
    axis = Axis("learning_rate", 0.01, 0.1, 3, log=True)
    with pytest.raises(SpecError, match="need one of cpu, cuda"):
        sweep_experiment(view_of(), small_data(), [axis], device="tpu")


def test_of_many_start_values_a_message_names_the_first_and_the_last() -> None:
    wide = experiment_of("Linear(3, 5), Tanh, Linear(5, 1)", data=small_data(4, 3))
    with pytest.raises(SpecError) as refused:
        parse_axis("speed=1:2", wide)
    said = str(refused.value)
    assert "init.a1_1, … (26 start values in all), init." in said
    assert said.count("init.") == 2
    assert said.endswith(", h")


def test_what_is_trained_rate_by_rate_has_fewer_of_them() -> None:
    experiment = experiment_of("Linear(1, 1)", data=small_data(4), optimizer="rprop")
    assert parse_axis("lr=0.1:1", experiment).steps == 40
    assert parse_axis("init.a=0:1", experiment).steps == 400
