"""Nets of two layers and several outputs, with a row of data a step, as people write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.foreign.plans import Column, Plan, Tab, Way
from tests.foreign.reference import plain, train

__all__ = ["ways"]

X1 = (0.2, 0.9, -0.4, 0.7, -0.8, 0.5)
X2 = (0.6, -0.3, 0.8, 0.4, -0.5, -0.9)
Y = (0.9, 0.2, 0.7, 0.8, 0.1, 0.3)
STEPS, RATE = 6, 0.4
START = {
    "w11": 0.4, "w12": -0.3, "b1": 0.15, "w21": -0.25, "w22": 0.5, "b2": 0.1,
    "v1": 0.6, "v2": -0.45, "c": 0.2,
}  # fmt: skip
WEIGHTS = tuple(START)

_ACT = {
    # What goes forward, and its derivative by what came in (z) or what came out (h).
    "sigmoid": ("1/(1+EXP(-[z]))", "[h]*(1-[h])"),
    "tanh": ("TANH([z])", "(1-[h]^2)"),
    "relu by IF": ("IF([z]>0,[z],0)", "IF([z]>0,1,0)"),
    "relu by MAX": ("MAX(0,[z])", "([z]>0)"),
}


def _act(kind: str, z: Any) -> Any:
    import torch

    name = kind.partition(" ")[0]
    return getattr(torch, name)(z)


def _net_loss(inner: str, outer: str | None, scale: float) -> Any:
    def loss(*given: Any) -> Any:
        *w, step = given
        w11, w12, b1, w21, w22, b2, v1, v2, c = w
        x1, x2, y = X1[step % 6], X2[step % 6], Y[step % 6]
        h1 = _act(inner, w11 * x1 + w12 * x2 + b1)
        h2 = _act(inner, w21 * x1 + w22 * x2 + b2)
        out = v1 * h1 + v2 * h2 + c
        return scale * ((_act(outer, out) if outer else out) - y) ** 2

    return loss


def _named(formula: str, z: str, h: str) -> str:
    return formula.replace("[z]", f"[{z}]").replace("[h]", f"[{h}]")


def _net(name: str, inner: str, outer: str | None, deltas: bool, **how: Any) -> Way:
    """Return a way.   deltas: whether slopes by z and h have columns of their own."""
    up, slope = _ACT[inner]
    columns: dict[str, Column] = {w: (START[w], f"=[n{w}-1]") for w in WEIGHTS}
    columns |= {"x1": X1, "x2": X2, "y": Y}
    for i in "12":
        columns[f"z{i}"] = f"=[w{i}1]*[x1]+[w{i}2]*[x2]+[b{i}]"
        columns[f"h{i}"] = "=" + _named(up, f"z{i}", f"h{i}")
    columns["zo"] = "=[v1]*[h1]+[v2]*[h2]+[c]"
    columns["p"] = "=" + _named(_ACT[outer][0], "zo", "p") if outer else "=[zo]"
    columns["loss"] = "=0.5*([p]-[y])^2"
    last = "([p]-[y])" + ("*[p]*(1-[p])" if outer else "")
    if deltas:
        columns["dp"] = "=[p]-[y]"
        columns["dzo"] = "=[dp]" + ("*[p]*(1-[p])" if outer else "")
        for i in "12":
            columns[f"dh{i}"] = f"=[dzo]*[v{i}]"
            columns[f"dz{i}"] = f"=[dh{i}]*" + _named(slope, f"z{i}", f"h{i}")
        last = "[dzo]"
    back = {
        i: f"[dz{i}]" if deltas else f"{last}*[v{i}]*" + _named(slope, f"z{i}", f"h{i}")
        for i in "12"
    }
    slopes = {
        "w11": back["1"] + "*[x1]", "w12": back["1"] + "*[x2]", "b1": back["1"],
        "w21": back["2"] + "*[x1]", "w22": back["2"] + "*[x2]", "b2": back["2"],
        "v1": last + "*[h1]", "v2": last + "*[h2]", "c": last,
    }  # fmt: skip
    columns |= {f"g{w}": "=" + text for w, text in slopes.items()}
    columns |= {f"n{w}": f"=[{w}]-[rate]*[g{w}]" for w in WEIGHTS}
    plan = Plan(Tab(name), STEPS, {"rate": ("B1", RATE)}, columns, **how)
    loss = _net_loss(inner, outer, 0.5)
    return _finished(plan, WEIGHTS, [START[w] for w in WEIGHTS], loss)


def _finished(
    plan: Plan, weights: Sequence[str], start: Sequence[float], loss: Any, assumed: bool = False
) -> Way:
    truth = plan.truth(
        weights,
        "gradient descent",
        loss=None if assumed else "loss",
        assumed="(?i)entropy|ln|log" if assumed else "",
        gradients=[f"g{w}" for w in weights],
        updates=[f"n{w}" for w in weights],
    )
    return plan.way(
        truth, [f"n{w}" for w in weights], lambda: train(start, loss, plain(RATE), plan.steps)
    )


CLASS = (1.0, 0.0, 1.0, 1.0, 0.0, 0.0)


def _logistic(name: str, words: str | None, **how: Any) -> Way:
    """Return logistic regression.   words: formula of the loss; None without one."""
    weights = ("w1", "w2", "b")
    start = (0.3, -0.2, 0.1)
    columns: dict[str, Column] = {w: (s, f"=[n{w}-1]") for w, s in zip(weights, start, strict=True)}
    columns |= {"x1": X1, "x2": X2, "y": CLASS, "z": "=[w1]*[x1]+[w2]*[x2]+[b]"}
    columns["p"] = "=1/(1+EXP(-[z]))"
    if words:
        columns["loss"] = words
    columns |= {"gw1": "=([p]-[y])*[x1]", "gw2": "=([p]-[y])*[x2]", "gb": "=[p]-[y]"}
    columns |= {f"n{w}": f"=[{w}]-[rate]*[g{w}]" for w in weights}
    plan = Plan(Tab(name), STEPS, {"rate": ("B1", RATE)}, columns, **how)

    def loss(w1: Any, w2: Any, b: Any, step: int) -> Any:
        import torch

        z = w1 * X1[step % 6] + w2 * X2[step % 6] + b
        return torch.nn.functional.softplus(z) - CLASS[step % 6] * z

    return _finished(plan, weights, start, loss, assumed=words is None)


def _softmax(name: str, words: str) -> Way:
    """Return three outputs with softmax.   words: the loss."""
    kinds = "abc"
    weights = [f"{w}{k}" for k in kinds for w in ("u", "v", "b")]
    start = [0.3, -0.2, 0.1, -0.4, 0.25, 0.0, 0.15, 0.35, -0.1]
    columns: dict[str, Column] = {w: (s, f"=[n{w}-1]") for w, s in zip(weights, start, strict=True)}
    columns |= {"x1": X1, "x2": X2}
    for i, k in enumerate(kinds):
        columns[f"t{k}"] = tuple(float(step % 3 == i) for step in range(6))
    columns |= {f"z{k}": f"=[u{k}]*[x1]+[v{k}]*[x2]+[b{k}]" for k in kinds}
    columns |= {f"e{k}": f"=EXP([z{k}])" for k in kinds}
    columns["sum"] = "=[ea]+[eb]+[ec]"
    columns |= {f"p{k}": f"=[e{k}]/[sum]" for k in kinds}
    columns["loss"] = words
    columns |= {f"d{k}": f"=[p{k}]-[t{k}]" for k in kinds}
    for k in kinds:
        columns |= {f"gu{k}": f"=[d{k}]*[x1]", f"gv{k}": f"=[d{k}]*[x2]", f"gb{k}": f"=[d{k}]"}
    columns |= {f"n{w}": f"=[{w}]-[rate]*[g{w}]" for w in weights}
    plan = Plan(Tab(name), STEPS, {"rate": ("B1", RATE)}, columns)

    def loss(*given: Any) -> Any:
        import torch

        *w, step = given
        z = torch.stack(
            [w[3 * i] * X1[step % 6] + w[3 * i + 1] * X2[step % 6] + w[3 * i + 2] for i in range(3)]
        )
        return -torch.log_softmax(z, 0)[step % 3]

    return _finished(plan, weights, start, loss)


def ways() -> list[Way]:
    """Return ways to write nets."""
    entropy = "=-([y]*LN([p])+(1-[y])*LN(1-[p]))"
    return [
        _net("sigmoids with deltas", "sigmoid", "sigmoid", True),
        _net("sigmoids in long products", "sigmoid", "sigmoid", False),
        _net("tanh with deltas", "tanh", None, True),
        _net("tanh in long products", "tanh", None, False),
        _net("relu by IF", "relu by IF", None, True),
        _net("relu by MAX", "relu by MAX", "sigmoid", True),
        _net("relu in long products", "relu by IF", None, False),
        _net("a step is a column", "sigmoid", "sigmoid", True, at="D6", across=True),
        _net("a net without words", "sigmoid", "sigmoid", True, labels=False, at="C3"),
        _logistic("logistic regression", entropy),
        _logistic("logistic regression by IF", "=IF([y]=1,-LN([p]),-LN(1-[p]))"),
        _logistic("logistic regression without loss", None),
        _softmax("softmax", "=-([ta]*LN([pa])+[tb]*LN([pb])+[tc]*LN([pc]))"),
        _softmax("softmax by the right one", "=-LN([ta]*[pa]+[tb]*[pb]+[tc]*[pc])"),
    ]
