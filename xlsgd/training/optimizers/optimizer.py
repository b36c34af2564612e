"""What an optimizer has to tell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from xlsgd.base.columns import Column, Input

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from xlsgd.training.functions.function import Function
    from xlsgd.training.functions.landscape import Landscape

__all__ = ["CONVENTIONS", "Optimizer"]

CONVENTIONS = ("torch", "fastai")


class Optimizer(ABC):
    """A rule that turns a gradient and what is remembered of earlier ones into a step.

    In the sheet an optimizer sees one parameter at a time and remembers in columns; in torch it
    is a ``torch.optim`` class that remembers in its state. ``state`` joins the two.
    """

    name: ClassVar[str]
    order: ClassVar[int] = 100
    """Where it stands in lists: simpler ones first."""
    convention: ClassVar[str] = "torch"
    variant_of: ClassVar[str | None] = None
    """The optimizer that it replaces under another convention."""
    summary: ClassVar[str]
    torch_line: ClassVar[str]
    """The line of PyTorch that gives the same."""
    hyperparameters: ClassVar[tuple[Input, ...]] = ()
    state: ClassVar[Mapping[str, str]] = {}
    """What it remembers per parameter: quantity name to its key in torch's state."""
    start_state: ClassVar[str] = "0"
    """What it remembers before the first step: a number, or a template in which ``{p}`` stands
    for the parameter's name and ``first.`` for the first row."""

    counts_steps: ClassVar[bool] = False
    """Whether the number of the step enters the formula."""

    uses_weight: ClassVar[bool] = False
    """Whether a step depends on the weight that it moves, as weight decay makes it."""

    step_is_slope: ClassVar[bool] = False
    """Whether a step is the learning rate times the slope and nothing else: then a row of data
    overshoots where the learning rate times the curvature of its loss is above 1."""

    stable_factor: ClassVar[str] = ""
    """Template of the largest stable learning_rate times the largest curvature, where every step
    sees the same parabola; empty where no such number exists."""

    steps_apart: ClassVar[bool] = False
    """Whether torch takes one number of the step for all tensors, and computes with it."""

    starts_empty: ClassVar[bool] = False
    """Whether torch remembers nothing at all before the first step, and not zeros."""

    own_rates: ClassVar[str] = ""
    """Why it takes no learning-rate schedule, as a sentence; empty where it takes one."""

    of_function: ClassVar[bool] = False
    """Whether it looks at the function itself, which has no data then, and not at slopes alone: it
    has ``function_columns``, and in torch a ``Landscape`` as its attribute of that name."""

    scales: ClassVar[bool] = True
    """Of those: whether a step is the learning rate times something."""

    momentum_key: ClassVar[str] = ""
    """The hyperparameter that torch's cyclic schedules move together with the rate."""

    special_cases: ClassVar[Mapping[str, Mapping[str, float]]] = {}
    """The rules that it is with some hyperparameters, by their names: of groups of weights, some
    may go by those."""

    torch_class: ClassVar[str] = ""
    """The class in torch.optim that it is, with the options that ``reads`` asks for. It is not
    inherited: a rule made of another is not what torch has because of that."""

    torch_names: ClassVar[Mapping[str, str]] = {}
    """torch's names of hyperparameters that are called otherwise there; ``betas.0`` is the first
    of its betas."""

    @abstractmethod
    def columns(self, p: str, g: str) -> list[Column]:
        """Sheet side: return its columns for parameter p; the last one is ``new.p``.

        g: the quantity that holds the gradient.
        ``{prev.…}`` of a state in the first row is its start value.
        """

    @abstractmethod
    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        """Torch side: return ``torch.optim``'s class for it."""

    def fault(self, hyper: Mapping[str, float]) -> str:
        """Return what is wrong with hyperparameters that no range of one of them says; else
        nothing."""
        return ""

    def step_columns(self) -> list[Column]:
        """Sheet side: return columns of the step itself, the same for every parameter."""
        return []

    def function_columns(self, parameters: Sequence[str], function: Function) -> list[Column]:
        """Sheet side: return columns of what it looks at besides slopes, where ``of_function``."""
        return []

    def seen_of_function(
        self,
        landscape: Landscape,
        weights: Sequence[Tensor],
        steps: Tensor,
        rates: Tensor,
        hyper: Mapping[str, float],
    ) -> dict[str, Tensor]:
        """Torch side of ``function_columns``.

        weights: before the step, as the landscape takes them.   steps: their numbers, from 1.
        rates: of every step.
        """
        return {}

    def of_steps(
        self,
        step: Tensor,
        hyper: Mapping[str, Tensor],
        learning_rate: float,
        rounding: Callable[[Tensor], Tensor],
    ) -> dict[str, Tensor]:
        """Torch side of ``step_columns``.

        step: numbers of steps, from 1, shape (steps,).   hyper: of every member, shape (members, 1)
        each.   rounding: what becomes of numbers that cancel later on, shape (members, steps).
        """
        return {}

    def start_of(self, state: str) -> str:
        """Return what a state holds before the first step, as ``start_state``."""
        return self.start_state

    def torch_start_of(self, state: str, gradient: Tensor, learning_rate: float) -> Tensor | float:
        """Torch side of ``start_of``.  gradient: of the first row, one for every run."""
        return self.torch_start_state(gradient)

    def torch_start_state(self, gradient: Tensor) -> Tensor | float:
        """Torch side of ``start_state``.  gradient: of the first row, one for every run."""
        return 0.0

    def torch_counters(self, done: int, group: Mapping[str, Any]) -> dict[str, float]:
        """Torch side: return what else torch remembers after so many steps: what follows from
        their number, by its key in torch's state.  group: torch's options."""
        return {}

    def looks_at_memory(self, step: int, group: Mapping[str, Any]) -> bool:
        """Torch side: return whether the weight after a step follows from all that is remembered.
        torch divides by infinity and stands still where that passes what a cell holds; a cell has
        no infinity, and the weight is no number.  group: torch's options."""
        return True

    def product_of_slopes(self, gradient: Tensor, state: Mapping[str, Any]) -> Tensor | None:
        """Torch side: return a product of which a step takes nothing but the sign, or None.
        In torch that of infinity is 1; a cell has neither.  state: torch's, before the step."""
        return None

    def reads(self, group: Mapping[str, Any]) -> bool:
        """Return whether it is what torch's class does with the options of a group."""
        return True

    def read_start(self, group: Mapping[str, Any]) -> dict[str, float]:
        """Return the start of states, by their names, where options of a group give it."""
        return {}

    def derived(
        self, state: Mapping[str, Tensor], step: Tensor, hyper: Mapping[str, float]
    ) -> dict[str, Tensor]:
        """Torch side: return what its columns show beyond state and step.

        state: the new state.   step: number of the step, from 1.
        """
        return {}


def column(
    quantity: str,
    formula: str,
    paper: str,
    note: str,
    torch_line: str,
    symbol: str = "",
    first: str | None = None,
) -> Column:
    """Return a column under the heading that all optimizers share.

    symbol: what stands on paper for what is remembered of a parameter, such as ``m``.
    """
    kind, _, p = quantity.partition(".")
    return Column(
        quantity,
        formula,
        paper=paper,
        note=note,
        torch=torch_line,
        group="update",
        first=first,
        symbol=f"{symbol or kind} {p}".strip(),
    )
