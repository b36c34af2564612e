"""Derivatives by the rules of calculus, and trees of arithmetic as text of a sheet."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["FUNCTIONS", "Known", "derivative", "is_never_negative", "written"]


@dataclass(frozen=True)
class Known:
    """A function of one number.

    sheet, torch: what it is called there.   slope: text of its derivative at x.
    """

    sheet: str
    torch: str
    slope: str


FUNCTIONS = {
    "exp": Known("EXP", "exp", "exp(x)"),
    "ln": Known("LN", "log", "1/x"),
    "log10": Known("LOG10", "log10", "1/(2.302585092994046*x)"),
    "sqrt": Known("SQRT", "sqrt", "1/(2*sqrt(x))"),
    "sin": Known("SIN", "sin", "cos(x)"),
    "cos": Known("COS", "cos", "-sin(x)"),
    "tanh": Known("TANH", "tanh", "1-tanh(x)**2"),
}


def is_never_negative(node: ast.expr) -> bool:
    """Return whether a tree is plainly 0 or more everywhere: made of squares and the like."""
    match node:
        case ast.Constant(value=value):
            return float(value) >= 0  # type: ignore[arg-type]
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return int(ast.literal_eval(right)) % 2 == 0 or is_never_negative(left)
        case ast.BinOp(left=left, op=ast.Mult(), right=right) if ast.dump(left) == ast.dump(right):
            return True
        case ast.BinOp(left=left, op=ast.Add() | ast.Mult() | ast.Div(), right=right):
            return is_never_negative(left) and is_never_negative(right)
        case ast.Call(func=ast.Name(id=name)):
            return name in ("exp", "sqrt")
    return False


def derivative(node: ast.expr, by: str) -> ast.expr:
    """Return the derivative of a tree with respect to a name."""
    zero = ast.Constant(0)
    match node:
        case ast.Name(id=name):
            return ast.Constant(1 if name == by else 0)
        case ast.UnaryOp(operand=inner):
            return _negative(derivative(inner, by))
        case ast.BinOp(left=left, op=op, right=right):
            one, other = derivative(left, by), derivative(right, by)
            if isinstance(op, ast.Add):
                return _sum(one, other)
            if isinstance(op, ast.Sub):
                return _difference(one, other)
            if isinstance(op, ast.Mult):
                return _sum(_product(one, right), _product(left, other))
            if isinstance(op, ast.Div):
                # Not over the square of what is below, which may be too large for a number.
                falls = _quotient(_product(_quotient(left, right), other), right)
                return _difference(_quotient(one, right), falls)
            exponent = int(ast.literal_eval(right))
            outer = _product(ast.Constant(exponent), _power(left, exponent - 1))
            return _product(outer, one)
        case ast.Call(func=ast.Name(id=name), args=[inner]):
            slope = ast.parse(FUNCTIONS[name].slope, mode="eval").body
            return _product(_put(slope, inner), derivative(inner, by))
    return zero


def _put(node: ast.expr, inner: ast.expr) -> ast.expr:
    """Return a tree of x with another in the place of x."""

    class Put(ast.NodeTransformer):
        def visit_Name(self, name: ast.Name) -> ast.expr:
            return inner if name.id == "x" else name

    found: ast.expr = Put().visit(node)
    return found


def _is(node: ast.expr, number: int) -> bool:
    return isinstance(node, ast.Constant) and node.value == number


def _negative(node: ast.expr) -> ast.expr:
    return node if _is(node, 0) else ast.UnaryOp(ast.USub(), node)


def _sum(one: ast.expr, other: ast.expr) -> ast.expr:
    if _is(one, 0):
        return other
    return one if _is(other, 0) else ast.BinOp(one, ast.Add(), other)


def _difference(one: ast.expr, other: ast.expr) -> ast.expr:
    if _is(other, 0):
        return one
    return _negative(other) if _is(one, 0) else ast.BinOp(one, ast.Sub(), other)


def _product(one: ast.expr, other: ast.expr) -> ast.expr:
    if _is(one, 0) or _is(other, 0):
        return ast.Constant(0)
    if _is(one, 1):
        return other
    return one if _is(other, 1) else ast.BinOp(one, ast.Mult(), other)


def _quotient(one: ast.expr, other: ast.expr) -> ast.expr:
    return one if _is(one, 0) or _is(other, 1) else ast.BinOp(one, ast.Div(), other)


def _power(one: ast.expr, exponent: int) -> ast.expr:
    if exponent == 0:
        return ast.Constant(1)
    return one if exponent == 1 else ast.BinOp(one, ast.Pow(), ast.Constant(exponent))


_STRENGTH: tuple[tuple[type[ast.operator], str, int], ...] = (
    (ast.Add, "+", 1),
    (ast.Sub, "-", 1),
    (ast.Mult, "*", 2),
    (ast.Div, "/", 2),
    (ast.Pow, "^", 4),
)


def written(node: ast.expr, names: Mapping[str, str]) -> str:
    """Return a tree as text of a sheet.

    names: what stands there for a name: the text of a factor.
    """
    return _written(node, names.__getitem__)[0]


def _written(node: ast.expr, name: Callable[[str], str]) -> tuple[str, int]:
    """Return the text, and how strongly it holds together: 1 a sum, 2 a product, 5 a cell."""
    match node:
        case ast.Constant(value=value):
            return f"{float(value):.15g}", 5  # type: ignore[arg-type]
        case ast.Name(id=id):
            return name(id), 5
        case ast.UnaryOp(operand=inner):
            # In parentheses: a sheet takes -x^2 for (-x)^2.
            return f"(-{_within(inner, name, 5)})", 5
        case ast.BinOp(left=left, op=op, right=right):
            sign, strength = next((s, n) for kind, s, n in _STRENGTH if isinstance(op, kind))
            # The right side of a difference or a quotient: (a - (b - c)) is not (a - b - c).
            ahead = strength + (sign in "-/^")
            text = f"{_within(left, name, strength + (sign == '^'))}{sign}"
            return text + _within(right, name, ahead), strength
        case ast.Call(func=ast.Name(id=function), args=[inner]):
            return f"{FUNCTIONS[function].sheet}({_written(inner, name)[0]})", 5
    raise AssertionError(ast.dump(node))


def _within(node: ast.expr, name: Callable[[str], str], strength: int) -> str:
    text, own = _written(node, name)
    return text if own >= strength else f"({text})"
