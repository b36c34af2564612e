"""Graphs: which weights a dead unit holds, why others stand still, and what is told of a net that
does not learn."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from tests.explain.own_nets import explained, looped, trained, view_of_module
from tests.modules.nets import Of
from xlsgd.explaining.ablation import ablated
from xlsgd.explaining.citation import Citation
from xlsgd.explaining.layer_slopes import layer_slopes
from xlsgd.explaining.plateau import plateau_of
from xlsgd.explaining.saturation import saturated_units
from xlsgd.explaining.ways import Ways
from xlsgd.torch_side.modules import read_module
from xlsgd.training.sums_of_weights import adds_up

X = torch.tensor([[0.5, -0.4], [0.3, 0.9], [-0.7, 0.2], [1.1, -0.8], [0.1, 0.6], [-0.2, -0.5]])
X = X.double()
Y = (X[:, :1] * X[:, 1:] + 0.3).round(decimals=3)


def seeded(*layers: nn.Module, seed: int = 0) -> nn.Sequential:
    """Return layers with start weights that a seed draws, from ±1."""
    random = torch.Generator().manual_seed(seed)
    net = nn.Sequential(*layers).double()
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.rand(p.shape, generator=random, dtype=torch.float64) * 2 - 1)
    return net


def skip() -> nn.Module:
    net = Of(lambda m, x: m.out(torch.relu(m.fc(x)) + x), fc=nn.Linear(2, 2), out=nn.Linear(2, 1))
    net.double()
    with torch.no_grad():
        net.fc.weight.copy_(torch.tensor([[0.4, 0.3], [0.6, -0.5]]))
        net.fc.bias.copy_(torch.tensor([-9.0, 0.8]))
        net.out.weight.copy_(torch.tensor([[0.7, -0.6]]))
        net.out.bias.fill_(0.1)
    return net


def bent_line() -> nn.Module:
    return Of(
        lambda m, x: m.c * torch.relu(m.a * x + m.b) + m.d, a=0.3, b=-9.0, c=0.5, d=0.1
    ).double()


def in_a_row() -> nn.Module:
    net = seeded(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    with torch.no_grad():
        net[0].bias[1] = -9.0
    return net


def all_dead() -> nn.Module:
    net = seeded(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    with torch.no_grad():
        net[2].bias.fill_(-9.0)
    return net


def gated() -> nn.Module:
    """Return a product: where one of the two is a dead unit, the other gets nothing back."""
    net = Of(
        lambda m, x: m.out(torch.relu(m.fc(x)) * torch.sigmoid(m.gate(x))) + x[:, :1],
        fc=nn.Linear(2, 2),
        gate=nn.Linear(2, 2),
        out=nn.Linear(2, 1),
    ).double()
    random = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.rand(p.shape, generator=random, dtype=torch.float64) * 2 - 1)
        net.fc.bias.copy_(torch.tensor([0.9, -9.0]))
    return net


def shared() -> nn.Module:
    """Return a net whose first layer is used twice, and dead in one of the two places only."""
    net = Of(
        lambda m, x: m.out(torch.relu(m.fc(x) - 9.0)) + m.out(torch.tanh(m.fc(x))),
        fc=nn.Linear(2, 2),
        out=nn.Linear(2, 1),
    ).double()
    random = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.rand(p.shape, generator=random, dtype=torch.float64) * 2 - 1)
    return net


@pytest.mark.parametrize("make", [skip, bent_line, in_a_row, all_dead, gated, shared])
def test_a_dead_unit_of_a_graph_holds_what_has_no_derivative_in_torch(make) -> None:  # type: ignore[no-untyped-def]
    net = make()
    x = X[:, :1] if make is bent_line else X
    tab = explained(net, x, Y, 0.05)
    held = {p for unit in tab.dead for p in unit.still}
    assert tab.dead
    assert held == looped(net, x, Y, 0.05, 4).still()
    assert tab.still is None


def test_what_stands_beside_a_dead_unit_is_not_held() -> None:
    (dead,) = explained(skip(), X, Y, 0.05).dead
    assert dead.unit == "relu_1"
    # out.weight[0,0] is multiplied by x1 as well: it moves.
    assert dead.still == ("fc.weight[0,0]", "fc.weight[0,1]", "fc.bias[0]")


def test_a_unit_of_a_graph_that_a_step_throws_out() -> None:
    net = seeded(nn.Linear(2, 1), nn.ReLU(), nn.Linear(1, 1))
    with torch.no_grad():
        net[0].bias.fill_(1.0)
        net[2].weight.fill_(1.0)
    y, run = Y - 40, looped(net, X, Y - 40, 0.5, 3)
    tab = explained(net, X, y, 0.5, 3)
    (dead,) = tab.dead
    assert (dead.step, dead.since) == (1, 2)
    assert dead.weights_before == pytest.approx(
        {
            "0.weight[0,0]": run.weights[0]["0.weight"][0, 0].item(),
            "0.weight[0,1]": run.weights[0]["0.weight"][0, 1].item(),
            "0.bias[0]": 1.0,
        }
    )
    assert dead.weights_after["0.bias[0]"] == pytest.approx(run.weights[1]["0.bias"][0].item())
    assert any("The step took 0.weight[0,0] from" in text for text in tab.sentences)


def test_why_a_weight_of_a_graph_stands_still() -> None:
    net = Of(
        lambda m, x: m.a * x[:, :1] + m.out(torch.tanh(m.fc(x))),
        a=0.5, fc=nn.Linear(2, 1), out=nn.Linear(1, 1),
    ).double()  # fmt: skip
    with torch.no_grad():
        net.out.weight.fill_(0.0)
        net.fc.weight.fill_(0.0)
        net.fc.bias.fill_(0.0)
    x = X * torch.tensor([0.0, 1.0]).double()
    tab = explained(net, x, Y, 0.05)
    assert tab.still is not None
    assert set(tab.still.weights) == looped(net, x, Y, 0.05, 4).still()
    assert tab.still.why["a"] == "a is multiplied by x1, which is 0 in every row"
    why = "what fc.bias[0] makes is multiplied by out.weight[0,0], which is 0"
    assert tab.still.why["fc.bias[0]"] == why
    assert tab.still.why["out.weight[0,0]"].endswith("which is 0 in every row")


def test_a_graph_without_its_relu() -> None:
    tab = explained(skip(), X, Y, 0.05)
    assert tab.twin is not None
    net = skip()
    straight = Of(lambda m, x: m.out(m.fc(x) + x), fc=net.fc, out=net.out).double()
    run = looped(straight, X, Y, 0.05, 4)
    assert tab.twin.mean_loss == pytest.approx(run.losses[-2])
    assert tab.twin.network == "Linear(2, 2), Add, Linear(2, 1)"


def test_a_graph_that_ends_in_a_relu_ends_in_what_is_before_it() -> None:
    view, _ = view_of_module(seeded(nn.Linear(2, 1), nn.ReLU()), X, Y, 0.05, 1)
    other = ablated(view)
    assert other is not None
    assert [p.outputs for p in other.experiment.network.places] == [("pred",)]
    both = Of(lambda m, x: torch.relu(m.fc(x)), fc=nn.Linear(2, 1))
    twice = Of(lambda m, x: m.both(x) * 2 + m.both.fc(x), both=both).double()
    view, _ = view_of_module(twice, X, Y, 0.05, 1)
    assert ablated(view) is not None


def test_what_mixes_numbers_is_no_way_for_one_alone() -> None:
    net = seeded(nn.Linear(2, 2), nn.LayerNorm(2, elementwise_affine=False), nn.ReLU())
    net.append(nn.Linear(2, 1).double())
    view, _ = view_of_module(net, X, Y, 0.05, 1)
    network = view.experiment.network
    unit = next(iter(network.silences))
    assert set(Ways(network).into(unit)) == {p for p in network.parameters if p.startswith("0.")}


def test_saturated_units_and_since_when() -> None:
    net = seeded(nn.Linear(1, 2), nn.Tanh(), nn.Linear(2, 1))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[0.2], [0.001]]))
        net[0].bias.copy_(torch.tensor([4.0, 0.2]))
        net[2].weight.copy_(torch.tensor([[0.01, 4.0]]))
    x = torch.linspace(5, 30, 6, dtype=torch.float64)[:, None]
    y = torch.full_like(x, 10.0)
    tab = explained(net, x, y, 0.002)
    run = looped(net, x, y, 0.002, 4)
    flat = torch.stack(
        [1 - torch.tanh(x @ w["0.weight"].T + w["0.bias"]) ** 2 < 0.01 for w in run.weights]
    )  # (steps + 1, rows, units)
    assert flat[:, :, 0].all()
    assert not flat[0, :, 1].any()
    since = int(next(s for s in range(5) if flat[s:, :, 1].double().mean(1).min() >= 0.9)) + 1
    first, second = tab.saturated
    assert (first.unit, first.since, first.rows_at_start, first.rows_at_end) == (
        "layer1_1",
        1,
        6,
        6,
    )
    assert (second.since, second.rows_at_end) == (since, int(flat[-1, :, 1].sum()))
    assert since > 1
    end = x @ run.weights[-1]["0.weight"].T + run.weights[-1]["0.bias"]
    assert first.least_input == pytest.approx(end[:, 0].min().item())
    assert first.slope == pytest.approx((1 - torch.tanh(end[:, 0]) ** 2).max().item(), rel=1e-6)
    assert first.weights == ("0.weight[0,0]", "0.bias[0]")
    assert any("layer1_1, a Tanh, is saturated from the start" in text for text in tab.sentences)
    assert any("The inputs are as large as 30" in text for text in tab.sentences)


def test_a_net_that_has_learned_may_be_saturated() -> None:
    net = seeded(nn.Linear(1, 1), nn.Sigmoid())
    with torch.no_grad():
        net[0].weight.fill_(40.0)
        net[0].bias.fill_(0.0)
    tab = explained(net, X[:, :1], (X[:, :1] > 0).double(), 0.05)
    assert tab.rmse < 0.05
    assert tab.saturated == ()


@pytest.mark.parametrize(
    ("layer", "expected"),
    [(nn.Tanh(), 1), (nn.ELU(), 1), (nn.Softsign(), 1), (nn.LeakyReLU(0.2), 0), (nn.ReLU(), 0)],
)
def test_which_layers_can_be_saturated(layer: nn.Module, expected: int) -> None:
    net = seeded(nn.Linear(1, 1), layer, nn.Linear(1, 1))
    with torch.no_grad():
        net[0].bias.fill_(-50.0)
    training = trained(net, X[:, :1], Y, 1e-4, 1)
    assert len(saturated_units(training, Citation())) == expected


def size(values: torch.Tensor) -> float:
    return math.sqrt(float((values**2).mean()))


def test_derivatives_that_vanish() -> None:
    layers = [layer for _ in range(4) for layer in (nn.Linear(2, 2), nn.Sigmoid())]
    net = seeded(*layers, nn.Linear(2, 1))
    tab, run = explained(net, X, Y, 0.1), looped(net, X, Y, 0.1, 4)
    found = tab.layer_slopes
    assert found is not None
    names = [f"{i}.weight" for i in (0, 2, 4, 6, 8)]
    assert found.tensors == tuple(names)
    assert found.at_start == pytest.approx([size(run.slopes[0][name]) for name in names])
    assert found.at_end == pytest.approx([size(run.slopes[-1][name]) for name in names])
    assert found.start_factor == pytest.approx(found.at_start[0] / found.at_start[-1])
    assert found.start_factor < 0.01
    assert found.scales
    assert any("Derivatives vanish on their way back" in text for text in tab.sentences)
    other = explained(net, X, Y, 0.1, optimizer="adam")
    assert other.layer_slopes is not None
    assert not other.layer_slopes.scales
    assert any("adam makes up for much of that" in text for text in other.sentences)


def test_derivatives_that_are_about_alike_are_not_told_of() -> None:
    net = seeded(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
    slopes = looped(net, X, Y, 0.05, 1).slopes[0]
    assert 0.01 < size(slopes["0.weight"]) / size(slopes["2.weight"]) < 100
    assert layer_slopes(trained(net, X, Y, 0.05, 1), Citation()) is None


def test_derivatives_that_grow_with_the_inputs() -> None:
    net = seeded(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1))
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[0.001], [0.002]]))
        net[2].weight.fill_(0.8)
    x = torch.linspace(500, 1500, 6, dtype=torch.float64)[:, None]
    tab, run = explained(net, x, Y + 9, 1e-8), looped(net, x, Y + 9, 1e-8, 4)
    found = tab.layer_slopes
    assert found is not None
    ratio = size(run.slopes[0]["0.weight"]) / size(run.slopes[0]["2.weight"])
    assert found.start_factor == pytest.approx(ratio)
    assert ratio > 100
    assert found.first_input == pytest.approx(size(x))
    assert any("bring the inputs to one scale" in text for text in tab.sentences)


XOR = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]).double()
ODD = torch.tensor([[0.0], [1.0], [1.0], [0.0]]).double()


def nearly_alike() -> nn.Module:
    net = seeded(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
    with torch.no_grad():
        for p in net.parameters():
            p *= 0.02
        net[2].bias.fill_(0.5)
    return net


def test_a_plateau() -> None:
    net = nearly_alike()
    tab, run = explained(net, XOR, ODD, 0.1), looped(net, XOR, ODD, 0.1, 4)
    found = tab.plateau
    assert found is not None
    assert found.constant == 0.25  # always 1/2 is wrong by 1/2
    assert (found.lowest, found.highest) == pytest.approx(
        (min(run.losses[1:4]), max(run.losses[1:4]))
    )
    every = torch.cat([slope.flatten() for slope in run.slopes[-1].values()])
    assert found.end_size == pytest.approx(size(every))
    assert found.end_size > 0
    assert any("It stands on a plateau: in the last 3 epochs" in text for text in tab.sentences)


def test_what_is_no_plateau() -> None:
    # A line has nothing to find in these: it is at its minimum.
    line = seeded(nn.Linear(2, 1))
    with torch.no_grad():
        line[0].weight.fill_(1e-3)
        line[0].bias.fill_(0.5)
    assert plateau_of(trained(line, XOR, ODD, 0.1), 0.25, Citation()) is None
    # This one moves.
    moving = seeded(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
    assert plateau_of(trained(moving, XOR, ODD, 0.1), 0.25, Citation()) is None
    # This one has settled far below what always predicting the mean gives.
    fitted = looped(net := seeded(nn.Linear(2, 1), nn.Tanh()), X, X[:, :1].tanh(), 1.0, 300)
    net.load_state_dict(fitted.weights[-1])
    mean = float(X[:, :1].tanh().var(unbiased=False))
    assert plateau_of(trained(net, X, X[:, :1].tanh(), 1e-3), mean, Citation()) is None


@pytest.mark.parametrize(
    ("net", "expected"),
    [
        (nn.Linear(2, 1), True),
        (nn.Sequential(nn.Linear(2, 1), nn.Linear(1, 1)), False),
        (nn.Sequential(nn.Tanh(), nn.Linear(2, 1)), True),
        (nn.Sequential(nn.Linear(2, 1), nn.Tanh()), False),
        (Of(lambda m, x: m.a * x[:, :1] + m.b * x[:, 1:] - m.c, a=1.0, b=2.0, c=3.0), True),
        (Of(lambda m, x: m.a * (m.b + x[:, :1]) + 0 * x[:, 1:], a=1.0, b=2.0), False),
        (Of(lambda m, x: m.a / x[:, :1] + m.fc(x).exp(), a=1.0, fc=nn.Linear(2, 1)), False),
    ],
)
def test_which_networks_only_add_up(net: nn.Module, expected: bool) -> None:
    assert adds_up(read_module(net.double(), ("x1", "x2"))) is expected


def test_weights_that_dead_units_hold_in_a_large_net() -> None:
    net = seeded(nn.Linear(2, 12), nn.ReLU(), nn.Linear(12, 1))
    with torch.no_grad():
        net[0].bias[:6] = -9.0
    tab = explained(net, X, Y, 0.02, 2)
    still = looped(net, X, Y, 0.02, 2).still()
    assert {p for unit in tab.dead for p in unit.still} == still
    assert tab.still is None
    words = f"Because of all {len(tab.dead)} dead units {len(still)} of 49 weights stand still."
    assert any(words in text for text in tab.sentences)
    assert sum("is dead since" in text for text in tab.sentences) == 4


def test_no_rate_is_suggested_that_throws_units_out() -> None:
    """At 65 there is less loss than at the start, but a unit is flat for every row."""
    net = seeded(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1), nn.Sigmoid())
    y = torch.tensor([[1.0], [0.0], [0.0], [0.0], [1.0], [0.0]]).double()
    with torch.no_grad():
        net[2].bias.fill_(1.0)

    def flat(rate: float) -> list[bool]:
        """Return of every unit whether it is flat for all rows after five steps."""
        run = looped(net, X, y, rate, 5)
        end = run.weights[-1]
        hidden = torch.tanh(X @ end["0.weight"].T + end["0.bias"])
        out = torch.sigmoid(hidden @ end["2.weight"].T + end["2.bias"])
        slopes = torch.cat([1 - hidden**2, 4 * out * (1 - out)], 1)
        return [bool(unit) for unit in (slopes < 0.01).all(0)]

    tab = explained(net, X, y, 0.1, 5)
    assert tab.suggestion is not None
    assert any(flat(65.0))
    assert not any(flat(tab.suggestion.learning_rate))
