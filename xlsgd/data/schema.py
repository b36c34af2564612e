"""A schema: what the columns of a dataset are, whoever they are about.

Raw columns are typed in or read from a file; features are made of them by formulas; inputs are
what a net learns from, targets what it shall answer with, and both name columns of either kind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from xlsgd.base.columns import Column, Input, fill
from xlsgd.base.errors import SpecError
from xlsgd.data.features import Feature

__all__ = [
    "DESCRIBED",
    "PLAIN",
    "SHARED",
    "Cell",
    "Raw",
    "Schema",
    "Words",
    "is_plain",
    "plain_schema",
]

Cell = float | str | None

PLAIN = "data tab, format 1"
"""The marker of a tab of plain numbers, with inputs x or x1, x2 … and the target y."""
DESCRIBED = "data tab, format 2"
"""The marker of a tab that says itself, in fields, what its columns are."""
SHARED = "one number"
"""What such a tab says of a raw number that all rows share."""

_NAME = re.compile(r"[^\W\d]\w*(?: \w+)*")
_RESERVED = frozenset(("row", "says", "pred", "unit", "loss", "from", "to", "step", "epoch"))


def is_name(text: str) -> bool:
    """Return whether a column of a tab may be called so."""
    return _NAME.fullmatch(text) is not None and text.casefold() not in _RESERVED


@dataclass(frozen=True)
class Raw:
    """A raw column.

    holds: numbers, words of which there are a few, or text that nothing is made of.
    among: the only numbers or words that make sense; any where there are none.
    least: the least number that makes sense.   begins: what the row to fill in begins with.
    shared: whether it is one number that all rows share, in a cell of its own.
    """

    name: str
    note: str = ""
    holds: Literal["number", "word", "text"] = "number"
    among: tuple[float, ...] | tuple[str, ...] = ()
    begins: float | str = 0.0
    least: float | None = None
    width: float = 9
    shared: bool = False

    def __str__(self) -> str:
        if self.shared:
            return SHARED
        return f"{self.holds}: {', '.join(self.choices)}" if self.among else self.holds

    @property
    def choices(self) -> list[str]:
        """The only numbers or words that make sense, as words."""
        return [f"{one:g}" if isinstance(one, float) else one for one in self.among]


@dataclass(frozen=True)
class Words:
    """What a tab says of its data, where they are about something.

    one, many: what a row is, and several of them.   above, below: what a prediction above 0.5
    says of a row, and any other.   question: asked above the row to fill in; you: at its left.
    counts: what above 0.5 counts as.   groups: the rows with y = 0, and those with y = 1.
    made_of: the heading above the features.
    """

    title: str = "The data"
    hint: str = "Change a number or a word in yellow and every tab follows."
    one: str = "row"
    many: str = "rows"
    question: str = "what does the net say?"
    you: str = "yours"
    above: str = "above 0.5"
    below: str = "not above 0.5"
    counts: str = "y = 1"
    groups: tuple[str, str] = ("rows with y = 0", "rows with y = 1")
    made_of: str = "made of them"


@dataclass(frozen=True)
class Schema:
    """What the columns of a dataset are.

    Raises SpecError where names do not fit each other.
    """

    name: str
    raw: tuple[Raw, ...]
    inputs: tuple[str, ...]
    targets: tuple[str, ...] = ("y",)
    features: tuple[Feature, ...] = ()
    marker: str = DESCRIBED
    sheet: str = "data"
    words: Words = field(default_factory=Words, compare=False)

    def __post_init__(self) -> None:
        if not self.inputs or not self.targets:
            raise SpecError(f"schema {self.name}: need at least one input and one target")
        known = [column.name for column in self.raw]
        for feature in self.features:
            for name in feature.made_of:
                self._need(name in known, name, f"{feature.quantity} is made of it")
            known.append(feature.quantity)
        given = {(fact.key, fact.value) for feature in self.features for fact in feature.facts()}
        names = (*known, *(key for key, _ in given))
        for name in names:
            self._need(names.count(name) == 1, name, "two columns or facts have this name")
        if self.marker == DESCRIBED:
            for name in known:
                self._need(
                    is_name(name), name, "a name is letters, digits and _, and no word of a tab"
                )
        for name in (*self.inputs, *self.targets):
            self._need(name in known, name, "an input or a target, but no column")
        if not self._side_by_side():
            raise SpecError(
                f"schema {self.name}: inputs: got {', '.join(self.inputs)}, need neighbouring "
                "columns in their order, all of them raw or all of them features; a raw column "
                "becomes a feature as 'number(its name)'"
            )

    def _side_by_side(self) -> bool:
        """Return whether a formula can name the inputs by the first and the last of them."""
        groups = [raw.name for raw in self.raw], list(self.feature_names)
        among = next(group for group in groups if self.inputs[0] in group)
        first = among.index(self.inputs[0])
        return tuple(among[first : first + len(self.inputs)]) == self.inputs

    def _need(self, fits: bool, name: str, why: str) -> None:
        if not fits:
            raise SpecError(f"schema {self.name}: column '{name}': {why}")

    @property
    def is_plain(self) -> bool:
        """Whether its tab has nothing to say but numbers."""
        return self.marker == PLAIN

    @property
    def answers(self) -> dict[str, str]:
        """The column of every target under the names that training has for it: ``y`` for the
        first, and where there are several ``y_1``, ``y_2``, …"""
        numbered = {f"y_{i}": name for i, name in enumerate(self.targets, 1)}
        return {"y": self.targets[0], **(numbered if len(self.targets) > 1 else {})}

    @property
    def needed(self) -> tuple[Raw, ...]:
        """The raw columns that inputs, features and targets are made of."""
        names = {*self.inputs, *self.targets, *(n for f in self.features for n in f.made_of)}
        return tuple(column for column in self.raw if column.name in names)

    @property
    def shared(self) -> tuple[Raw, ...]:
        """Those raw ones that are a single cell, whose number all rows share."""
        return tuple(raw for raw in self.needed if raw.shared)

    @property
    def asked(self) -> tuple[Raw, ...]:
        """The raw columns that a row to fill in asks for: those that inputs are made of."""
        made = {feature.quantity: feature for feature in self.features}
        names, ahead = set[str](), list(self.inputs)
        while ahead:
            name = ahead.pop()
            names.add(name)
            ahead += made[name].made_of if name in made else ()
        return tuple(column for column in self.raw if column.name in names)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features, in order."""
        return tuple(feature.quantity for feature in self.features)

    def facts(self) -> list[Input]:
        """Return what features need to know of whole columns: cells beside the table."""
        found: dict[str, Input] = {}
        for feature in self.features:
            for given in feature.facts():
                found.setdefault(given.key, given)
        return list(found.values())

    def feature_columns(self, fact: str = "{{{}}}") -> list[Column]:
        """Return the features as columns of a table.

        fact: how the key of a fact is written in a template.
        """
        keys = {given.key for given in self.facts()}

        def name(key: str) -> str:
            return (fact if key in keys else "{{{}}}").format(key)

        columns = [feature.column(self.words.made_of) for feature in self.features]
        return [replace(column, formula=fill(column.formula, name)) for column in columns]

    def description(self) -> list[Input]:
        """Return the fields by which a tab says what its columns are."""
        if self.marker != DESCRIBED:
            return []
        words, usual = self.words, Words()
        said = {
            "inputs": (", ".join(self.inputs), "what the net learns from"),
            "targets": (", ".join(self.targets), "what it shall answer with"),
            **{f"raw.{r.name}": (str(r), "what may be typed into it") for r in self.raw},
            **{f"feature.{f.quantity}": (str(f), f.paper) for f in self.features},
        }
        # Words of their own have those that are about yes or no.
        if (words.above, words.below) != (usual.above, usual.below):
            said["above"] = words.above, "what a prediction above 0.5 says"
            said["below"] = words.below, "what any other says"
        return [Input(key, value, note, fixed=True) for key, (value, note) in said.items()]


def is_plain(inputs: Sequence[str]) -> bool:
    """Return whether a tab of plain numbers can have inputs of these names."""
    return all(re.fullmatch(r"x\d*", name) for name in inputs)


def plain_schema(inputs: Sequence[str], targets: Sequence[str] = ("y",)) -> Schema:
    """Return the schema of numbers: inputs and targets, and nothing made of them."""
    marker = PLAIN if is_plain(inputs) and tuple(targets) == ("y",) else DESCRIBED
    hint = "Change a number and every tab follows."
    return Schema(
        "points",
        tuple(Raw(name) for name in (*inputs, *targets)),
        tuple(inputs),
        tuple(targets),
        marker=marker,
        words=Words(hint=hint, many="rows of data"),
    )
