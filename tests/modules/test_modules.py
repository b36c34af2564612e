"""Modules read as graphs: the rebuilt network gives what the module gives, and its slopes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.modules.nets import MODULES, Of, made
from xlsgd.base.errors import SpecError
from xlsgd.torch_side import Ensemble, TorchNet
from xlsgd.torch_side.live import start_weights
from xlsgd.torch_side.modules import read_module
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import LOSS
from xlsgd.training.nets import Network, parse_network
from xlsgd.training.optimizers import get_optimizer

ROWS = 7


def _numbers(inputs: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.rand(ROWS, inputs, generator=generator, dtype=torch.float64) * 2 - 0.9


def _arguments(module: nn.Module, x: torch.Tensor, names: tuple[str, ...]) -> list[torch.Tensor]:
    import inspect

    given = list(inspect.signature(module.forward).parameters)
    return [x] if len(given) == 1 else [x[:, names.index(name)] for name in given]


def rebuilt(network: Network, start: dict[str, float], x: torch.Tensor) -> dict[str, Any]:
    """Return what the network gives, and the slopes of the sum of its predictions' squares."""
    experiment = Experiment("t", network, LOSS, get_optimizer("sgd"), 0.1)
    net = TorchNet(experiment, Ensemble(1))
    leaves = {
        p: torch.full((len(x),), start[p], dtype=torch.float64, requires_grad=True)
        for p in network.parameters
    }
    y = torch.zeros(
        (len(x), *((len(network.predictions),) if len(network.predictions) > 1 else ()))
    )
    with torch.enable_grad():
        found = net.evaluate(x, y.double())(leaves)
        predictions = torch.stack([found[name] for name in network.predictions], -1)
        slopes = torch.autograd.grad(
            predictions.square().sum(), list(leaves.values()),
            allow_unused=True, materialize_grads=True,
        )  # fmt: skip
    return {
        "pred": predictions.detach(),
        **{p: float(slope.sum()) for p, slope in zip(leaves, slopes, strict=True)},
    }


@pytest.mark.every
@pytest.mark.parametrize("name", MODULES)
def test_the_rebuilt_network_does_what_the_module_does(name: str) -> None:
    module, names = made(name)
    network = parse_network(read_module(module, names).text, names)
    x = _numbers(len(names))
    expected = module(*_arguments(module, x, names))
    expected.square().sum().backward()
    found = rebuilt(network, start_weights(module), x)
    torch.testing.assert_close(
        found["pred"], expected.detach().reshape(ROWS, -1), rtol=1e-12, atol=1e-13
    )
    for parameter_name, parameter in module.named_parameters():
        assert parameter.grad is not None
        for at, slope in zip(
            torch.cartesian_prod(*(torch.arange(n) for n in parameter.shape)).reshape(
                parameter.numel(), -1
            )
            if parameter.dim()
            else torch.empty(1, 0),
            parameter.grad.ravel(),
            strict=True,
        ):
            ends = ",".join(str(int(i)) for i in at)
            key = f"{parameter_name}[{ends}]" if ends else parameter_name
            assert found[key] == pytest.approx(float(slope), rel=1e-11, abs=1e-12), key


@pytest.mark.every
@pytest.mark.parametrize("name", MODULES)
def test_its_text_is_read_back(name: str) -> None:
    module, names = made(name)
    network = read_module(module, names)
    again = parse_network(network.text, names)
    assert again == network or not network.is_graph
    assert again.text == network.text


def _assigned(m: Any, x: Any) -> Any:
    y = m.fc(x)
    y[:, 0] = 0
    return y


