"""The formulas library, imported when a ``Library`` is made, and its values turned into ours.

Nothing outside this file and parsed.py knows anything of the library.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from xlsgd.base.cells import CellError, Scalar
from xlsgd.base.errors import EngineError
from xlsgd.engines.fast.lazy_import import asserts_kept, imported_later
from xlsgd.engines.fast.text_limits import Texts
from xlsgd.formula.r1c1 import Refused

__all__ = ["Library", "quiet"]


@contextmanager
def quiet() -> Iterator[None]:
    """Keep tracebacks and warnings off stderr: what goes wrong is reported cell by cell."""
    log = logging.getLogger("schedula.utils.sol")
    before, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.disabled = before


class Library:
    """The imported library.  Raises EngineError if it is not installed."""

    def __init__(self) -> None:
        try:
            with (
                asserts_kept("formulas"),
                imported_later("scipy.stats", "scipy.linalg", "scipy.interpolate"),
            ):
                import formulas
                import formulas.cell
                import formulas.functions.operators
                import numpy
                import schedula

                functions = formulas.get_functions()
        except ImportError as error:
            raise EngineError(
                f"the engine 'formulas' cannot be used: {error}; pip install formulas"
            ) from error
        self.numpy: Any = numpy
        self.parser: Any = formulas.Parser()
        self.ranges: Any = formulas.Ranges
        self.token: Any = schedula.Token
        self.empty: Any = schedula.EMPTY
        self.bypass: Any = schedula.bypass
        self.error: Any = formulas.XlError
        self.errors: dict[str, Any] = dict(formulas.functions.Error.errors)
        self.cell: Any = formulas.CELL
        self.dispatcher: Any = formulas.functions.DSP
        self.not_implemented: Any = formulas.functions.not_implemented
        operators = formulas.functions.operators.OPERATORS
        self.set_operators = {id(operators[name]) for name in (":", ",", " ")}
        self.texts = Texts(functions, operators)
        self._names: dict[int, str] = {}
        with self.texts.parsing():
            for name, function in [*operators.items(), *functions.items()]:
                if isinstance(function, dict):
                    function = function["function"]
                self._names.setdefault(id(function), name.removeprefix("_XLFN."))

    def name_of(self, function: object) -> str:
        """Return the name of one of formulas' functions, ``""`` for what has none.

        By identity: what is named is the very thing that formulas would call.
        """
        return self._names.get(id(function), "")

    def to_library(self, value: object) -> Any:
        """Turn the content of a cell into what formulas takes for it."""
        if value is None:
            return self.empty
        if isinstance(value, CellError):
            if value.code not in self.errors:  # such as #SPILL!, which formulas does not know
                self.errors[value.code] = self.error(value.code)
            return self.errors[value.code]
        return value

    def from_library(self, result: Any) -> Scalar | complex:
        """Turn a result into the content of a cell; inf, nan and complex numbers stay as such."""
        while isinstance(result, (self.numpy.ndarray, self.ranges)):
            array = self.numpy.atleast_2d(getattr(result, "value", result))
            if array.size != 1:
                size = " x ".join(map(str, array.shape))
                raise Refused(f"its result is an array of {size} values, not one value")
            result = array.ravel()[0]
        if result is self.empty:
            return 0.0  # as Excel shows a reference to an empty cell
        if isinstance(result, self.error):
            return CellError(str(result))
        if isinstance(result, (bool, self.numpy.bool_)):
            return bool(result)
        if isinstance(result, str) and not isinstance(result, self.token):
            return str(result)
        if isinstance(result, (int, float, self.numpy.integer, self.numpy.floating)):
            try:
                return float(result)
            except OverflowError:  # a factorial, say
                return float("inf")
        if isinstance(result, (complex, self.numpy.complexfloating)):
            return complex(result)
        raise Refused("its result is not a number, text, truth value or error")
