"""Groups of weights with options of their own, and weights kept fixed, as somebody asks for them.

b: lr=0.001, weight_decay=0
head = out.weight, out.bias: lr=0.001
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from xlsgd.base.errors import SpecError
from xlsgd.training.experiment import Experiment
from xlsgd.training.param_groups import LEARNING_RATE, ParamGroup, tensors_meant
from xlsgd.training.transforms import transforms

__all__ = ["with_groups"]

_FORM = "'WEIGHTS: NAME=NUMBER, …', such as 'out.*: lr=0.001, weight_decay=0'"
_ASKED = re.compile(r"\s*(?:(?P<name>\w+)\s*=)?(?P<weights>[^:=]+):(?P<options>[^:]+)")
_SHORT = {"lr": LEARNING_RATE}


def with_groups(experiment: Experiment, groups: Sequence[str], frozen: Sequence[str]) -> Experiment:
    """Return an experiment with groups of weights, and weights that are kept fixed.

    groups: such as ``head = out.*: lr=0.001``; the name may be left out.   frozen: weights.
    Raises SpecError for what cannot be read, and for weights or options that there are not.
    """
    found, hyper = list[ParamGroup](), dict(experiment.hyper)
    for text in groups:
        match = _ASKED.fullmatch(text)
        if match is None:
            raise SpecError(f"--group '{text}': cannot read that; need {_FORM}")
        own = _numbers(match["options"], text)
        tensors = tensors_meant(match["weights"], experiment.network)
        found.append(ParamGroup(match["name"] or _named(match["weights"]), tensors, tuple(own)))
        hyper |= {found[-1].own(key): value for key, value in own.items()}
    done = {each.name: each for each in experiment.transforms}
    have = {given.key for given in experiment.optimizer.hyperparameters}
    for each in transforms().values():
        keys = {given.key for given in each.hyperparameters} if each.by_group else set()
        asked = {key for group in found for key in group.keys} & keys - have
        if asked and each.name not in done:
            # What the others have of it is nothing.
            done[each.name] = each
            hyper |= dict.fromkeys(asked, 0.0)
    fixed = [name for words in frozen for name in tensors_meant(words, experiment.network)]
    return replace(
        experiment,
        hyper=hyper,
        transforms=tuple(each for name, each in transforms().items() if name in done),
        param_groups=(*experiment.param_groups, *found),
        frozen=tuple(dict.fromkeys((*experiment.frozen, *fixed))),
    )


def _numbers(text: str, group: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in text.split(","):
        name, equals, number = (word.strip() for word in part.partition("="))
        key = _SHORT.get(name, name)
        try:
            if not equals or not key:
                raise ValueError
            value = float(number)
        except ValueError:
            raise SpecError(f"--group '{group}': got '{part.strip()}'; need {_FORM}") from None
        if key in found:
            raise SpecError(f"--group '{group}': got {name} twice, need it once")
        found[key] = value
    return found


def _named(words: str) -> str:
    """Return what a group is called: by its weights."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", words).strip("_")[:30] or "group"
    return name if name[0].isalpha() else f"g{name}"
