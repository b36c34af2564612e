"""Index: the place of a word in a list, counted from 0, as a loss of classes wants its labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.data.features.feature import Feature, in_frame, is_word

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FEATURE", "Index"]


class Index(Feature):
    """0 for the first of several words, 1 for the second, ….  No number for any other word."""

    name = "index"
    of_all_words = True
    order = 8
    summary = "place of the word in the list, from 0"
    style = "count"

    of: str
    words: tuple[str, ...]

    def __init__(self, quantity: str, of: str, *words: str, note: str = "") -> None:
        if not words:
            raise ValueError('need the words, as in index(species, "cat", "dog")')
        if not all(isinstance(word, str) for word in words):
            raise ValueError("need words in quotation marks")
        for name, value in (("quantity", quantity), ("note", note), ("of", of), ("words", words)):
            object.__setattr__(self, name, value)
        self.__post_init__()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Index) and (self.quantity, *self.arguments) == (
            other.quantity,
            *other.arguments,
        )

    def __hash__(self) -> int:
        return hash((self.quantity, *self.arguments))

    @property
    def arguments(self) -> tuple[str, ...]:
        return (self.of, *self.words)

    @property
    def made_of(self) -> tuple[str, ...]:
        return (self.of,)

    @property
    def paper(self) -> str:
        return f"place of {self.of} among {', '.join(self.words)}, from 0"

    @property
    def pandas_line(self) -> str:
        return f"{in_frame(self.of)}.map({{{', '.join(f'{w!r}: {i}' for i, w in self._numbered)}}})"

    @property
    def _numbered(self) -> list[tuple[int, str]]:
        return list(enumerate(self.words))

    def formula(self) -> str:
        *before, last = self._numbered
        text = f'IF({{{self.of}}}="{last[1]}",{last[0]},NA())'
        for i, word in reversed(before):
            text = f'IF({{{self.of}}}="{word}",{i},{text})'
        return text

    def values(self, frame: pd.DataFrame, facts: Mapping[str, float]) -> pd.Series:
        import pandas as pd

        found = pd.Series(float("nan"), frame.index, dtype=float)
        for i, word in reversed(self._numbered):
            found = found.where(is_word(frame, self.of, word) == 0, float(i))
        return found


FEATURE = Index
