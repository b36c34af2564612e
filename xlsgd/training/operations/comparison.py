"""What an operation has to tell that compares numbers: 1 where it is true, 0 where it is not."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from xlsgd.training.operations.binary import Binary

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Comparison"]


class Comparison(Binary):
    """Pairs of numbers compared, one by one. It is flat wherever it is not a jump: no derivative
    goes back through it."""

    sign: ClassVar[str]
    """What stands between the two in a sheet."""
    on_paper: ClassVar[str]

    # Sheet side

    def value(self, a: str, b: str) -> str:
        return f"IF({a}{self.sign}{b},1,0)"

    def handed_back(self, grad: str, a: str, b: str, y: str) -> tuple[str, str]:
        return "0", "0"

    def written(self, x: Sequence[str]) -> list[str]:
        half = len(x) // 2
        pairs = zip(x[:half], x[half:], strict=True)
        return [f"1 if {a} {self.on_paper} {b}, else 0" for a, b in pairs]

    # Torch side

    @abstractmethod
    def compared(self, a: Tensor, b: Tensor) -> Tensor:
        """Torch side: return whether it is true, as torch has it."""

    def of_tensors(self, a: Tensor, b: Tensor) -> Tensor:
        # What is no number spreads in a sheet, out of comparisons too. And no derivative, to
        # autograd, is something else than one of 0.
        return self.compared(a, b).to(a.dtype) + 0 * a + 0 * b
