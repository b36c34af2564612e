"""What goes to a helper process and what comes back. Plain data, so that it can travel."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from xlsgd.processes.limits import Limits

__all__ = ["ANSWERS", "Limits", "Reply", "Work"]

ANSWERS = {
    "done": "it has a result",
    "refused": "it cannot be done, and xlsgd knows why",
    "bug": "xlsgd raised an error that it does not know",
    "timeout": "it took longer than --timeout and was ended",
    "memory": "it wanted more than --memory and was ended",
    "crashed": "the process that did it died",
    "stopped": "the whole run was stopped before it was done",
}
"""The kinds of answers, and what they mean."""


@dataclass(frozen=True)
class Work:
    """A kind of work that is done many times, each time with other arguments.

    function: what does it, as ``module:name``. It takes keyword arguments and returns plain data;
    what it needs imported, its module imports in a function ``prepare``.
    folder: what relative paths are relative to, here and on other machines.
    """

    function: str
    limits: Limits = field(default_factory=Limits)
    folder: str = field(default_factory=lambda: str(Path.cwd()))
    id: str = field(default_factory=lambda: uuid4().hex)


@dataclass(frozen=True)
class Reply:
    """What became of one call.

    kind: a key of ANSWERS.   value: what the function returned, if it did.
    message: what went wrong, if something did.   seconds: how long it took.
    """

    kind: str
    value: Any = None
    message: str = ""
    seconds: float = 0.0
