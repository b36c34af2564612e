"""What a rule is: how an operator or a function of formulas is written in Python, and when.

A rule writes lines of Python that give the very bits that formulas gives, for operands whose
kinds are known.  Where it cannot, it raises ``Unable`` while writing; what it writes raises
``Doubt``, or whatever else, while calculating.  Both mean: let formulas itself calculate.  What
the rules know of formulas (how it takes an empty cell, which NumPy function it calls) comes from
its source and is checked against it in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Container

from xlsgd.engines.fast.kinds import Unable, Written
from xlsgd.engines.fast.writer import Arguments, Rule, Writer

__all__ = ["Arguments", "Rule", "Table"]

_ANY_NUMBER = range(1, 256)


class Table(dict[str, Rule]):
    """Operator or function name to its rule, called with the writer, the name and argument ids."""

    def lazy(self, *names: str, takes: Container[int] = _ANY_NUMBER) -> Callable[[Rule], Rule]:
        """Register a rule that looks at its arguments as it sees fit.

        takes: how many arguments there may be; what comes of another number is for formulas to
            say.
        """

        def register(write: Rule) -> Rule:
            def counted(writer: Writer, name: str, arguments: Arguments) -> Written:
                if len(arguments) not in takes:
                    raise Unable(f"{name} with {len(arguments)} arguments")
                return write(writer, name, arguments)

            self.update(dict.fromkeys(names, counted))
            return write

        return register

    def strict(self, *names: str, takes: Container[int] = _ANY_NUMBER) -> Callable[[Rule], Rule]:
        """Register a rule for what gives its first argument that is an error, if there is one.

        formulas looks for errors among all the arguments before it looks at anything else.
        """

        def register(write: Rule) -> Rule:
            def strict(writer: Writer, name: str, arguments: Arguments) -> Written:
                error = writer.first_error(arguments)
                return write(writer, name, arguments) if error is None else error

            self.lazy(*names, takes=takes)(strict)
            return write

        return register
