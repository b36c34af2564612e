"""When a unit is silent: its output is stuck where it is flat, and hands nothing back.

A unit that is silent for every row of the data is dead: no derivative reaches the weights before
it. A layer says at which outputs its units are silent; all that tells of it, formulas, torch and
words, follows from that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Silence"]


@dataclass(frozen=True)
class Silence:
    """The outputs at which a unit is silent.

    at: ``(0.0,)`` for a ReLU, ``(-1.0, 1.0)`` for what is cut off at both ends.
    lowest: whether no output is less than the one at which it is silent, as of a ReLU.
    """

    at: tuple[float, ...]
    lowest: bool = False

    # Sheet side

    def signal(self, output: str) -> str:
        """Return the expression that is above 0 where a unit is awake.  output: its cell."""
        if self.lowest:
            return self._from(output, self.at[0])
        return "*".join(f"ABS({self._from(output, value)})" for value in self.at)

    def signal_of_rows(self, outputs: str) -> str:
        """Return the same for the cells of several rows: above 0 where it is awake in one."""
        if self.lowest:
            return self._from(f"MAX({outputs})", self.at[0])
        return f"ROWS({outputs})" + "".join(f"-COUNTIF({outputs},{v:g})" for v in self.at)

    def condition(self, output: str) -> str:
        """Return the condition that a unit is silent.  output: its cell."""
        each = [f"{output}={value:g}" for value in self.at]
        return each[0] if len(each) == 1 else f"OR({','.join(each)})"

    @staticmethod
    def _from(output: str, value: float) -> str:
        return output if value == 0 else f"({output}{-value:+g})"

    # Torch side

    def signal_of(self, output: Tensor) -> Tensor:
        """Return what is above 0 where a unit is awake, and no number where its output is none."""
        if self.lowest:
            return output - self.at[0] if self.at[0] else output
        distance = (output - self.at[0]).abs()
        for value in self.at[1:]:
            distance = distance * (output - value).abs()
        return distance

    def kept(self, output: Tensor, rounded: Tensor) -> Tensor:
        """Return rounded outputs, those at which a unit is silent as they are: cut off there, they
        are exact."""
        import torch

        for value in self.at:
            if value:  # 0 has no digits to round
                rounded = torch.where(output == value, output, rounded)
        return rounded

    # In words

    @property
    def words(self) -> str:
        """What a silent unit gives: ``0``, or ``-1 or 1``."""
        return " or ".join(f"{value:g}" for value in self.at)

    @property
    def otherwise(self) -> str:
        """What it gives where it is awake: ``above 0``, or ``neither -1 nor 1``."""
        if self.lowest:
            return f"above {self.at[0]:g}"
        if len(self.at) == 1:
            return f"other than {self.at[0]:g}"
        return f"neither {' nor '.join(f'{value:g}' for value in self.at)}"

    def awake_on_paper(self, unit: str) -> str:
        """Return the condition that a unit is awake, as one would write it on paper."""
        if self.lowest:
            return f"{unit} > {self.at[0]:g}"
        return f"{unit} ≠ {', '.join(f'{value:g}' for value in self.at)}"
