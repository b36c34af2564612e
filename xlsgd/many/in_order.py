"""Results that come in any order, given in the order of what they are about."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Generic, TypeVar

__all__ = ["InOrder"]

Result = TypeVar("Result")


class InOrder(Generic[Result]):
    """Results in order: each waits for those of all things before it.

    total: of things.
    """

    def __init__(
        self,
        found: Generator[tuple[int, Result]],
        total: int,
        progress: Callable[[int, int], None] | None = None,
        far: str = "are done",
    ) -> None:
        """found: gives every result with its place.   progress: hears how many have come.

        far: what is said of those that have come when the others are not awaited; "" for nothing.
        """
        self._found, self._progress, self._far = found, progress, far
        self._waiting: dict[int, Result] = {}
        self.total, self._done = total, 0

    def __iter__(self) -> Iterator[Result]:
        """Yield all results."""
        following = 0
        self._tell()
        for place, result in self._found:
            self._waiting[place] = result
            self._done += 1
            while following in self._waiting:
                yield self._given(following)
                following += 1
            self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self._done, self.total)

    def rest(self) -> Iterator[Result]:
        """Stop, and yield what has come and waits for something that will not come any more."""
        self._found.close()
        while self._waiting:
            yield self._given(min(self._waiting))

    def _given(self, place: int) -> Result:
        result = self._waiting.pop(place)
        self.keep(result)
        return result

    def keep(self, one: Result) -> None:
        """Take notice of a result that is given."""

    @property
    def interrupted(self) -> str:
        """What there is to say of how far it came."""
        return f"{self._done:,} of {self.total:,} {self._far}" if self._far else ""
