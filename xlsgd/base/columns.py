"""The two things a training tab is made of, before anything has an address.

A *column* is one quantity of a run: ``param.a``, ``pred``, ``loss``, ``grad.a``, ``new.a``.
An *input* is one number or word that a reader may change: ``learning_rate``, ``init.a``.

Formulas are written as templates in which a name in braces stands for a cell:

    {pred}            the cell of column ``pred`` in the same row
    {prev.new.a}      the cell of column ``new.a`` in the row above
    {learning_rate}   the input of that name
    {data.x}          the whole column ``x`` of the data tab
    {x1:x5}           the cells from ``x1`` to ``x5``, side by side

Which is which is decided by the layout, so that a template says what is computed and never
where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Column", "Input", "fill", "is_name", "on_paper", "range_of"]

_SCOPES = re.compile(r"\b(?:prev|param|step|row|batch|weight)\.")
_SUM_OF_PRODUCTS = re.compile(r"SUMPRODUCT\(([^,()]*),([^,()]*)\)")
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


@dataclass(frozen=True)
class Column:
    """One quantity of a run, one cell for every row of the table.

    quantity: its name: the key in the sheet and in the trace.
    symbol: what stands above it on paper, such as ``∂L/∂a``; the words of the quantity where
        not given.
    formula: template for every row.
    first: template for the first row, where it differs (there is no row above it).
        Text without a leading ``=`` is written as a plain number.
    paper: the formula as one would write it on paper.
    note: what the quantity is, in a sentence.
    torch: the line of PyTorch that gives the same.
    group: the heading above neighbouring columns.
    """

    quantity: str
    formula: str
    paper: str
    note: str
    torch: str
    group: str
    first: str | None = None
    symbol: str = ""

    @property
    def header(self) -> str:
        """What a reader sees above it."""
        return self.symbol or self.quantity.replace("_", " ")

    @property
    def looks_back(self) -> bool:
        """Whether the first row differs from the others."""
        return self.first is not None or "{prev." in self.formula

    @property
    def first_formula(self) -> str:
        """The template for the first row: above it are no numbers, a state has a start value."""
        return self.formula.replace("{prev.", "{init.") if self.first is None else self.first


@dataclass(frozen=True)
class Input:
    """One value that the reader of a tab may change.

    value: a number, a word, or a formula template (then it is worked out until typed over).
    minimum, below: the allowed range, minimum <= value < below; None means open.
    positive: the value must also be greater than 0.
    choices: the allowed words, for a drop-down.
    whole: the value must be a whole number.
    fixed: describes the tab; changing it does not change the formulas.
    label: what it is called where a reader sees it first; the key's words where not given.
    """

    key: str
    value: float | str
    note: str
    minimum: float | None = None
    below: float | None = None
    positive: bool = False
    whole: bool = False
    choices: tuple[str, ...] = ()
    fixed: bool = False
    label: str = ""

    @property
    def words(self) -> str:
        """What a reader sees beside it."""
        return self.label or self.key.replace("_", " ")


def fill(template: str, cell: Callable[[str], str]) -> str:
    """Replace every ``{name}`` in template by ``cell(name)``."""
    return _PLACEHOLDER.sub(lambda match: cell(match[1]), template)


def is_name(text: str) -> bool:
    """Return whether a template is one name in braces and nothing else."""
    return _PLACEHOLDER.fullmatch(text) is not None


def range_of(names: Sequence[str]) -> str:
    """Return the template for neighbouring cells, from the names in braces of all of them."""
    return f"{{{names[0][1:-1]}:{names[-1][1:-1]}}}"


def on_paper(template: str) -> str:
    """Return a formula template the way one would write it on paper.

    >>> on_paper("{param.a}*{x}+{param.b}")
    'a·x + b'
    >>> on_paper("SUMPRODUCT({step.param.a1:step.param.a9},{row.x1:row.x9})")
    'Σ (a1 … a9)·(x1 … x9)'
    """
    text = fill(template, lambda name: _SCOPES.sub("", name).replace(":", " … "))
    text = _SUM_OF_PRODUCTS.sub(r"Σ (\1)·(\2)", text)
    text = text.replace("*", "·").replace("-", " − ").replace("+", " + ").replace("^2", "²")
    return re.sub(r"\(\s+", "(", text).strip()
