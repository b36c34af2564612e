"""What an option or argument may be: each kind says what was wrong, and completes in a shell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

__all__ = [
    "CONVENTION",
    "DEVICE",
    "DIFFERENCE",
    "ENGINE",
    "ENGINES",
    "FILE",
    "GRADIENT",
    "LESSON",
    "LOSS",
    "NUMBER",
    "OPTIMIZER",
    "OUTPUT",
    "REDUCTION",
    "SCHEDULE",
    "SCHEDULE_BY",
    "START",
    "WHOLE",
    "Named",
]


class Named(click.ParamType):  # type: ignore[type-arg]  # generic in new versions only
    """One of the names that there are.

    what: what is named, for messages.   known: gives the names, each with a few words; it is
    called when a name has to be looked at, so that a help page need not load what has them.
    refusal: gives the reason why a name is none of them, where there is more to say than that.
    other: whether a text is no name, but something else that is taken.
    """

    def __init__(
        self,
        what: str,
        known: Callable[[], Mapping[str, str]],
        refusal: Callable[[str], str] = lambda name: "",
        other: Callable[[str], bool] = lambda name: False,
    ) -> None:
        self.name = what
        self._known = known
        self._refusal = refusal
        self._other = other

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the name.  Refuses others, saying which one was perhaps meant."""
        known = self._known()
        if value not in known and not self._other(str(value)):
            from xlsgd.base.registry import unknown

            why = self._refusal(str(value))
            if why:
                self.fail(f"{why}.", param, ctx)
            self.fail(f"{unknown(self.name, str(value), known)}.", param, ctx)
        return value

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return the word for it in a help page."""
        return self.name.upper()

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the names that begin so, each with its few words."""
        return [
            CompletionItem(name, help=words or None)
            for name, words in self._known().items()
            if name.startswith(incomplete)
        ]


def _lessons() -> dict[str, str]:
    from xlsgd.lessons import lesson_plans

    return {name: plan.summary for name, plan in lesson_plans().items()}


def _optimizers() -> dict[str, str]:
    from xlsgd.training.optimizers import optimizers, searches

    return {name: each.summary for name, each in {**optimizers(), **searches()}.items()}


def _refused(name: str) -> str:
    from xlsgd.training.optimizers.refused import refusal

    return refusal(name)


def _conventions() -> dict[str, str]:
    from xlsgd.training.optimizers import CONVENTIONS

    return dict.fromkeys(CONVENTIONS, "")


def _gradients() -> dict[str, str]:
    from xlsgd.training.gradients import CHOICES

    return dict.fromkeys(CHOICES, "")


def _differences() -> dict[str, str]:
    from xlsgd.training.gradients import differences

    return {name: rule.summary for name, rule in differences().items()}


def _reductions() -> dict[str, str]:
    from xlsgd.training.losses.loss import REDUCTIONS

    return dict.fromkeys(REDUCTIONS, "")


def _schedules() -> dict[str, str]:
    from xlsgd.training.schedules import schedules

    return {name: schedule.summary for name, schedule in schedules().items()}


def _losses() -> dict[str, str]:
    from xlsgd.training.losses import losses

    return {name.replace(" ", "-"): loss.paper for name, loss in losses().items()}


def _is_formula(text: str) -> bool:
    from xlsgd.training.schedules import schedules
    from xlsgd.training.schedules.chain import is_chain
    from xlsgd.training.schedules.formula import is_formula
    from xlsgd.training.schedules.spelling import is_of_torch

    return is_formula(text) or is_chain(text) or is_of_torch(text, schedules())


def _starts() -> dict[str, str]:
    from xlsgd.lessons import START_FROM

    return dict.fromkeys(START_FROM, "")


def _engines() -> dict[str, str]:
    from xlsgd.engines import engines

    return {name: engine.summary for name, engine in engines().items()}


def _engines_and_all() -> dict[str, str]:
    from xlsgd.engines import ALL

    return {**_engines(), ALL: "every engine that is installed"}


class _LessonOrNet(Named):
    """A lesson, or the text of a net in its place."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from xlsgd.lessons.own_plan import is_net

        if isinstance(value, str) and value not in self._known() and is_net(value):
            return value
        return super().convert(value, param, ctx)


LESSON = _LessonOrNet("lesson", _lessons)
LOSS = Named("loss", _losses)
OPTIMIZER = Named("optimizer", _optimizers, _refused)
CONVENTION = Named("convention", _conventions)
GRADIENT = Named("gradient", _gradients)
DIFFERENCE = Named("difference", _differences)
REDUCTION = Named("reduction", _reductions)
SCHEDULE = Named("schedule", _schedules, other=_is_formula)
SCHEDULE_BY = Named("by", lambda: {"step": "", "epoch": ""})
START = Named("start", _starts)
ENGINE = Named("engine", _engines)
ENGINES = Named("engine", _engines_and_all)
DEVICE = Named("device", lambda: {"cpu": "", "cuda": "an NVIDIA card"})


# Images


class _Pixels(click.ParamType):  # type: ignore[type-arg]
    """Rows and columns of pixels, as ``8x6``."""

    name = "pixels"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        match = re.fullmatch(r"\s*(\d{1,6})\s*[x×*]\s*(\d{1,6})\s*", str(value))
        if match is None:
            self.fail(f"got '{value}', need rows and columns of pixels, such as 8x6", param, ctx)
        return int(match[1]), int(match[2])


PIXELS = _Pixels()


# Numbers


class _WithoutComma(click.ParamType):  # type: ignore[type-arg]
    """A number; one with a comma in it is told what to write instead."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and "," in value:
            from xlsgd.data.csvnumbers import DECIMAL_POINT, is_number

            if is_number(value):
                self.fail(f"got '{value}', {DECIMAL_POINT}", param, ctx)
        return super().convert(value, param, ctx)


class _Number(_WithoutComma, click.types.FloatParamType):
    """A number, such as 0.5."""


class _Whole(_WithoutComma, click.types.IntParamType):
    """A whole number."""


NUMBER, WHOLE = _Number(), _Whole()


# Files


class _File(click.Path):
    """A path; nothing at all, as from an unset variable in a script, is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            # Path("") is the current folder, which nobody has asked for.
            self.fail("got an empty name, need that of a file or folder.", param, ctx)
        return super().convert(value, param, ctx)


FILE = _File(path_type=Path)
OUTPUT = _File(path_type=Path, allow_dash=True)
