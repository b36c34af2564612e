"""A function without inputs: what it gives is a matter of its weights alone.

Gradient descent can go down any function, not only the error of a net: (x² − 9)² from some x. The
weights are called as in the text. The sheet side writes the derivative down by the rules of
calculus; the torch side has the function alone, and autograd.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from xlsgd.training.functions.calculus import FUNCTIONS, derivative, is_never_negative, written
from xlsgd.training.nets.layer import Layer, Parameters, Shape

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["FUNCTION", "Function"]

_LONGEST = 200
_DEEPEST = 30
_KEY = "of_{}".format
"""PyTorch's name for a weight: a module has attributes that are called x."""
_LETTERS = re.compile(r"[a-z][0-9]?")


@dataclass(frozen=True)
class Function(Layer):
    """One number, made of weights by + − * / ^ and a few functions."""

    name = "Function"
    short = "f"
    summary = "a function of its weights"
    is_function = True

    text: str = "x^2"

    def __post_init__(self) -> None:
        if not self.weights:
            raise ValueError(f"Function needs a weight to move, got '{self.text}'")

    def __str__(self) -> str:
        return f"Function({self.text})"

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> Function:
        return cls(",".join(arguments).strip())

    @cached_property
    def _tree(self) -> ast.expr:
        """The function as a tree.  Raises ValueError for what is none."""
        if len(self.text) > _LONGEST:
            raise ValueError(f"Function takes {_LONGEST} characters at most")
        try:
            tree = ast.parse(self.text.replace("^", "**"), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ValueError(f"cannot read the function '{self.text}'") from error
        self._need(tree, _DEEPEST)
        return tree

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names in it that are no weights but inputs."""
        return ()

    def _is_known(self, name: str) -> bool:
        """Return whether something in it may be called so."""
        return _LETTERS.fullmatch(name) is not None

    def _need(self, node: ast.expr, depth: int) -> None:
        """Raise ValueError for anything but numbers, weights, arithmetic and known functions."""
        operators = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
        match node:
            case _ if depth == 0:
                raise ValueError(f"the function '{self.text}' is nested too deeply")
            case ast.Constant(value=float() | int() as value) if not isinstance(value, bool):
                if not abs(value) < 1e300:
                    raise ValueError(f"the function '{self.text}' has too great a number")
            case ast.Name(id=name) if self._is_known(name):
                pass
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                self._need(inner, depth - 1)
            case ast.BinOp(left=left, op=op, right=right) if isinstance(op, operators):
                if isinstance(op, ast.Pow) and not _is_whole(right):
                    raise ValueError(f"an exponent in '{self.text}' is no whole number above 0")
                self._need(left, depth - 1)
                self._need(right, depth - 1)
            case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in FUNCTIONS:
                self._need(inner, depth - 1)
            case _:
                raise ValueError(
                    f"cannot read '{ast.unparse(node)[:40]}' in the function '{self.text}'; it "
                    f"takes numbers, letters, + - * / ^ and {', '.join(FUNCTIONS)}"
                )

    @cached_property
    def weights(self) -> tuple[str, ...]:
        """What it is a function of, in the order in which the text names them."""
        return tuple(name for name in self._names if name not in self.inputs)

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """All names in it that are none of functions, in their order."""
        names = [node for node in ast.walk(self._tree) if isinstance(node, ast.Name)]
        names.sort(key=lambda node: node.col_offset)
        return tuple(dict.fromkeys(node.id for node in names if node.id not in FUNCTIONS))

    @property
    def may_be_negative(self) -> bool:
        """Whether it might be below 0 somewhere."""
        return not is_never_negative(self._tree)

    def outputs(self, inputs: int) -> int:
        return 1

    def parameter_shapes(self) -> dict[str, Shape]:
        return {_KEY(name): () for name in self.weights}

    def parameter_names(self) -> dict[str, str]:
        return {_KEY(name): name for name in self.weights}

    @property
    def adds_up_weights(self) -> bool:
        slopes = [derivative(self._tree, name) for name in self.weights]
        left = {n.id for slope in slopes for n in ast.walk(slope) if isinstance(n, ast.Name)}
        return left.isdisjoint(self.weights)

    # Sheet side

    def forward(self, x: Sequence[str], p: Parameters) -> list[str]:
        cells = {name: p[_KEY(name)] for name in self.weights}
        return [written(self._tree, {**cells, **self._cells(x)})]

    def _cells(self, x: Sequence[str]) -> dict[str, str]:
        """Return the expressions of the inputs by their names."""
        return dict(zip(self.inputs, x, strict=False))

    def at(self, cells: Mapping[str, str]) -> str:
        """Return the expression of the function where its weights are these."""
        return written(self._tree, cells)

    def slope_by(self, by: str, cells: Mapping[str, str]) -> str:
        """Return the expression of its derivative by a weight."""
        return written(derivative(self._tree, by), cells)

    def bend(self, by: str, cells: Mapping[str, str]) -> str:
        """Return the expression of its second derivative by a weight."""
        return written(derivative(derivative(self._tree, by), by), cells)

    def backward(
        self, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: Parameters
    ) -> list[str]:
        cells = {**{name: p[_KEY(name)] for name in self.weights}, **self._cells(x)}
        handed = [
            f"{grad[0]}*({written(derivative(self._tree, name), cells)})" for name in self.inputs
        ]
        return handed or ["0" for _ in x]

    def parameter_gradients(self, grad: Sequence[str], x: Sequence[str]) -> dict[str, Any]:
        cells = {**{name: f"{{param.{name}}}" for name in self.weights}, **self._cells(x)}
        return {
            _KEY(name): [grad[0], f"({written(derivative(self._tree, name), cells)})"]
            for name in self.weights
        }

    # Torch side

    def module(self) -> nn.Module:
        import torch

        tree, weights, inputs = self._tree, self.weights, self.inputs

        class Evaluated(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                for name in weights:
                    zero = torch.zeros((), dtype=torch.float64)
                    self.register_parameter(_KEY(name), torch.nn.Parameter(zero))

            def forward(self, x: Tensor) -> Tensor:
                own = {name: getattr(self, _KEY(name)) for name in weights}
                own |= dict(zip(inputs, x.unbind(-1), strict=False))
                found = _evaluated(tree, own)
                return found[..., None] if inputs else found.expand(*x.shape[:-1], 1)

        return Evaluated()

    def value_of(self, weights: Mapping[str, Tensor]) -> Tensor:
        """Return the function where its weights are these, by their names."""
        return _evaluated(self._tree, weights)

    def rounded(
        self, parameters: Mapping[str, Tensor], x: Tensor, rounding: Callable[[Tensor], Tensor]
    ) -> Tensor:
        own = {name: parameters[_KEY(name)] for name in self.weights}
        own |= dict(zip(self.inputs, x.unbind(-1), strict=False))
        return _evaluated(self._tree, own, rounding)[:, None]

    def of_many(self, module: nn.Module, parameters: Mapping[str, Tensor], x: Tensor) -> Tensor:
        import torch

        own = {name: parameters[_KEY(name)] for name in self.weights}
        own |= dict(zip(self.inputs, x, strict=False))
        value = _evaluated(self._tree, own)
        # Spread over the rows that there are.
        return (value + torch.zeros_like(x[0]))[None]


def _is_whole(node: ast.expr) -> bool:
    value = node.value if isinstance(node, ast.Constant) else None
    return type(value) is int and 1 <= value <= 99


def _as_it_is(value: Tensor) -> Tensor:
    return value


def _evaluated(
    node: ast.expr,
    weights: Mapping[str, Tensor],
    rounding: Callable[[Tensor], Tensor] = _as_it_is,
) -> Tensor:
    """Torch side: return what a tree gives for tensors.  rounding: of every result on the way."""
    import torch

    def of(inner: ast.expr) -> Tensor:
        return _evaluated(inner, weights, rounding)

    match node:
        case ast.Constant(value=value):
            return torch.tensor(float(value), dtype=torch.float64)  # type: ignore[arg-type]
        case ast.Name(id=name):
            return _no_infinity(weights[name])
        case ast.UnaryOp(operand=inner):
            return -of(inner)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            found = of(left) ** int(ast.literal_eval(right))
        case ast.BinOp(left=left, op=op, right=right):
            one, other = of(left), of(right)
            if isinstance(op, ast.Add):
                found = one + other
            elif isinstance(op, ast.Sub):
                found = one - other
            else:
                found = one * other if isinstance(op, ast.Mult) else one / other
        case ast.Call(func=ast.Name(id=name), args=[inner]):
            found = getattr(torch, FUNCTIONS[name].torch)(of(inner))
        case _:
            raise AssertionError(ast.dump(node))
    found = _no_infinity(found)
    # A number without a row is made of constants.
    return rounding(found) if found.dim() else found


def _no_infinity(value: Tensor) -> Tensor:
    """Return a number, or no number at all where it is infinite.

    A cell has no infinity: 1/0 is an error there, and an error spreads, into derivatives as well;
    of infinity tanh would make 1, and exp(-x) would make 0.
    """
    return value + (value - value)


FUNCTION = Function
