"""A schedule that somebody writes down: a formula of the learning rate and the number of the step.

It is what torch.optim.lr_scheduler.LambdaLR takes a Python function for. The text is taken apart
into numbers, names, arithmetic and a few functions, and nothing else is ever run.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.base.errors import SpecError
from xlsgd.training.schedules.schedule import EVERY, Schedule

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = ["Formula", "is_formula"]

_RATE, _STEP, _COUNT = "learning_rate", "step", "count"
_NAMES = (_RATE, _STEP, _COUNT)
_ONE = {"exp": math.exp, "ln": math.log, "sqrt": math.sqrt, "cos": math.cos, "sin": math.sin}
_MORE = {"min": min, "max": max}
_SIGNS = {ast.Add: ("+", 1), ast.Sub: ("-", 1), ast.Mult: ("*", 2), ast.Div: ("/", 2),
          ast.Pow: ("^", 4)}  # fmt: skip
_ORDERS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
_LONGEST, _DEEPEST = 200, 30


def is_formula(text: str) -> bool:
    """Return whether a text is meant for a formula, and not for the name of a schedule."""
    return _RATE in text


@dataclass(frozen=True)
class Formula(Schedule):
    """The rate of a step as a formula such as ``learning_rate/(1+0.1*step)``.

    learning_rate: as typed in.   step: from 1.   count: how often the rate has been set anew, from
    0.   ``a if step<10 else b`` chooses.   Raises SpecError for anything else.
    """

    text: str

    torch_line = "torch.optim.lr_scheduler.LambdaLR(optimizer, …)  # times the rate"

    def __post_init__(self) -> None:
        names = {node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name)}
        if _RATE not in names:
            raise SpecError(f"the rate '{self.text}' does not depend on {_RATE}; it has to")
        if {_STEP, _COUNT} <= names:
            raise SpecError(f"the rate '{self.text}' counts in two ways; use step or count")

    @property
    def name(self) -> str:  # type: ignore[override]
        return self.text

    @property
    def summary(self) -> str:  # type: ignore[override]
        return self.text.replace("*", "·").replace("-", "−")

    @property
    def hyperparameters(self) -> tuple[Input, ...]:  # type: ignore[override]
        counts = any(isinstance(n, ast.Name) and n.id == _COUNT for n in ast.walk(self._tree))
        return (EVERY,) if counts else ()

    @cached_property
    def _tree(self) -> ast.expr:
        if len(self.text) > _LONGEST:
            raise SpecError(f"a rate of {len(self.text)} characters; {_LONGEST} are the most")
        try:
            tree = ast.parse(self.text.replace("^", "**").strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise SpecError(f"cannot read the rate '{self.text}'") from error
        self._need(tree, _DEEPEST)
        return tree

    def _need(self, node: ast.expr, depth: int) -> None:
        """Raise SpecError for anything but numbers, names, arithmetic and known functions."""
        parts: list[ast.expr] = []
        match node:
            case _ if depth == 0:
                raise SpecError(f"the rate '{self.text}' is nested too deeply")
            case ast.Constant(value=float() | int() as value) if not isinstance(value, bool):
                if not abs(value) < 1e300:
                    raise SpecError(f"the rate '{self.text}' has too great a number")
            case ast.Name(id=name) if name in _NAMES:
                pass
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                parts = [inner]
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _SIGNS:
                parts = [left, right]
            case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in _ONE:
                parts = [inner]
            case ast.Call(func=ast.Name(id=name), args=[one, other], keywords=[]) if name in _MORE:
                parts = [one, other]
            case ast.IfExp(
                test=ast.Compare(left=left, ops=[order], comparators=[right]), body=yes, orelse=no
            ) if type(order) in _ORDERS:
                parts = [left, right, yes, no]
            case _:
                raise SpecError(
                    f"cannot read '{ast.unparse(node)[:40]}' in the rate '{self.text}'; it takes "
                    f"numbers, {', '.join(_NAMES)}, + - * / ^, {', '.join((*_ONE, *_MORE))} and "
                    "a if b<c else d"
                )
        for part in parts:
            self._need(part, depth - 1)

    # Sheet side

    def rate(self) -> str:
        return _written(self._tree)[0]

    # Torch side

    def torch_scheduler(self, optimizer: Optimizer, hyper: Mapping[str, float]) -> LRScheduler:
        from torch.optim.lr_scheduler import LRScheduler

        tree = self._tree

        class ByFormula(LRScheduler):
            def get_lr(self) -> list[float]:  # type: ignore[override]
                count = float(self.last_epoch)
                return [
                    _number(tree, {_RATE: float(base), _STEP: count + 1, _COUNT: count})
                    for base in self.base_lrs
                ]

        return ByFormula(optimizer)


def _plain(value: float) -> str:
    """Return a number without an exponent, which programs read differently."""
    mantissa, _, power = f"{value:.15g}".partition("e")
    if not power:
        return mantissa
    if abs(int(power)) <= _LONGEST // 10:
        return format(Decimal(repr(value)), "f")
    return f"({mantissa}*10^{int(power)})"


def _written(node: ast.expr) -> tuple[str, int]:
    """Return the text in a sheet, and how strongly it holds together: 1 a sum, 2 a product, 4 a
    power, 5 a cell."""

    def within(inner: ast.expr, strength: int) -> str:
        text, own = _written(inner)
        return text if own >= strength else f"({text})"

    match node:
        case ast.Constant(value=value):
            return _plain(float(value)), 5  # type: ignore[arg-type]
        case ast.Name(id=name):
            return f"{{{name}}}", 5
        case ast.UnaryOp(operand=inner):
            # In parentheses: a sheet takes -x^2 for (-x)^2.
            return f"(-{within(inner, 5)})", 5
        case ast.BinOp(left=left, op=op, right=right):
            sign, strength = _SIGNS[type(op)]
            text = within(left, strength + (sign == "^"))
            return f"{text}{sign}{within(right, strength + (sign in '-/^'))}", strength
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return f"{name.upper()}({','.join(_written(each)[0] for each in arguments)})", 5
        case ast.IfExp(test=ast.Compare(left=left, ops=[order], comparators=[right])):
            compared = within(left, 1) + _ORDERS[type(order)] + within(right, 1)
            return f"IF({compared},{_written(node.body)[0]},{_written(node.orelse)[0]})", 5
    raise AssertionError(ast.dump(node))


def _number(node: ast.expr, names: Mapping[str, float]) -> float:
    """Torch side: return what a formula gives, nan where that is no number."""
    try:
        found = _evaluated(node, names)
        return found if math.isfinite(found) else math.nan
    except (ArithmeticError, ValueError, TypeError):
        return math.nan


def _evaluated(node: ast.expr, names: Mapping[str, float]) -> float:
    def of(inner: ast.expr) -> float:
        return _evaluated(inner, names)

    match node:
        case ast.Constant(value=value):
            return float(value)  # type: ignore[arg-type]
        case ast.Name(id=name):
            return names[name]
        case ast.UnaryOp(operand=inner):
            return -of(inner)
        case ast.BinOp(left=left, op=op, right=right):
            one, other = of(left), of(right)
            if isinstance(op, ast.Pow):
                return math.pow(one, other)
            if isinstance(op, ast.Add):
                return one + other
            if isinstance(op, ast.Sub):
                return one - other
            return one * other if isinstance(op, ast.Mult) else one / other
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return float({**_ONE, **_MORE}[name](*map(of, arguments)))  # type: ignore[operator]
        case ast.IfExp(test=ast.Compare(left=left, ops=[order], comparators=[right])):
            one, other = of(left), of(right)
            less = one < other if isinstance(order, (ast.Lt, ast.GtE)) else one <= other
            straight = isinstance(order, (ast.Lt, ast.LtE))
            return of(node.body if less == straight else node.orelse)
    raise AssertionError(ast.dump(node))
