"""The schemas that a tab's marker alone tells, and how a tab of another says what it has."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from xlsgd.base.errors import SpecError
from xlsgd.base.registry import find
from xlsgd.base.visible import cut
from xlsgd.data.features import parse_feature
from xlsgd.data.schema import DESCRIBED, PLAIN, SHARED, Raw, Schema, Words

__all__ = ["data_markers", "known_schemas", "read_schema"]


@cache
def known_schemas() -> dict[str, Schema]:
    """Return the schemas that have a marker of their own, by that marker."""
    every = find("xlsgd.data", "SCHEMA").values()
    return {schema.marker: schema for schema in every if schema.marker != DESCRIBED}


def data_markers() -> tuple[str, ...]:
    """Return the markers of all tabs that hold data."""
    return (PLAIN, *known_schemas(), DESCRIBED)


def read_schema(fields: Mapping[str, str]) -> Schema:
    """Return the schema that the fields of a tab describe.

    fields: key to text, as ``Schema.description`` gives them, in the order of the tab.
    Raises SpecError for what cannot be understood.
    """
    raw, features = [], []
    for key, text in fields.items():
        kind, _, name = key.partition(".")
        if kind == "raw":
            raw.append(_read_raw(name, text))
        elif kind == "feature":
            features.append(parse_feature(name, text))
    own = Words()
    words = Words(above=fields.get("above", own.above), below=fields.get("below", own.below))
    return Schema(
        "data",
        tuple(raw),
        _names(fields.get("inputs", "")),
        _names(fields.get("targets", "")),
        tuple(features),
        words=words,
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _read_raw(name: str, text: str) -> Raw:
    holds, _, listed = (part.strip() for part in text.partition(":"))
    if holds == "word":
        return Raw(name, holds="word", among=_names(listed))
    if holds == SHARED:
        return Raw(name, shared=True)
    if holds == "text":
        return Raw(name, holds="text")
    try:
        if holds == "number":
            return Raw(name, among=tuple(map(float, _names(listed))))
    except ValueError:
        pass
    raise SpecError(
        f"raw.{name}: cannot read '{cut(text)}'; write number, number: 0, 1, word: yes, no or "
        f"{SHARED}"
    )
