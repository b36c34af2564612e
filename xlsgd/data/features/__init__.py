"""Features: columns made of others, each kind one file with its sheet side and its pandas side."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from xlsgd.base.errors import SpecError
from xlsgd.base.registry import find, pick
from xlsgd.base.visible import cut
from xlsgd.data.features.feature import Argument, Feature

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Feature", "facts_of", "feature_frame", "feature_types", "parse_feature"]

_TEXT = re.compile(r"\s*(\w+)\s*(?:\((.*)\)|:(.*))\s*")
_ARGUMENT = re.compile(r'\s*(?:"([^"]*)"|([^",]+?))\s*(?:,|$)')
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@cache
def feature_types() -> dict[str, type[Feature]]:
    """Return every kind of feature by its name, as ``share`` or ``product``."""
    return find("xlsgd.data.features", "FEATURE")


def parse_feature(
    quantity: str, text: str, words_of: Callable[[str], Sequence[str]] | None = None
) -> Feature:
    """Return a feature from its text, as ``share(age)``, ``share:age`` or ``either(sex, "male")``.

    quantity: the name of its column.
    words_of: gives all words of a column, for a feature of all of them that names none.
    Raises SpecError for an unknown kind, or words that it cannot make sense of.
    """
    match = _TEXT.fullmatch(text)
    if match is None:
        raise SpecError(
            f"feature {quantity}: cannot read '{cut(text)}'; write it as in 'share(age)'"
        )
    named = {name: kind.name for kind in feature_types().values() for name in kind.also}
    kind = pick("feature", named.get(match[1], match[1]), feature_types())
    inside = match[2] if match[2] is not None else match[3]
    arguments: list[Argument] = []
    position = 0
    while position < len(inside):
        one = _ARGUMENT.match(inside, position)
        if one is None:
            raise SpecError(f"feature {quantity}: cannot read the words in '{cut(text)}'")
        word, bare = one.groups()
        is_number = bare is not None and _NUMBER.fullmatch(bare)
        arguments.append(word if bare is None else float(bare) if is_number else bare)
        position = one.end()
    if kind.of_all_words and words_of is not None and len(arguments) == 1:
        arguments += words_of(str(arguments[0]))
    try:
        return kind(quantity, *arguments)
    except (TypeError, ValueError) as error:
        raise SpecError(f"feature {quantity}: '{cut(text)}': {error}") from error


def feature_frame(
    features: Sequence[Feature], frame: pd.DataFrame, facts: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Return features as float columns.

    frame: the raw columns; its index is kept. Features that it has already count as they stand
        where others are made of them.
    facts: what is known of whole columns; worked out from the frame where not given.
    """
    import numpy as np
    import pandas as pd

    known, columns = {name: frame[name] for name in frame.columns}, {}
    with np.errstate(all="ignore"):
        for feature in features:
            # pandas would take the index of the first column, of which there may be none.
            of = pd.DataFrame({name: known[name] for name in feature.made_of}, frame.index)
            own = {**feature.facts_of(of), **(facts or {})}
            columns[feature.quantity] = feature.values(of, own)
            known.setdefault(feature.quantity, columns[feature.quantity])
    return pd.DataFrame(columns, frame.index)


def facts_of(features: Sequence[Feature], frame: pd.DataFrame) -> dict[str, float]:
    """Return what features know of the whole columns of a frame."""
    import pandas as pd

    whole = pd.concat((frame, feature_frame(features, frame)), axis=1)
    facts: dict[str, float] = {}
    for feature in features:
        facts |= feature.facts_of(whole)
    return facts
