"""Other names of schedules: those of torch's classes, such as CosineAnnealingLR, also in words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xlsgd.base.errors import SpecError
from xlsgd.training.schedules.refused import REFUSED
from xlsgd.training.schedules.schedule import Schedule

__all__ = ["is_of_torch", "spelled"]

_AHEAD = re.compile(r"(?:(?:torch\.)?optim\.)?lr_scheduler\.")
_CHAINS = {
    "SequentialLR": "write its schedules one after the other, each with the counts that it lasts: "
    "'linear 5, cosine'",
    "ChainedScheduler": "write its schedules as a product: 'linear * exponential'",
}


def spelled(name: str, known: Mapping[str, Schedule]) -> str:
    """Return the name of a schedule that is spelled as in torch; any other name as it is.

    ``CosineAnnealingLR``, ``CosineAnnealing``, ``cosine-annealing`` and
    ``torch.optim.lr_scheduler.CosineAnnealingLR`` are one.
    Raises SpecError for a class of torch that is none of the schedules, saying what to write.
    """
    bare = _AHEAD.sub("", name.strip(), count=1)
    if bare in known:
        return bare
    words = _words(bare)
    for own in known.values():
        kind = vars(type(own)).get("torch_class")
        if kind and words == _words(str(kind)):
            return own.name
    for kind, why in (*REFUSED.items(), *_CHAINS.items()):
        if words == _words(kind):
            raise SpecError(why if kind in REFUSED else f"the scheduler {kind}: {why}")
    return name


def is_of_torch(text: str, known: Mapping[str, Schedule]) -> bool:
    """Return whether a text is spelled as a class of torch is: it is to be looked up, not a word
    that was mistyped."""
    try:
        return spelled(text, known) != text
    except SpecError:
        return True


def _words(name: str) -> str:
    """Return a name of a class in words: ``cosine-annealing`` of CosineAnnealingLR."""
    text = re.sub(r"(?<=[a-z])LR$|(?<=[a-z])-lr$", "", name)
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", text).casefold()
