"""A torch optimizer whose memory goes by the names that the sheet uses."""

from __future__ import annotations

from inspect import unwrap
from typing import TYPE_CHECKING

from xlsgd.training.experiment import Experiment

if TYPE_CHECKING:
    from torch import Tensor

    Tensors = dict[str, Tensor]

__all__ = ["Stepper", "start_state"]


class Stepper:
    """Parameters and the optimizer that moves them.

    parameters: shape (…) each; every element is a run of its own, since all these optimizers
    treat every number by itself.
    """

    def __init__(self, experiment: Experiment, parameters: Tensors) -> None:
        self.parameters = {p: v.detach().clone() for p, v in parameters.items()}
        self._keys = experiment.optimizer.state
        self._counts_steps = experiment.optimizer.counts_steps
        hyper = {
            given.key: experiment.hyperparameter(given.key)
            for given in experiment.optimizer.hyperparameters
        }
        self._optimizer = experiment.optimizer.torch_optimizer(
            list(self.parameters.values()), experiment.learning_rate, hyper
        )
        # The method without what torch wraps around it: profiler, hooks and its compiler, whose
        # import takes 0.8 s.  None of them has anything to do here.
        self._step = unwrap(type(self._optimizer).step)

    def remember(self, memory: Tensors, steps_done: Tensor) -> None:
        """Set what the optimizer knows of earlier steps."""
        for p, tensor in self.parameters.items():
            self._optimizer.state[tensor] = {
                key: memory[f"{name}.{p}"].detach().clone() for name, key in self._keys.items()
            }
            # Most of torch's optimizers count steps for nothing that they compute, and want one
            # number for all; where the number matters, every run has its own.
            step = steps_done.clone() if self._counts_steps else steps_done.new_zeros(())
            self._optimizer.state[tensor]["step"] = step

    def memory(self) -> Tensors:
        """Return what the optimizer remembers, by the sheet's names."""
        return {
            f"{name}.{p}": self._optimizer.state[tensor][key].detach().clone()
            for name, key in self._keys.items()
            for p, tensor in self.parameters.items()
        }

    def step(self, gradients: Tensors) -> None:
        """Do one step along gradients."""
        import torch

        for p, tensor in self.parameters.items():
            tensor.grad = gradients[p].detach()
        with torch.no_grad():
            self._step(self._optimizer)
        if self._optimizer.param_groups[0].get("momentum") == 0 and self._keys:
            # Without momentum torch keeps no buffer; the velocity is the gradient itself.
            for p, tensor in self.parameters.items():
                self._optimizer.state[tensor]["momentum_buffer"] = gradients[p].detach()


def start_state(experiment: Experiment, name: str, first: Tensors) -> Tensor:
    """Return what the optimizer remembers before the first step, shape (members,).

    name: such as ``velocity.a``.   first: the gradients of the first row, shape (members, 1).
    """
    import torch

    gradient = first[name.partition(".")[2]][:, 0]
    if name in experiment.start:
        return torch.full_like(gradient, experiment.start[name])
    start = experiment.optimizer.torch_start_state(gradient)
    return torch.as_tensor(start, dtype=torch.float64).expand(gradient.shape).clone()
