"""Schedules one after the other, or multiplied: torch's SequentialLR and ChainedScheduler."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input, fill
from xlsgd.base.errors import SpecError
from xlsgd.training.schedules.schedule import COUNT, EVERY, Schedule

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler

__all__ = ["Chain", "is_chain", "split"]

THEN, TIMES = ", ", " * "
_SEPARATORS = {",": THEN, "*": TIMES}
_USUAL_COUNTS = 10.0
"""Counts of a part whose length is said nowhere."""
_MOST, _LONGEST = 6, 200
_PART = re.compile(r"\s*([A-Za-z][\w.-]*)(?:\s+(\d{1,7}))?\s*")


def is_chain(text: str) -> bool:
    """Return whether a text is meant for several schedules."""
    return any(sign in text for sign in _SEPARATORS) or re.search(r"\w\s+\d+\s*$", text) is not None


def split(text: str) -> tuple[str, list[tuple[str, float | None]]]:
    """Return what joins the parts of a text such as ``linear 5, cosine`` or ``linear * step``, and
    the name of each with its counts.

    Raises SpecError for what cannot be read.
    """
    if len(text) > _LONGEST:
        raise SpecError(f"a schedule of {len(text)} characters; {_LONGEST} are the most")
    signs = [sign for sign in _SEPARATORS if sign in text]
    if len(signs) > 1:
        raise SpecError(
            f"the schedule '{text}' has parts after each other and parts multiplied; use one of "
            "both"
        )
    parts = text.split(signs[0]) if signs else [text]
    if not 2 <= len(parts) <= _MOST:
        raise SpecError(
            f"the schedule '{text}': got {len(parts)} of 2 to {_MOST} parts, such as "
            "'linear 5, cosine' or 'linear * exponential'"
        )
    joint, found = _SEPARATORS[signs[0]], []
    for number, part in enumerate(parts, 1):
        match = _PART.fullmatch(part)
        if match is None:
            raise SpecError(
                f"cannot read '{part.strip()}' in the schedule '{text}'; a part is a name, and how "
                "many counts it lasts: 'linear 5'"
            )
        if match[2] is not None and (joint == TIMES or number == len(parts)):
            raise SpecError(
                f"'{part.strip()}' in the schedule '{text}': only a part that another comes after "
                "has a number of counts"
            )
        found.append((match[1], None if match[2] is None else float(match[2])))
    return joint, found


@dataclass(frozen=True)
class Chain(Schedule):
    """The rates of several schedules, each from count 0 on, one after the other, or multiplied.

    joint: THEN or TIMES.   counts: how many each part lasts that another comes after, None for as
    many as it does by itself; what is typed in on a tab goes before.
    Raises SpecError for parts that cannot be joined.
    """

    parts: tuple[Schedule, ...]
    joint: str = THEN
    counts: Sequence[float | None] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        for part in self.parts:
            if part.momentum() or part.follows_losses:
                why = "goes by losses" if part.follows_losses else "moves momentum, or may, as well"
                raise SpecError(
                    f"the schedule {part.name} {why}, and can be no part of '{self.name}'; use it "
                    "by itself, or another part"
                )
            if self.joint == TIMES and not part.multiplies:
                raise SpecError(
                    f"the schedule {part.name} in '{self.name}' is no factor of what is there; "
                    "multiply those that are, such as step, exponential and linear, or write "
                    "one after the other: 'linear 5, cosine'"
                )

    @property
    def name(self) -> str:  # type: ignore[override]
        return self.joint.join(part.name for part in self.parts)

    @property
    def summary(self) -> str:  # type: ignore[override]
        names = [part.name for part in self.parts]
        if self.joint == TIMES:
            return f"learning_rate, times what {' and '.join(names)} make of it"
        later = [f"from switch_{i} on {name}" for i, name in enumerate(names[1:], 1)]
        return f"{names[0]}, {', '.join(later)}; each counts from 0"

    @property
    def torch_line(self) -> str:  # type: ignore[override]
        if self.joint == TIMES:
            return "torch.optim.lr_scheduler.ChainedScheduler([…], optimizer)"
        return "torch.optim.lr_scheduler.SequentialLR(optimizer, […], [switch_1, …])"

    @property
    def hyperparameters(self) -> tuple[Input, ...]:  # type: ignore[override]
        switches = list(self._switches()) if self.joint == THEN else []
        return (
            *(
                Input(f"switch_{i}", at, f"count at which {part.name} begins", minimum=1,
                      whole=True)
                for i, (at, part) in enumerate(zip(switches, self.parts[1:], strict=False), 1)
            ),
            *(
                replace(given, key=f"{given.key}_{i}", note=f"{given.note}, of {part.name}")
                for i, part in enumerate(self.parts, 1)
                for given in part.hyperparameters
                if given is not EVERY
            ),
            EVERY,
        )  # fmt: skip

    def _switches(self) -> Iterator[float]:
        """Yield the counts at which another part begins, where nobody types in others."""
        at = 0.0
        for i, part in enumerate(self.parts[:-1]):
            lengths = {given.key: float(given.value) for given in part.hyperparameters}
            said = self.counts[i] if self.counts else None
            at += lengths.get(part.length_key, _USUAL_COUNTS) if said is None else said
            yield at

    def lasting(self, counts: int) -> dict[str, float]:
        own: dict[str, float] = {}
        if self.joint == TIMES:
            for i, part in enumerate(self.parts, 1):
                own |= {f"{key}_{i}": value for key, value in part.lasting(counts).items()}
            return own
        begins = [0.0, *self._switches(), float(counts)]
        for i, part in enumerate(self.parts, 1):
            if part.length_key:
                own[f"{part.length_key}_{i}"] = max(2.0, begins[i] - begins[i - 1])
        return own

    # Sheet side

    def rate(self) -> str:
        if self.joint == TIMES:
            rate = "{learning_rate}"
            for i, part in enumerate(self.parts, 1):
                rate = self._of_part(part, i, "{count}", rate if i == 1 else f"({rate})")
            return rate
        counts = ["{count}", *(f"({{count}}-{{switch_{i}}})" for i in range(1, len(self.parts)))]
        rates = [
            self._of_part(part, i, count, "{learning_rate}")
            for i, (part, count) in enumerate(zip(self.parts, counts, strict=True), 1)
        ]
        text = rates[-1]
        for i in range(len(rates) - 1, 0, -1):
            text = f"IF({{count}}<{{switch_{i}}},{rates[i - 1]},{text})"
        return text

    @staticmethod
    def _of_part(part: Schedule, number: int, count: str, learning_rate: str) -> str:
        """Return the expression of a part's rate, with names of its own."""
        inner = {"learning_rate": learning_rate, COUNT: count}
        for given in part.hyperparameters:
            inner[given.key] = f"{{{given.key}_{number}}}"
        for column in part.more_columns():
            inner[column.quantity] = f"({fill(column.formula[1:], inner.__getitem__)})"
        return fill(part.rate(), inner.__getitem__)

    def fault(self, hyper: Mapping[str, float]) -> str:
        at = [value for key, value in hyper.items() if key.startswith("switch_")]
        if any(later <= one for one, later in pairwise(at)):
            return "every switch has to come after the one before it"
        for i, part in enumerate(self.parts, 1):
            fault = part.fault(_of(part, i, hyper))
            if fault:
                return f"{part.name}, number {i}: {fault}"
        return ""

    # Torch side

    def torch_scheduler(self, optimizer: Optimizer, hyper: Mapping[str, float]) -> LRScheduler:
        from torch.optim.lr_scheduler import ChainedScheduler, SequentialLR

        parts = [
            part.torch_scheduler(optimizer, _of(part, i, hyper))
            for i, part in enumerate(self.parts, 1)
        ]
        if self.joint == TIMES:
            return ChainedScheduler(parts, optimizer)
        milestones = [int(hyper[f"switch_{i}"]) for i in range(1, len(parts))]
        return SequentialLR(optimizer, parts, milestones)


def _of(part: Schedule, number: int, hyper: Mapping[str, float]) -> dict[str, float]:
    """Return the hyperparameters of a part, by its own names."""
    own = (given.key for given in part.hyperparameters if given is not EVERY)
    return {key: hyper[f"{key}_{number}"] for key in own}
