"""What an optimizer's step is made of, found by trying the optimizer itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from xlsgd.torch_side import Stepper, load_torch
from xlsgd.torch_side.stability.linearity import NoLimitError
from xlsgd.training.experiment import Experiment

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LinearStep", "linear_step"]


@dataclass(frozen=True)
class LinearStep:
    """One step of an optimizer whose memory and step are sums of memory and gradient.

    memory after = kept · memory + taken · gradient
    step         = learning_rate · (from_memory · memory + from_gradient · gradient)

    kept: shape (memories, memories).   taken, from_memory: shape (memories,).
    Downhill is negative: plain gradient descent has no memory and from_gradient = -1.
    """

    kept: Tensor
    taken: Tensor
    from_memory: Tensor
    from_gradient: float

    @property
    def reach(self) -> float:
        """All that one gradient ever moves a weight by, in units of learning_rate · gradient."""
        import torch

        fading = torch.eye(len(self.taken), dtype=torch.float64) - self.kept
        return self.from_gradient + float(self.from_memory @ torch.linalg.solve(fading, self.taken))

    def safe_rate(self) -> float:
        """Return a learning rate that cannot be unstable while no step sees a curvature above 1.

        Whatever the order of the rows, and however different they are. It is where a wave of
        gradients of any frequency, answered by steps, is still weaker than the wave itself; the
        real part of the answer decides. For gradient descent it is 2; it shrinks by the square of
        1 - beta for a heavy ball.
        Source: the circle criterion, for sampled systems by Tsypkin 1964.
        """
        import torch

        frequency = torch.logspace(-8, 0, 4001, dtype=torch.float64) * torch.pi
        # z - 1 for z = e^(i·frequency); like this it has all its digits next to frequency 0.
        turn = torch.complex(-2 * torch.sin(frequency / 2) ** 2, torch.sin(frequency))
        answer = torch.full_like(turn, self.from_gradient)
        if len(self.taken):
            one = torch.eye(len(self.taken), dtype=torch.complex128)
            forgetting = turn[:, None, None] * one + (one - self.kept)
            memory = torch.linalg.solve(forgetting, self.taken.to(turn.dtype))
            answer = answer + memory @ self.from_memory.to(turn.dtype)
        return 1 / float((answer / turn).real.max())


def linear_step(experiment: Experiment) -> LinearStep:
    """Return what the step of the experiment's optimizer is made of.

    torch's optimizer is tried on a weight of 1, on every memory of 1 and on a gradient of 1, each
    with all else 0; then it is tried on a hundred mixtures, whether they add up, and at another
    learning rate.
    Raises NoLimitError if they don't, or if it counts its steps.
    """
    name = experiment.optimizer.name
    if experiment.optimizer.of_function:
        raise NoLimitError("it looks at the function itself, and does not go by its slope alone")
    if experiment.optimizer.counts_steps:
        raise NoLimitError(
            f"{name} counts its steps: the same gradient leads to another step later on, and no "
            "learning rate is the limit for all of them"
        )
    torch = load_torch()
    size = 2 + len(experiment.optimizer.state)  # weight, memories, gradient
    basis = torch.eye(size, dtype=torch.float64)
    found = _after(experiment, basis, learning_rate=1.0)
    if not _adds_up(experiment, found):
        raise NoLimitError(
            f"the step of {name} is not proportional to the gradient: twice the gradient is not "
            "twice the step, so it is not the learning rate alone that decides how it ends"
        )
    expected = found.clone()
    expected[:, 0] = basis[:, 0] + (found[:, 0] - basis[:, 0]) / 2
    halved = _after(experiment, basis, learning_rate=0.5)
    alone = torch.equal(found[0], basis[0, :-1])
    if not alone or not torch.allclose(halved, expected, rtol=1e-12, atol=1e-15):
        raise NoLimitError(
            f"the step of {name} is not learning_rate times something made of gradients alone"
        )
    step = LinearStep(
        kept=found[1:-1, 1:].T.clone(),
        taken=found[-1, 1:].clone(),
        from_memory=found[1:-1, 0].clone(),
        from_gradient=float(found[-1, 0]),
    )
    if len(step.taken) and torch.linalg.eigvals(step.kept).abs().max() >= 1:
        raise NoLimitError(f"{name} never forgets a gradient, so it never comes to rest")
    if step.reach >= 0:
        raise NoLimitError(f"the steps of {name} do not lead downhill at any learning rate")
    return step


def _after(experiment: Experiment, before: Tensor, learning_rate: float) -> Tensor:
    """Return weight and memories after one step.

    before: weight, memories and gradient, shape (runs, 2 + memories).
    """
    import torch

    weight, *memories, gradient = before.unbind(1)
    stepper = Stepper(replace(experiment, learning_rate=learning_rate), {"w": weight})
    names = [f"{name}.w" for name in experiment.optimizer.state]
    stepper.remember(dict(zip(names, memories, strict=True)), torch.zeros_like(weight))
    stepper.step({"w": gradient})
    after = stepper.memory()
    return torch.stack([stepper.parameters["w"], *(after[name] for name in names)], 1)


def _adds_up(experiment: Experiment, found: Tensor) -> bool:
    """Return whether steps from mixtures are mixtures of the steps found."""
    import torch

    random = torch.Generator().manual_seed(0)  # any mixtures will do; the same ones every time
    size = (100, len(found))
    mixtures = torch.randn(size, generator=random, dtype=torch.float64)
    mixtures *= 10 ** (12 * torch.rand(size, generator=random, dtype=torch.float64) - 6)
    mixtures[0] = 0
    allowed = 1e-12 * mixtures.abs() @ found.abs()
    return bool(((_after(experiment, mixtures, 1.0) - mixtures @ found).abs() <= allowed).all())