class Counting(nn.Module):
    """Keeps a number of its own that no optimizer moves."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 2)
        self.register_buffer("count", torch.tensor(0.0))

    def forward(self, x: Any) -> Any:
        self.count += 1
        return self.fc(x) * self.count


class Valley(nn.Module):
    """A function of its weights alone: what it gives shall become small."""

    def __init__(self) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.tensor([-0.5, 0.25]))

    def forward(self) -> Any:
        return (1 - self.p[0]) ** 2 + 10 * (self.p[1] - self.p[0] ** 2) ** 2


BAD: dict[str, tuple[Any, str]] = {
    "batch norm": (
        nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)),
        "mixes the rows of a batch; use LayerNorm",
    ),
    "recurrent": (
        Of(lambda m, x: m.r(x)[0], r=nn.LSTM(2, 2)),
        "the module's part 'r', LSTM: it carries a state",
    ),
    "dropout": (nn.Sequential(nn.Linear(2, 1), nn.Dropout(0.2)), "draws random numbers"),
    "random": (Of(lambda m, x: m.fc(x) + torch.rand(2), fc=nn.Linear(2, 2)), "random numbers"),
    "control flow": (
        Of(lambda m, x: m.fc(x) if x[:, 0] > 0 else x, fc=nn.Linear(2, 2)),
        "cannot be followed",
    ),
    "mean of rows": (Of(lambda m, x: m.fc(x) - x.mean(0), fc=nn.Linear(2, 2)), "rows of data"),
    "mean of all": (Of(lambda m, x: m.fc(x) - x.mean(), fc=nn.Linear(2, 2)), "rows of data"),
    "first row": (Of(lambda m, x: m.fc(x[0]), fc=nn.Linear(2, 2)), "index into the rows"),
    "sorted": (
        Of(lambda m, x: m.fc(x.sort(1)[0]), fc=nn.Linear(2, 2)),
        "sort: a sheet has the first alone: use max(dim)",
    ),
    "detached": (Of(lambda m, x: m.fc(x).detach() + m.fc(x), fc=nn.Linear(2, 2)), "detach"),
    "wrong shape": (nn.Sequential(nn.Linear(2, 3), nn.Linear(2, 1)), "of 2 inputs is given 3"),
    "two tensors": (Of(lambda m, x: (m.fc(x), x), fc=nn.Linear(2, 2)), "need one tensor"),
    "idle": (Of(lambda m, x: m.fc(x), fc=nn.Linear(2, 2), gc=nn.Linear(2, 2)), "does nothing"),
    "softmax of rows": (nn.Sequential(nn.Linear(2, 2), nn.Softmax(0)), "rows of data"),
    "not of numbers": (
        Of(lambda m, x: m.fc(~m.gc(x)), fc=nn.Linear(2, 2), gc=nn.Linear(2, 2)),
        "of what is no comparison",
    ),
    "sum of comparisons": (
        Of(lambda m, x: m.fc(x) * ((x > 0) + (x > 1)), fc=nn.Linear(2, 2)),
        "write .double() behind each",
    ),
    "chosen rows": (Of(lambda m, x: m.fc(x)[x > 0], fc=nn.Linear(2, 2)), "torch.where"),
    "infinity": (
        Of(lambda m, x: m.fc(x).masked_fill(x < 0, float("-inf")), fc=nn.Linear(2, 2)),
        "the number -inf, which no sheet has",
    ),
    "crossed rows": (
        Of(lambda m, x: m.fc(x) - x[:, 0], fc=nn.Linear(2, 1)),
        "the shapes (rows, 1) and (rows): every row of the data would meet all others",
    ),
    "attention": (nn.TransformerEncoderLayer(2, 1), "TransformerEncoderLayer: it is made of many"),
    "two of them": (
        Of(lambda m, x: {"a": m.fc(x), "b": x}, fc=nn.Linear(2, 2)),
        "returns a dict of 2; need one tensor",
    ),
    "matrices": (
        Of(lambda m, x: m.fc(x).view(-1, 2, 2), fc=nn.Linear(2, 4)),
        "returns the shape (rows, 2, 2); need (rows,) or (rows, predictions): write .flatten(1)",
    ),
    "assigned": (Of(_assigned, fc=nn.Linear(2, 2)), "write torch.where or torch.cat in place of"),
    "for every row": (
        Of(lambda m, x: m.fc(x) * sum(x[:, 0] for _ in range(x.shape[0])), fc=nn.Linear(2, 2)),
        "cannot be followed",
    ),
    "counted rows": (Of(lambda m, x: m.fc(x) * len(x), fc=nn.Linear(2, 2)), "number of rows"),
    "a loop over rows": (
        Of(lambda m, x: torch.stack([m.fc(row) for row in x]), fc=nn.Linear(2, 2)),
        "a loop over the rows",
    ),
    "random by NumPy": (
        Of(lambda m, x: m.fc(x) * np.random.rand(), fc=nn.Linear(2, 2)),
        "draws random numbers in forward",
    ),
    "a buffer that counts": (Counting(), "the module's buffer count changes in forward"),
    "other digits": (
        Of(lambda m, x: m.fc(torch.log1p(x)), fc=nn.Linear(2, 2)),
        "log1p: write torch.log(1 + x)",
    ),
    "rounded": (Of(lambda m, x: m.fc(x.round()), fc=nn.Linear(2, 2)), "round: it is flat"),
    "loss inside": (
        Of(lambda m, x: nn.functional.mse_loss(m.fc(x), x), fc=nn.Linear(2, 2)),
        "mse_loss: a loss is none of the module's",
    ),
    "dropout as a function": (
        Of(lambda m, x: nn.functional.dropout(m.fc(x)), fc=nn.Linear(2, 2)),
        "draws random numbers in training",
    ),
    "unknown": (
        Of(lambda m, x: m.fc(torch.asin(x)), fc=nn.Linear(2, 2)),
        "asin, which a sheet does not have; it has + - *",
    ),
    "weights of weights": (
        nn.utils.parametrizations.weight_norm(nn.Linear(2, 1)),
        "remove_parametrizations",
    ),
    "weights alone": (Of(lambda m, x: m.w * 2, w=0.5), "made of weights alone"),
    "no argument": (Valley(), "takes nothing, it is a function of its weights: leave data out"),
    "transposed": (Of(lambda m, x: m.fc(x.t()), fc=nn.Linear(2, 2)), "first one first"),
}


@pytest.mark.every
@pytest.mark.parametrize("name", BAD)
def test_what_no_sheet_can_have_is_refused_in_a_line(name: str) -> None:
    module, words = BAD[name]
    with pytest.raises(SpecError) as caught:
        read_module(module, ("x1", "x2"))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


HOOKED: dict[str, Callable[[nn.Linear], Any]] = {
    "forward": lambda m: m.register_forward_hook(lambda m, args, out: out * 2),
    "before forward": lambda m: m.register_forward_pre_hook(lambda m, args: None),
    "backward": lambda m: m.register_full_backward_hook(lambda m, into, out: None),
    "before backward": lambda m: m.register_full_backward_pre_hook(lambda m, out: None),
    "of a weight": lambda m: m.weight.register_hook(lambda slope: slope * 2),
    "of a slope": lambda m: m.bias.register_post_accumulate_grad_hook(lambda p: None),
}


@pytest.mark.parametrize("name", HOOKED)
def test_hooks_are_refused(name: str) -> None:
    module = nn.Linear(1, 1)
    HOOKED[name](module)
    with pytest.raises(SpecError, match=r"hooks, which no sheet can run; remove them"):
        read_module(module, ("x",))


def test_an_argument_that_is_no_column() -> None:
    module, _ = made("separate")
    with pytest.raises(SpecError, match="takes x2, and the data has no such column"):
        read_module(module, ("x1", "z"))


def test_convolutions_are_one_layer_used_at_every_place() -> None:
    module, names = made("convolution")
    network = read_module(module, names)
    places = [place for place in network.places if str(place.layer) == "Linear(9, 2)"]
    assert len(places) == 16
    assert all(place.parameters == places[0].parameters for place in places)
    # At the corner, five of nine numbers are those around the image.
    assert places[0].inputs.count("0") == 5


def test_what_only_moves_numbers_costs_no_cell() -> None:
    plain = Of(lambda m, x: m.fc(x), fc=nn.Linear(4, 1))
    moving = Of(
        lambda m, x: m.fc(torch.stack([x[:, 0:2], x[:, 2:]], 1).permute(0, 2, 1).reshape(-1, 4)),
        fc=nn.Linear(4, 1),
    )
    names = ("a", "b", "c", "d")
    assert len(read_module(moving, names).places) == len(read_module(plain, names).places) == 1
    assert read_module(moving, names).places[0].inputs == ("a", "c", "b", "d")


def test_parts_that_nothing_takes_are_left_out_or_hand_back_nothing() -> None:
    module = Of(
        lambda m, x: (m.s * torch.tanh(x))[:, 1:] + torch.softmax(m.fc(x), 1)[:, :1],
        s=[0.3, 0.4],
        fc=nn.Linear(2, 2),
    ).double()
    names = ("x1", "x2")
    network = read_module(module, names)
    # One product of two, and one tanh; but all of softmax, whose parts hang together.
    assert [(str(p.layer), len(p.outputs)) for p in network.places] == [
        ("Tanh", 1),
        ("Multiply", 1),
        ("Linear(2, 2)", 2),
        ("Softmax", 2),
        ("Add", 1),
    ]
    x = _numbers(2)
    found = rebuilt(parse_network(network.text, names), start_weights(module), x)
    torch.testing.assert_close(found["pred"], module(x).detach())


def test_numbers_alone_have_functions_too() -> None:
    module = Of(lambda m, x: x * torch.exp(m.w) + m.w.tanh(), w=0.3).double()
    x = _numbers(1)
    network = parse_network(read_module(module, ("x",)).text)
    found = rebuilt(network, start_weights(module), x)
    torch.testing.assert_close(found["pred"], module(x).detach())
