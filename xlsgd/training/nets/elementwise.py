"""What a layer has to tell that does the same to every number by itself: its value, its slope."""

from __future__ import annotations

import math
import re
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Self

from xlsgd.training.nets.layer import Layer, Parameters
from xlsgd.training.stable import number

__all__ = ["Elementwise", "numbers_of"]

_IN_PLACE = re.compile(r"\s*inplace\s*=\s*(?:True|False)\s*")


class Elementwise(Layer):
    """A function of one number: as many numbers out as in, no weights.

    What it takes in its parentheses are the fields of its class, all of them numbers; one that is
    called otherwise than in PyTorch has PyTorch's name in its metadata.

    The sheet side writes expressions of ``x``, the number that comes in, and ``y``, the one that
    comes out; each is a cell, or something in parentheses.
    """

    def __str__(self) -> str:
        defaults = _fields(type(self))
        given = [getattr(self, field.name) for field in fields(self)] if defaults else []  # type: ignore[arg-type]
        while given and given[-1] == defaults[list(defaults)[len(given) - 1]]:
            given.pop()
        return f"{self.name}({', '.join(map(number, given))})" if given else self.name

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> Self:
        """Return the layer from the numbers in its parentheses.  Raises ValueError."""
        known = _fields(cls)
        # Whether torch writes over its input: the numbers are the same.
        arguments = [a for a in arguments if not _IN_PLACE.fullmatch(a)]
        if arguments and not known:
            raise ValueError(f"{cls.name} takes no arguments")
        found = numbers_of(cls.name, list(known), arguments)
        missing = [key for key, default in known.items() if default is MISSING and key not in found]
        if missing:
            raise ValueError(f"{cls.name} takes ({', '.join(known)}); {missing[0]} is missing")
        return cls(*(found.get(key, default) for key, default in known.items()))

    @abstractmethod
    def value(self, x: str) -> str:
        """Sheet side: return the expression of what comes out."""

    @abstractmethod
    def slope(self, x: str, y: str) -> str:
        """Sheet side: return its derivative, an expression that can stand as a factor."""

    def handed_back(self, grad: str, x: str, y: str) -> str:
        """Sheet side: return the derivative of the loss by x.  grad: that by y, a factor."""
        return f"{grad}*{self.slope(x, y)}"

    def on_paper(self, x: str) -> str | None:
        """Return how its value is written on paper, None for as the formula has it."""
        return None

    def forward(self, x: Sequence[str], p: Parameters) -> list[str]:
        return list(map(self.value, x))

    def backward(
        self, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: Parameters
    ) -> list[str]:
        return list(map(self.handed_back, grad, x, y))

    def written(self, x: Sequence[str]) -> list[str] | None:
        found = [paper for each in x if (paper := self.on_paper(each)) is not None]
        return found or None


def _fields(kind: Any) -> dict[str, Any]:
    """Return what a layer takes, by PyTorch's names, each with its default or MISSING."""
    known = fields(kind) if is_dataclass(kind) else ()
    return {f.metadata.get("name", f.name): f.default for f in known}


def numbers_of(name: str, keys: Sequence[str], arguments: Sequence[str]) -> dict[str, float]:
    """Return the numbers in the parentheses of a layer, by what PyTorch calls them.

    arguments: as in ``0.2`` or ``negative_slope=0.2``.   keys: in PyTorch's order.
    Raises ValueError for what is no number, and for what the layer does not have.
    """
    found: dict[str, float] = {}
    for place, argument in enumerate(arguments):
        key, equals, text = (part.strip() for part in argument.rpartition("="))
        if not equals:
            key = keys[place] if place < len(keys) else ""
        try:
            value = float(text)
            if key not in keys or key in found or not math.isfinite(value):
                raise ValueError
        except ValueError:
            raise ValueError(
                f"{name} takes ({', '.join(keys)}), numbers in this order or each by its name; "
                f"got '{argument.strip()}'"
            ) from None
        found[key] = value
    return found
