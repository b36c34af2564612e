"""Many cells calculated by formulas in one go.

formulas takes a millisecond for a cell, nearly all of it for finding its way through the formula.
What it calculates element by element it can calculate for a whole column of cells at once: cells
whose formulas are the same but for where their operands are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from xlsgd.base.cells import Scalar, Uncomputed
from xlsgd.engines.fast.expression import Block, Call
from xlsgd.engines.fast.kinds import NUMBERS
from xlsgd.engines.fast.plans import Operands, Plan, Template
from xlsgd.engines.fast.rules import FROM_NUMPY
from xlsgd.formula.r1c1 import Refused

__all__ = ["Witness", "by_template"]

_OTHERS = ("ABS", "IF", "INT", "MOD", "NOT", "PI", "POWER", "ROUND", "ROUNDDOWN", "ROUNDUP", "SQRT")
_ELEMENT_BY_ELEMENT = frozenset(
    [*"+-*/^%", "U-", "U+", "=", "<>", "<", ">", "<=", ">=", *_OTHERS, *FROM_NUMPY]
)
"""What gives of columns of numbers the column of results."""


class Witness(NamedTuple):
    """A cell to be calculated by formulas as well.  value: what it holds."""

    plan: Plan
    row: int
    value: Scalar
    operands: Operands


def by_template(witnesses: Sequence[Witness]) -> dict[int, Scalar]:
    """Return what formulas gives where it can be asked for many at once, by the witness's id."""
    groups: dict[int, list[Witness]] = {}
    for witness in witnesses:
        template = witness.plan.pattern.template
        if template is not None and all(type(operand) is float for operand in witness.operands):
            groups.setdefault(id(template), []).append(witness)
    found: dict[int, Scalar] = {}
    for group in groups.values():
        template = group[0].plan.pattern.template
        if template is None or len(group) == 1 or not _is_element_by_element(template):
            continue
        columns = [_column(values) for values in zip(*(w.operands for w in group), strict=True)]
        try:
            results = template.parsed.values(columns, len(group))
        except Refused:
            continue  # one by one, then
        found |= {id(witness): value for witness, value in zip(group, results, strict=True)}
    return found


def _is_element_by_element(template: Template) -> bool:
    nodes = template.parsed.expression.nodes.values()
    return all(node.name in _ELEMENT_BY_ELEMENT for node in nodes if isinstance(node, Call))


def _column(values: Sequence[Scalar | Uncomputed | Block]) -> Block:
    numbers = [value for value in values if not isinstance(value, Block)]
    return Block(numbers, NUMBERS, len(numbers), 1, len(numbers), 1)
