"""What is told of the curvature at both ends of a run, against Hessians of plain torch."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.explain.own_nets import explained, looped
from tests.modules.nets import Of
from xlsgd.explaining import TabExplanation

X = torch.tensor([[0.5], [0.9], [-0.7], [1.1]]).double()


def product() -> nn.Module:
    """Return a·b·x: of all minima, those with a and b alike are the flattest."""
    return Of(lambda m, x: m.a * m.b * x, a=4.0, b=0.25).double()


def sharpest(a: float, b: float, x: torch.Tensor, y: torch.Tensor) -> float:
    def loss(w: torch.Tensor) -> torch.Tensor:
        return (w[0] * w[1] * x - y).square().mean()

    hessian = torch.autograd.functional.hessian(loss, torch.tensor([a, b], dtype=torch.float64))
    return float(torch.linalg.eigvalsh(hessian)[-1])


def said(tab: TabExplanation, *words: str) -> bool:
    return any(all(word in text for word in words) for text in tab.sentences)


def at_ends(rate: float, epochs: int, y: torch.Tensor) -> tuple[TabExplanation, list[float]]:
    """Return an explanation, and the largest curvature at both ends by a loop of plain torch."""
    run = looped(product(), X, y, rate, epochs)
    ends = [run.weights[0], run.weights[-1]]
    curvatures = [sharpest(float(w["a"]), float(w["b"]), X, y) for w in ends]
    return explained(product(), X, y, rate, epochs), curvatures


def test_both_ends_are_told_with_their_limits() -> None:
    tab, (start, end) = at_ends(0.02, 4, X * 1.5)
    assert [bend.step for bend in tab.bends] == [1, 5]
    assert [bend.sharpness for bend in tab.bends] == pytest.approx([start, end], rel=1e-9)
    assert [bend.limit for bend in tab.bends] == pytest.approx([2 / start, 2 / end], rel=1e-9)
    assert said(tab, f"bends by {start:.4g} where", f"up to 2 / {start:.4g} = {2 / start:.4g}")
    assert said(tab, f"At the end it bends by {end:.4g}", f"that allows 2 / {end:.4g}")
    assert said(tab, "holds for small steps around those weights")
    assert not said(tab, "edge of stability")


def test_the_edge_of_stability() -> None:
    """At a rate too large for the minimum ahead, a run swings over to one that is just flat
    enough."""
    rate = 0.092
    tab, (start, end) = at_ends(rate, 40, X * 1.5)
    assert rate * start > 2
    assert 1.8 < rate * end < 2
    assert said(tab, "That is the edge of stability")


def test_above_the_limit_at_the_end() -> None:
    rate = 0.105
    tab, (_, end) = at_ends(rate, 2, X * 1.5)
    assert rate * end > 2.2
    assert said(tab, "it cannot settle at these weights")


def test_what_adapts_its_steps_has_no_limit_but_the_loss_bends_all_the_same() -> None:
    tab = explained(product(), X, X * 1.5, 0.01, 4, optimizer="adam")
    assert all(bend.limit is None and bend.sharpness > 0 for bend in tab.bends)
    assert said(
        tab, "gradient descent", "would be stable", "For adam itself there is no such number"
    )
    assert not said(tab, "small steps around those weights")


def test_where_one_limit_holds_for_all_weights_it_is_told_alone() -> None:
    net = nn.Linear(1, 1).double()
    tab = explained(net, X, X * 1.5, 0.01, 4)
    rows = torch.cat([X, torch.ones_like(X)], 1)
    largest = float(torch.linalg.eigvalsh(2 / 4 * rows.T @ rows)[-1])
    assert tab.limit.kind == "linear"
    assert tab.limit.value == pytest.approx(2 / largest, rel=1e-9)
    assert tab.bends == ()


def test_an_exploded_run_has_no_end_to_stay_at() -> None:
    tab = explained(product(), X, X * 1.5, 5.0, 4)
    assert tab.kind == "exploded"
    assert [bend.step for bend in tab.bends] == [1]
    assert not said(tab, "At the end it bends")
