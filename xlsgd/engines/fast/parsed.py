"""One formula as formulas has it: parsed to an expression, and compiled to be calculated."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from xlsgd.base.cells import Scalar, Uncomputed, column_letters
from xlsgd.engines.fast.argument_limits import check_arguments, names_limited
from xlsgd.engines.fast.expression import Block, Call, Constant, Expression, Node, Operand
from xlsgd.engines.fast.library import Library
from xlsgd.formula.r1c1 import Refused

__all__ = ["BLIND_TO_EMPTY_CELLS", "Fetch", "Parsed"]

_OTHER_WITH_EVERY_LOOK = re.compile(r"\b(?:NOW|RAND|RANDARRAY|RANDBETWEEN|TODAY)\(", re.IGNORECASE)
"""Functions that do not give the same for the same operands."""

LARGEST_ARRAY = 2**17  # cells: above it, formulas takes seconds for a single formula

# A range may be cut after the last cell in use if it goes to nothing but these.  INDEX may see
# the cut, so for INDEX it is done only where the range is too large and the cell is before it.
BLIND_TO_EMPTY_CELLS = frozenset(
    ["AVERAGE", "COUNT", "COUNTA", "MAX", "MEDIAN", "MIN", "PRODUCT", "SUM", "SUMSQ"]
)

Fetch = Callable[[int, tuple[int, int, int, int]], "Block | Scalar | Uncomputed"]
"""Gives an operand: called with the number n of its made-up sheet ``Sn``, and with top, left,
bottom and right."""


class Parsed:
    """A formula as formulas parsed it.

    text: with operands on made-up sheets: ``=S0!A1*S1!A1``.
    cell: where it stands, such as ``B7``, if its value depends on that; its text then has
        operands of its own sheet without a sheet.
    positional: whether the value depends on where the formula or its operands stand.
    settled: whether the value follows from its operands alone, and from nothing that changes.
    Raises Refused if formulas cannot parse the text or does not know a function in it.
    """

    def __init__(self, library: Library, text: str, cell: str | None = None) -> None:
        self._library = library
        self._cell = cell
        # Their insides are calculated while they are parsed, and seen by no check.
        if re.search(r"\b(?:LET|LAMBDA)\(", text, re.IGNORECASE) and names_limited(text):
            raise Refused("a function whose argument must be small, inside LET or LAMBDA")
        self._function: Any = None
        self._inputs: list[list[Any]] = []
        self.positional = False
        try:
            with library.texts.parsing(), library.texts.counted():
                self._builder = library.parser.ast(text)[1]
            self.expression = self._read_graph()
        except Refused:
            raise
        except Exception as error:
            # Besides its own errors formulas lets pass what it runs into, such as the SyntaxError
            # of a number with leading zeros and the RecursionError of deep nesting.
            raise Refused(f"formulas cannot parse it ({type(error).__name__})") from error
        self._takers = self._find_takers()
        self._parts: dict[str, Parsed] = {}
        self.settled = not (self.positional or _OTHER_WITH_EVERY_LOOK.search(text))

    def _read_graph(self) -> Expression:
        library, dsp = self._library, self._builder.dsp
        nodes: dict[str, Node] = {}
        # What a formula says twice, as the MAX in IF(MAX(A1:A9)<B1,MAX(A1:A9),0), formulas
        # calculates once; the second time it stands there under another id.
        same: dict[str, str] = {
            node["outputs"][0]: node["inputs"][0]
            for node in dsp.function_nodes.values()
            if node["function"] is library.bypass
        }
        for id_, node in dsp.function_nodes.items():
            function, inputs = node["function"], node["inputs"]
            if function is library.bypass:
                continue
            if function is library.not_implemented:
                name = re.sub(r"<\d+>$", "", id_)
                raise Refused(f"formulas does not know the function {name}")
            if re.match(r"(_XLFN\.)?RANDBETWEEN\b", id_, re.IGNORECASE):
                raise Refused("formulas gives no whole numbers for RANDBETWEEN")
            if library.dispatcher in inputs:
                raise Refused(f"{id_} needs the whole workbook, which is not supported")
            if library.cell in inputs or id(function) in library.set_operators:
                self.positional = True
            # Tokens are inputs that formulas adds for itself.
            arguments = tuple(
                same.get(id_, id_) for id_ in inputs if not isinstance(id_, library.token)
            )
            for output in node["outputs"]:
                nodes[output] = Call(library.name_of(function), arguments)
        for id_ in dsp.data_nodes:
            operand = re.fullmatch(r"S([0-9]+)![A-Z0-9:]+", id_)
            if operand:
                nodes[id_] = Operand(int(operand[1]))
            elif id_ not in nodes and id_ in dsp.default_values:
                nodes[id_] = Constant(dsp.default_values[id_]["value"])
        root = self._builder.get_node_id(self._builder[-1])
        return Expression(nodes, same.get(root, root))

    def _find_takers(self) -> dict[int, list[Call]]:
        """Return, for every operand, the calls that it is an argument of."""
        nodes, root = self.expression
        takers: dict[int, list[Call]] = {}
        for taker in [*nodes.values(), Call("", (root,))]:
            if isinstance(taker, Call):
                for operand in map(nodes.get, taker.arguments):
                    if isinstance(operand, Operand):
                        takers.setdefault(operand.slot, []).append(taker)
        return takers

    def _compile(self) -> None:
        library = self._library
        where = {} if self._cell is None else {library.cell: library.ranges().push(self._cell)}
        self._function = self._builder.compile(**where)
        for key, value in self._function.inputs.items():
            areas = value.ranges if isinstance(value, library.ranges) else ()
            if not areas or (self._cell is None and not all(area["sheet_id"] for area in areas)):
                raise Refused(f"it needs {key}, which formulas cannot find")
            self._inputs.append(list(areas))

    def value(self, fetch: Fetch) -> Scalar | complex:
        """Return the value as formulas computes it.

        fetch: called once for every operand.
        Raises Refused for what is no value, or what formulas raises an error for.
        """
        try:
            # Before compiling, since that calculates what has no operands.
            check_arguments(self.expression, lambda id_: self._part(id_, fetch))
            with self._library.texts.counted():
                if self._function is None:
                    self._compile()
                arguments = [self._argument(areas, fetch) for areas in self._inputs]
                return self._library.from_library(self._function(*arguments))
        except Refused:
            raise
        except Exception as error:
            cause = getattr(error, "ex", None) or error  # schedula wraps what it ran into
            raise Refused(f"formulas failed: {type(cause).__name__} {cause}".rstrip()) from error

    def _part(self, id_: str, fetch: Fetch) -> object:
        """Return the value of a node: of a part of the formula."""
        node = self.expression.nodes.get(id_)
        if isinstance(node, Constant):
            return node.value
        # The id of a node is what it computes, written as a formula.
        if id_ not in self._parts:
            self._parts[id_] = Parsed(self._library, f"={id_}", self._cell)
        return self._parts[id_].value(fetch)

    def _argument(self, areas: list[Any], fetch: Fetch) -> Any:
        library, shaped, values = self._library, [], {}
        for area in areas:
            number = int(area["sheet_id"][1:] or 0)
            value = fetch(number, (int(area["r1"]), area["n1"], int(area["r2"]), area["n2"]))
            if isinstance(value, Block):
                array = self._array(value, self._may_be_cut(number, value, fetch))
                if self._cell is None:  # a formula for all cells: its ranges differ in size
                    rows, columns = array.shape
                    corner = f"{column_letters(columns)}{rows}"
                    area = library.ranges.get_range(f"S{number}!A1:{corner}")
            else:
                array = library.numpy.empty((1, 1), object)
                array[0, 0] = library.to_library(value)
            shaped.append(area)
            values[area["name"]] = area, array
        return library.ranges(tuple(shaped), values)

    def _may_be_cut(self, number: int, block: Block, fetch: Fetch) -> bool:
        """Return whether the value is the same if a range ends with the last cell in use."""
        if self._cell is not None:
            return False
        for taker in self._takers[number]:
            if taker.name in BLIND_TO_EMPTY_CELLS:
                continue
            if taker.name != "INDEX" or block.full_rows * block.full_columns <= LARGEST_ARRAY:
                return False
            places = [self._part(id_, fetch) for id_ in taker.arguments[1:]]
            sizes: tuple[int, ...] = (block.rows, block.columns)
            if len(places) == 1 and 1 in (block.full_rows, block.full_columns):
                sizes = (block.rows * block.columns,)
            if len(places) != len(sizes) or not all(
                isinstance(place, (int, float)) and 1 <= place < size + 1
                for place, size in zip(places, sizes, strict=True)
            ):
                return False
        return True

    def _array(self, block: Block, cut: bool) -> Any:
        library = self._library
        rows, columns = block.full_rows, block.full_columns
        if cut:
            rows, columns = block.rows, block.columns
        if rows * columns > LARGEST_ARRAY:
            raise Refused(f"a range of {rows} x {columns} cells is too large for formulas")
        array = library.numpy.empty((rows, columns), object)
        array.fill(library.empty)  # full() would make a plain str of it
        used = library.numpy.empty(len(block.values), object)
        used[:] = [library.to_library(value) for value in block.values]
        array[: block.rows, : block.columns] = used.reshape(block.rows, block.columns)
        return array
