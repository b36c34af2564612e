"""Of a graph of layers nothing is said that may be false: it may well be linear in its weights."""

import pytest

from xlsgd.torch_side.stability.linearity import NoLimitError, need_linear
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import LOSS
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer


def test_a_line_that_is_a_graph() -> None:
    network = parse_network("weights a, b; mul = Multiply of a, x; pred = Add of mul, b", ("x",))
    experiment = Experiment("line", network, LOSS, get_optimizer("sgd"), 0.1)
    with pytest.raises(NoLimitError, match="is a graph of layers") as caught:
        need_linear(experiment)
    assert "not linear" not in str(caught.value)
