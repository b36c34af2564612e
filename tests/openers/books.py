"""A small workbook of every kind that xlsgd writes, and its parts."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import xlsgd
from tests.builders import (
    LESSONS,
    default_lesson,
    experiment_of,
    short_lesson,
    small_data,
    write_experiments,
)
from tests.test_function import down
from tests.together import made_once
from xlsgd.data import Dataset
from xlsgd.data.passengers import made_passengers
from xlsgd.sweeping.book import workbook_of

__all__ = ["ALL", "KINDS", "LARGEST", "kind", "parts_of", "xml_of"]

POINTS = small_data(6)


def _sweep(path: Path) -> None:
    swept = xlsgd.sweep("graddesc", "learning_rate=1e-5:1e-3:5", "init.a=-1:1:4", data=POINTS)
    path.write_bytes(workbook_of(swept))


KINDS: dict[str, Callable[[Path], object]] = {
    "graddesc": lambda p: xlsgd.generate("graddesc", p, data=POINTS, epochs=2),
    "two-neuron": lambda p: xlsgd.generate("two-neuron", p, data=POINTS, epochs=2),
    "learning-rates": lambda p: xlsgd.generate("learning-rates", p, data=POINTS, epochs=2),
    "titanic": lambda p: xlsgd.generate("titanic", p, data=made_passengers(12, 1), epochs=2),
    "batches": lambda p: xlsgd.generate(
        "graddesc", p, data=POINTS, epochs=1, batch_size=4, optimizers=["adam"]
    ),
    "fastai": lambda p: xlsgd.generate(
        "graddesc", p, data=POINTS, epochs=2, convention="fastai", difference="central"
    ),
    "exploding": lambda p: xlsgd.generate(
        "two-neuron", p, data=POINTS, epochs=9, learning_rate=9.0, gradient="backprop"
    ),
    "functions": lambda p: write_experiments(
        p, down("(x^2-9)^2"), down("(1-a)^2 + 100*(b-a^2)^2", "valley"), data=Dataset.nothing()
    ),
    "layers": lambda p: write_experiments(
        p,
        experiment_of(
            "Linear(2, 2), Tanh, Linear(2, 2), Sigmoid, ReLU, Sum", data=small_data(5, inputs=2)
        ),
        data=small_data(5, inputs=2),
    ),
    "sweep": _sweep,
}
"""What writes a workbook of a kind: lessons, options of theirs, functions without data, sweeps."""

LARGEST = "titanic"
"""The lesson with the largest workbook."""

ALL = (*KINDS, *(f"short {lesson}" for lesson in LESSONS))
"""The small ones, and every lesson with two epochs."""


def kind(name: str) -> Path:
    """Return the workbook of a kind, written once for all tests of a run."""
    size, _, lesson = name.partition(" ")
    if size in ("whole", "short"):
        return default_lesson(lesson) if size == "whole" else short_lesson(lesson)
    return made_once(f"opened-{name}.xlsx", KINDS[name])


def parts_of(path: Path) -> dict[str, bytes]:
    """Return the parts of a file by their names, in their order."""
    with zipfile.ZipFile(path) as package:
        return {name: package.read(name) for name in package.namelist()}


def xml_of(path: Path, prefix: str, suffix: str = ".xml") -> dict[str, ElementTree.Element]:
    """Return the roots of the parts whose names begin and end so."""
    return {
        name: ElementTree.fromstring(content)
        for name, content in parts_of(path).items()
        if name.startswith(prefix) and name.endswith(suffix)
    }
