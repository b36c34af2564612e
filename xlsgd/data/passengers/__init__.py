"""Titanic passengers: their columns and features, read from a file or made up."""

from xlsgd.data.passengers.columns import (
    INPUTS,
    NEEDED,
    NUMBERS,
    PORTS,
    RAW_COLUMNS,
    SCHEMA,
    SEXES,
    Passengers,
    passengers_of,
)
from xlsgd.data.passengers.made_up import made_passengers
from xlsgd.data.passengers.reading import NAMED_SOURCES, read_passengers

__all__ = [
    "INPUTS",
    "NAMED_SOURCES",
    "NEEDED",
    "NUMBERS",
    "PORTS",
    "RAW_COLUMNS",
    "SCHEMA",
    "SEXES",
    "Passengers",
    "made_passengers",
    "passengers_of",
    "read_passengers",
]
