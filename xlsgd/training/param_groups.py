"""Groups of weights with options of their own, and weights that are kept fixed.

As torch.optim has them: a group holds whole tensors, and says what it does otherwise than the
others do: its rate, its weight decay. What is in no group goes by what is typed in for all. In a
sheet such an option is an input of its own, ``learning_rate.head`` beside ``learning_rate``, and so
is every number of a step that follows from it: ``rate.head``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from xlsgd.base.columns import Column, fill
from xlsgd.base.errors import SpecError
from xlsgd.training.nets import Network

__all__ = [
    "LEARNING_RATE",
    "ParamGroup",
    "frozen_of",
    "groups_of",
    "lines_of_groups",
    "named",
    "need_fit",
    "own_names",
    "renamed",
    "tensors_meant",
]

LEARNING_RATE = "learning_rate"
GROUP_KEY, FROZEN_KEY = "group_{}", "frozen"
"""What the fields are called that say which weights belong to a group, and which are fixed."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,30}")
_LINE = re.compile(rf"(?P<name>{_NAME.pattern}): (?P<keys>[\w, ]+) of (?P<tensors>.+)")
_LONGEST = 32_767
"""Characters of a field: more than that no cell holds."""


@dataclass(frozen=True)
class ParamGroup:
    """Weights with options of their own.

    tensors: whole ones, such as ``out.weight``, as ``Network.tensors`` calls them.
    keys: of the options, such as ``learning_rate`` and ``weight_decay``; their values are
        hyperparameters by the names that ``own`` gives.
    """

    name: str
    tensors: tuple[str, ...]
    keys: tuple[str, ...]

    def own(self, key: str) -> str:
        """Return what an option, or a quantity, is called that is this group's."""
        return f"{key}.{self.name}"

    @property
    def text(self) -> str:
        """The words from which a tab's group is read."""
        return f"{self.name}: {', '.join(self.keys)} of {', '.join(self.tensors)}"


def lines_of_groups(groups: Sequence[ParamGroup], frozen: Sequence[str]) -> dict[str, str]:
    """Return the fields that tell of groups and of fixed weights: key to text."""
    found = {GROUP_KEY.format(i): group.text for i, group in enumerate(groups, 1)}
    if frozen:
        found[FROZEN_KEY] = ", ".join(frozen)
    return found


def groups_of(fields: Iterable[str], text: Callable[[str], str]) -> tuple[ParamGroup, ...]:
    """Return the groups of a tab.   text: gives the words of a field.

    Raises SpecError for a field that cannot be read.
    """
    found: list[ParamGroup] = []
    known = set(fields)
    while (key := GROUP_KEY.format(len(found) + 1)) in known:
        match = _LINE.fullmatch(text(key))
        if match is None:
            raise SpecError(
                f"cannot read '{text(key)}'; a group is written as 'head: learning_rate of "
                "out.weight, out.bias'",
                field=key,
            )
        parts = (tuple(part.strip() for part in match[n].split(",")) for n in ("tensors", "keys"))
        found.append(ParamGroup(match["name"], *parts))
    return tuple(found)


def frozen_of(fields: Iterable[str], text: Callable[[str], str]) -> tuple[str, ...]:
    """Return the tensors that a tab keeps fixed; as for ``groups_of``."""
    if FROZEN_KEY not in set(fields):
        return ()
    return tuple(part.strip() for part in text(FROZEN_KEY).split(","))


def tensors_meant(words: str, network: Network) -> tuple[str, ...]:
    """Return the tensors that words stand for: ``out.weight, out.bias``, ``out`` or ``*.bias``.

    Raises SpecError for a word that stands for none.
    """
    found: list[str] = []
    for word in (part.strip() for part in words.split(",")):
        these = [
            name
            for name in network.tensors
            if word and (fnmatchcase(name, word) or name.startswith(f"{word}."))
        ]
        if not these:
            raise SpecError(
                f"'{word}': no tensor of weights has that name; there are: "
                f"{', '.join(network.tensors)}"
            )
        found += these
    return tuple(dict.fromkeys(found))


def need_fit(
    groups: Sequence[ParamGroup],
    frozen: Sequence[str],
    network: Network,
    options: Sequence[str],
    where: str,
) -> None:
    """Raise SpecError for groups that do not fit a network, or that want options of their own
    which no group can have.   options: those that it can have."""
    taken: dict[str, str] = {}
    parts = [(group.name, group.tensors) for group in groups] + [("", tuple(frozen))]
    for name, tensors in parts:
        what = f"the group {name}" if name else "what is kept fixed"
        for tensor in tensors:
            if tensor not in network.tensors:
                raise SpecError(
                    f"{what} in '{where}': there is no tensor of weights {tensor}; there are: "
                    f"{', '.join(network.tensors)}"
                )
            if tensor in taken:
                raise SpecError(f"{what} in '{where}': {tensor} belongs to {taken[tensor]} already")
            taken[tensor] = what
    for i, group in enumerate(groups):
        if not _NAME.fullmatch(group.name):
            raise SpecError(
                f"a group in '{where}' is called '{group.name}'; a name has letters, digits and "
                "_, and begins with a letter"
            )
        if group.name.casefold() in {other.name.casefold() for other in groups[:i]}:
            raise SpecError(f"two groups in '{where}' are called {group.name}; rename one")
        for key in group.keys:
            if key not in options:
                raise SpecError(
                    f"the group {group.name} in '{where}' has a {key} of its own; of their own "
                    f"groups can have: {', '.join(options)}"
                )
    if len(taken) == len(network.tensors) and taken:
        left = "there is nothing to train" if len(frozen) == len(taken) else (
            "leave one group out: what is in no group has the rate and the options for all"
        )  # fmt: skip
        raise SpecError(f"every weight in '{where}' is in a group or kept fixed; {left}")
    for key, text in lines_of_groups(groups, frozen).items():
        if len(text) > _LONGEST:
            raise SpecError(f"{key} in '{where}' names more tensors than a cell holds")


def own_names(group: ParamGroup, columns: Sequence[Column]) -> dict[str, str]:
    """Return what is called otherwise in the formulas of a group: its options, and those of some
    columns that follow from them.   columns: of a step, in order of calculation."""
    own = {key: group.own(key) for key in group.keys}
    for column in columns:
        said = column.formula + (column.first or "")
        if named(said, own) != said:
            own[column.quantity] = group.own(column.quantity)
    return own


def named(template: str, own: Mapping[str, str]) -> str:
    """Return a template with other names in it."""

    def one(name: str) -> str:
        head, dot, rest = name.partition(".")
        if dot and head in ("prev", "first", "last") and rest in own:
            return f"{head}.{own[rest]}"
        return own.get(name, name)

    return fill(template, lambda name: f"{{{':'.join(map(one, name.split(':')))}}}")


def renamed(column: Column, own: Mapping[str, str]) -> Column:
    """Return a column with other names in its formulas, and of its own."""
    return replace(
        column,
        quantity=own.get(column.quantity, column.quantity),
        formula=named(column.formula, own),
        first=None if column.first is None else named(column.first, own),
    )
