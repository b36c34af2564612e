"""Writes an expression as lines of Python, one for each operator or function.

Every name in the generated code is made here (``a0`` for operand 0, ``t1`` for a result) and every
constant goes through ``repr``; no text of the workbook ever gets into it as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from xlsgd.engines.fast.expression import Call, Constant, Expression, Operand
from xlsgd.engines.fast.kinds import (
    ANY,
    EMPTY,
    ERROR,
    MIXED,
    NUMBER,
    NUMBERS,
    TEXT,
    TRUTH,
    Unable,
    Written,
)

__all__ = ["Arguments", "Rule", "Size", "Writer"]

MOST_LINES = 1000  # a branch of IF repeats what it shares with the other: nested, that doubles


class Size(NamedTuple):
    """Of a range.

    rows: as the formula has it; None if it differs from cell to cell, as with ``A$1:A9``.
    stride: how many values of a row there are in the list, which ends with the cells in use.
    """

    rows: int | None
    columns: int
    stride: int


class Writer:
    """Lines of Python under construction.

    rules: how operators and functions are written; see rules.py.
    kinds: of every operand.  sizes: of those that are ranges, by operand number.
    mark: stands at the end of every name, so that several formulas can share a function.
    """

    def __init__(
        self,
        rules: Mapping[str, Rule],
        expression: Expression,
        kinds: Sequence[str],
        sizes: Mapping[int, Size],
        mark: str = "",
    ) -> None:
        self.lines: list[str] = []
        self._rules = rules
        self._expression = expression
        self._kinds = kinds
        self._sizes = sizes
        self._mark = mark
        self._names = 0
        # What has been written, by node; a block has a scope of its own on top, for what is
        # computed in one branch of an IF is not there in the other.
        self._scopes: list[dict[str, Written]] = [{}]

    def write(self) -> Written:
        """Write the whole expression, and return what stands for its value."""
        root = self._expression.root
        value = self.value(root)
        if value.kind in (NUMBERS, MIXED):
            raise Unable("a range")
        return Written("0.0", NUMBER) if value.kind == EMPTY else value

    # --- for the rules: writing ---

    def line(self, text: str) -> None:
        if len(self.lines) >= MOST_LINES:
            raise Unable("too long")
        self.lines.append("    " * (len(self._scopes) - 1) + text)

    def new_name(self) -> str:
        self._names += 1
        return f"t{self._names}{self._mark}"

    def let(self, text: str, kind: str) -> Written:
        """Write an assignment of text to a new name."""
        name = self.new_name()
        self.line(f"{name} = {text}")
        return Written(name, kind)

    def let_number(self, text: str) -> Written:
        """Write an assignment of a number, in doubt if it is inf or nan, which count as errors."""
        written = self.let(text, NUMBER)
        self.line(f"if {written.text} - {written.text} != 0.0: raise Doubt")
        return written

    @contextmanager
    def block(self, header: str) -> Iterator[None]:
        """Indent what is written inside."""
        self.line(header)
        self._scopes.append({})
        yield
        self._scopes.pop()

    # --- for the rules: arguments, by the id of their node ---

    def value(self, id_: str) -> Written:
        """Write what computes a node, unless that has been done."""
        for scope in reversed(self._scopes):
            if id_ in scope:
                return scope[id_]
        node = self._expression.nodes.get(id_)
        if isinstance(node, Operand):
            written = Written(f"a{node.slot}{self._mark}", self._kinds[node.slot])
        elif isinstance(node, Constant):
            written = _constant(node.value)
        elif isinstance(node, Call) and node.name in self._rules:
            written = self._rules[node.name](self, node.name, node.arguments)
        else:
            raise Unable(id_)
        self._scopes[-1][id_] = written
        return written

    def number(self, id_: str) -> str:
        """Return what stands for a node where a number is expected."""
        written = self.value(id_)
        if written.kind == ANY:
            self.line(f"if {written.text}.__class__ is not float: raise Doubt")
            written = self._scopes[-1][id_] = Written(written.text, NUMBER)
        if written.kind == NUMBER:
            return written.text
        if written.kind == TRUTH:
            return f"(1.0 if {written.text} else 0.0)"
        if written.kind == EMPTY:
            return "0.0"
        raise Unable("no number")

    def condition(self, id_: str) -> str:
        """Return what stands for a node where a truth value is expected."""
        written = self.value(id_)
        if written.kind == TRUTH:
            return written.text
        return f"{self.number(id_)} != 0.0"

    def joinable(self, id_: str) -> str:
        """Return what stands for a node where text is expected."""
        written = self.value(id_)
        if written.kind == TEXT:
            return written.text
        if written.kind == EMPTY:
            return "''"
        if written.kind in (NUMBER, ANY):
            return f"as_text({written.text})"
        if written.kind == TRUTH and not isinstance(self._expression.nodes[id_], Call):
            return f"str({written.text}).upper()"  # computed ones formulas writes "True" or "TRUE"
        raise Unable("no text")

    def numbers(self, ids: Sequence[str]) -> list[str]:
        """Return the items of a list of all numbers in these nodes, ranges included."""
        items = []
        for id_ in ids:
            written = self.value(id_)
            if written.kind == NUMBERS:
                items.append(f"*{written.text}")
            elif written.kind in (NUMBER, ANY):
                items.append(self.number(id_))
            else:
                raise Unable("functions of ranges have rules for what is no number")
        return items

    def numbers_range(self, id_: str) -> str:
        """Return what stands for a node that must be a range of numbers."""
        written = self.value(id_)
        if written.kind != NUMBERS:
            raise Unable("no range of numbers")
        return written.text

    def size(self, id_: str) -> Size | None:
        """Return the size of a node that is a range or a product of ranges, None for any other."""
        node = self._expression.nodes.get(id_)
        if isinstance(node, Call) and node.name == "MMULT":
            left, right = (self.size(argument) for argument in node.arguments)
            if left is None or right is None:
                return None
            return Size(left.rows, right.columns, right.columns)
        return self._sizes.get(node.slot) if isinstance(node, Operand) else None

    def whole_constant(self, id_: str) -> int | None:
        """Return a node that is a whole number written in the formula, None for any other."""
        node = self._expression.nodes.get(id_)
        if isinstance(node, Constant) and type(node.value) is int:
            return node.value
        return None

    def first_error(self, ids: Sequence[str]) -> Written | None:
        """Write the nodes up to the first that is an error and return that one, or None."""
        before: list[str] = []
        for id_ in ids:
            written = self.value(id_)
            if written.kind == ERROR:
                for earlier in before:  # had one of these become an error, it would be the first
                    if self.value(earlier).kind in (ANY, MIXED):
                        raise Unable("an error may hide before an error")
                return written
            before.append(id_)
        return None


Arguments = tuple[str, ...]
"""The ids of nodes."""

Rule = Callable[[Writer, str, Arguments], Written]
"""Writes an operator or function of this name, of these arguments."""


def _constant(value: object) -> Written:
    # Exact types: the error values of formulas are a subclass of str.
    if type(value) is bool:
        return Written(repr(value), TRUTH)
    if type(value) is float or (type(value) is int and abs(value) < 2**53):
        return Written(repr(float(value)), NUMBER)
    if type(value) is str:
        return Written(repr(value), TEXT)
    raise Unable("constant")
