"""Formulas as Python functions of the row, made from generated source.

``=D9*$B$5`` with numbers in both cells becomes::

    def make(c0, o0, c1, o1):
        def formula(r):
            a0 = c0[r]
            a1 = c1[o1]
            t1 = a0 * a1
            if t1 - t1 != 0.0: raise Doubt
            return t1
        return formula

``c0`` holds the numbers of column D, a dict from row to float, and nothing else: a cell that is
empty, not computed yet or not a number is not in it, and the KeyError says so at no other cost.
All operands are read at the start, those of a branch of IF that is not taken too, so that what a
cell waits for does not depend on the values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from xlsgd.engines.fast.expression import Expression
from xlsgd.engines.fast.kinds import ANY, ERROR, NUMBER, TEXT, TRUTH, Unable, Written
from xlsgd.engines.fast.range_rules import RANGE_RULES
from xlsgd.engines.fast.runtime import NAMES
from xlsgd.engines.fast.scalar_rules import SCALAR_RULES
from xlsgd.engines.fast.writer import Rule, Size, Writer

__all__ = [
    "READ",
    "RULES",
    "Formula",
    "Loop",
    "LoopMaker",
    "Maker",
    "Source",
    "compile_formula",
    "compile_loop",
    "loop_text",
]

RULES: dict[str, Rule] = {**SCALAR_RULES, **RANGE_RULES}
"""How operators and functions are written.  What has no rule is left to formulas."""


class Source(NamedTuple):
    """What generated code follows from.

    kinds, sizes: see ``Writer``.   reads: for every operand, a key of READ.
    """

    expression: Expression
    kinds: Sequence[str]
    sizes: Mapping[int, Size]
    reads: Sequence[str]


Formula = Callable[[int], Any]
"""Called with the row of a cell; returns its value, or raises anything at all if in doubt."""

Loop = Callable[[Iterator[int]], None]
"""Called with rows; stores the values of cells."""

LoopMaker = Callable[..., Loop]
Maker = Callable[..., Formula]
"""Called with two things for every operand, ``c`` and ``o``; what they are is told in READ."""

_MOVING = "a{i} = [c[k] for k in range({top}, {bottom}) for c in c{i}]"

READ = {
    # c: a column, from row to value.  o: a row, or what to add to the formula's.
    "row": "a{i} = c{i}[r + o{i}]",
    "fixed row": "a{i} = c{i}[o{i}]",
    # o: what to add to the formula's row.
    "row number": "a{i} = float(r + o{i})",
    # c: the operand itself.
    "given": "a{i} = c{i}",
    # c: columns.  o: first row and the one after the last, or what to add to the formula's.
    "moving": _MOVING.format(i="{i}", top="r + o{i}[0]", bottom="r + o{i}[1]"),
    "moving bottom": _MOVING.format(i="{i}", top="o{i}[0]", bottom="r + o{i}[1]"),
    "moving top": _MOVING.format(i="{i}", top="r + o{i}[0]", bottom="o{i}[1]"),
    "not read": "",
}
"""The ways in which operand i is read, and their lines of Python."""

_CLASS = {TEXT: "str", TRUTH: "bool", ERROR: "CellError"}


def compile_formula(source: Source) -> Maker:
    """Return what makes the function of a formula from the places of its operands.

    Raises Unable if formulas itself has to calculate it.
    """
    with _or_unable():
        lines, value = _lines(source)
        body = _indented([*lines, f"return {value.text}"], 2)
        parameters = ", ".join(f"c{i}, o{i}" for i in range(len(source.reads)))
        text = f"def make({parameters}):\n    def formula(r):\n{body}    return formula\n"
        maker: Maker = _made(text)
    return maker


def compile_loop(sources: Sequence[Source]) -> LoopMaker:
    """Return what makes a function that computes several columns, row by row.

    What it makes is called with an iterator of rows, and stops with an exception in a row that is
    in doubt.  It is made from two dicts for every column, for numbers and for all other values, and
    from the places of all operands.
    Raises Unable if there can be none.
    """
    with _or_unable():
        maker: LoopMaker = _made(loop_text(sources))
    return maker


def loop_text(sources: Sequence[Source]) -> str:
    """Return the Python that ``compile_loop`` compiles.  Raises Unable if there can be none."""
    body, parameters = [], []
    for k, source in enumerate(sources):
        mark = f"_{k}"
        lines, (text, kind) = _lines(source, mark)
        body += lines
        if kind == ANY:
            body.append(f"if {text}.__class__ is float: n{k}[r] = {text}")
            body.append(f"else: e{k}[r] = {text}")
        else:
            body.append(f"{'n' if kind == NUMBER else 'e'}{k}[r] = {text}")
        parameters += [f"n{k}, e{k}"]
        parameters += [f"c{i}{mark}, o{i}{mark}" for i in range(len(source.reads))]
    head = f"def make({', '.join(parameters)}):\n    def loop(rows):\n"
    return f"{head}        for r in rows:\n{_indented(body, 3)}    return loop\n"


def _lines(source: Source, mark: str = "") -> tuple[list[str], Written]:
    """Return a formula as lines of Python, and what stands for its value."""
    writer = Writer(RULES, source.expression, source.kinds, source.sizes, mark)
    value = writer.write()
    lines: list[str] = []
    for i, (kind, read) in enumerate(zip(source.kinds, source.reads, strict=True)):
        name = f"{i}{mark}"
        if READ[read]:
            lines.append(READ[read].format(i=name))
        if kind in _CLASS and read != "given":
            lines.append(f"if a{name}.__class__ is not {_CLASS[kind]}: raise Doubt")
        if read in ("moving bottom", "moving top"):  # A5:A$9 below row 9 is upside down
            lines.append(f"if not a{name}: raise Doubt")
    return lines + writer.lines, value


def _indented(lines: Sequence[str], depth: int) -> str:
    """Return the lines as one text, indented."""
    return "".join(f"{'    ' * depth}{line}\n" for line in lines)


def _made(source: str) -> Any:
    """Run source with a function ``make`` in it, and return that."""
    names = dict(NAMES)
    exec(compile(source, "<formula>", "exec"), names)
    return names["make"]


@contextmanager
def _or_unable() -> Iterator[None]:
    """Raise Unable where something is nested deeper than Python's compiler goes, or where text
    cannot stand in source."""
    try:
        yield
    except (RecursionError, MemoryError, SyntaxError, UnicodeError) as error:
        raise Unable(str(error)) from error
