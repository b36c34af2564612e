"""The plan of a net of one's own, from a text: layers, a formula, or a module in a Python file.

Linear(2, 3), ReLU, Linear(3, 1)
c*(a*x + b) + d
my_net.py:model
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlsgd.base.errors import DataError, MissingColumnError, SpecError
from xlsgd.data import Dataset
from xlsgd.data.features.number import Number
from xlsgd.data.table_file import read_table
from xlsgd.lessons.lesson import NO_COLUMNS, Columns, Lesson, LessonPlan, Options, Values
from xlsgd.lessons.live_check import need_same
from xlsgd.lessons.own_net import OwnNet, own_lesson, shape_of_image
from xlsgd.training.losses import get_loss
from xlsgd.training.nets import Network, parse_network
from xlsgd.training.nets.kinds import layer_types
from xlsgd.training.optimizers import get_optimizer

if TYPE_CHECKING:
    import torch

    from xlsgd.sheets.maps import BookMap

__all__ = ["OwnPlan", "is_net"]

_IN_FILE = re.compile(r"(?P<file>.+\.py):(?P<name>[A-Za-z_]\w*)")
_FILE = re.compile(r".+\.py")
_LAYER = re.compile(r"\s*(?:(?:torch\.)?nn\.)?([A-Za-z]\w*)")
_WORD = re.compile(r"[A-Za-z_]\w*")
_RATE, _EPOCHS = 0.01, 10


def is_net(text: str) -> bool:
    """Return whether a text may describe a net, and is not just a word."""
    return (
        text in layer_types()
        or any(sign in text for sign in "(+*/^:")
        or _FILE.fullmatch(text) is not None
    )


@dataclass(frozen=True)
class _Start:
    """What is trained, from which weights.   module: the user's own, None where there is none.
    frozen: tensors that the module keeps fixed."""

    network: Network
    weights: Mapping[str, float]
    module: torch.nn.Module | None = None
    frozen: tuple[str, ...] = ()


class OwnPlan(LessonPlan):
    """How to make the workbook of a net that a text describes."""

    summary = "a net of your own: layers, a formula, or a module in a Python file"
    reads_tables = True

    def __init__(self, text: str) -> None:
        self.text = text
        self.name = text  # type: ignore[misc]  # of this plan, not of all
        self._live: tuple[torch.nn.Module, Lesson] | None = None
        self._compared = 0

    @property
    def file_name(self) -> str:
        return "net"

    def _need_name(self) -> None:
        """Raise SpecError for a file alone: which module in it is meant has to be said."""
        if _FILE.fullmatch(self.text):
            there = Path(self.text).is_file()
            raise SpecError(
                f"{self.text}: which module in it? Write its name behind it, as in "
                f"{self.text}:model"
                if there
                else f"{self.text}: there is no such file. Check name and folder."
            )

    def read_data(self, source: str, columns: Columns = NO_COLUMNS) -> Dataset:
        self._need_name()
        is_formula = not (_IN_FILE.fullmatch(self.text) or self._has_layers)
        names = _WORD.findall(self.text) if is_formula else ()
        targets = columns.targets or ("y",)
        try:
            return read_table(
                source,
                targets,
                columns.inputs,
                columns.features,
                columns.shuffle,
                mentioned=names,
                validation=columns.validation,
            )
        except MissingColumnError as error:
            if error.column not in targets:
                raise
            raise DataError(f"{error} Or say which column shall be predicted: --target") from error

    @property
    def _has_layers(self) -> bool:
        first = _LAYER.match(self.text)
        return first is not None and first[1] in layer_types()

    def build(self, options: Options) -> Lesson:
        self._need_name()
        if options.data is None:
            words = set(_WORD.findall(self.text)) & layer_types().keys()
            if words and not _IN_FILE.fullmatch(self.text):
                raise self._needs_data()
        data = Dataset.nothing() if options.data is None else options.data
        begin = self._start(data, options.seed or 0)
        # Other start weights than the module's are for a workbook alone.
        module = None if options.init else begin.module
        network = begin.network
        loss = get_loss(options.loss or _usual_loss(network, data), len(data.targets))
        loss = loss.reduced(options.reduction or loss.reduction)
        nets = [
            OwnNet(
                network,
                loss,
                get_optimizer(name, options.convention),
                data,
                _RATE if options.learning_rate is None else options.learning_rate,
                {
                    **begin.weights,
                    **{p: options.init[p] for p in begin.weights if p in options.init},
                },
                _EPOCHS if options.epochs is None else options.epochs,
                options.batch_size,
                title="" if _IN_FILE.fullmatch(self.text) else self.text,
                frozen=begin.frozen,
                compared="" if module is None else "loss and slopes",
            )
            for name in options.optimizers or ("sgd",)
        ]
        lesson = own_lesson(*nets)
        built = replace(lesson, views=options.apply(lesson.views, data))
        image = options.columns.image
        if image is not None:
            shape = shape_of_image(image, network)
            built = replace(built, images={view.id: shape for view in built.views})
        self._live = None if module is None else (module, built)
        return built

    def look(self, maps: BookMap, values: Values) -> None:
        if self._live is None:
            return
        from xlsgd.torch_side.live import criterion_of, first_step

        module, lesson = self._live
        for view in lesson.views:
            e = view.experiment
            live = first_step(module, None, criterion_of(e), lesson.data, e.batch_size)
            need_same(view, maps, values, live)
            self._compared = len(live.gradients)

    def seen(self) -> str:
        if not self._compared:
            return ""
        return (
            f"the first step was compared with the module itself: its loss and {self._compared:,} "
            f"{'slope' if self._compared == 1 else 'slopes'} are the same"
        )

    def _needs_data(self) -> SpecError:
        return SpecError(
            f"the net {self.text} needs data to learn from: --data FILE --target COLUMN"
        )

    def _start(self, data: Dataset, seed: int) -> _Start:
        in_file = _IN_FILE.fullmatch(self.text)
        if in_file is not None:
            from xlsgd.torch_side.live import start_weights
            from xlsgd.torch_side.live_groups import fixed_tensors
            from xlsgd.torch_side.modules import read_module
            from xlsgd.torch_side.modules.calling import required_arguments

            module = module_of(Path(in_file["file"]), in_file["name"], seed)
            if data.is_nothing and required_arguments(module):
                raise self._needs_data()
            network = read_module(module, tuple(data.inputs))
            return _Start(network, start_weights(module), module, fixed_tensors(module))
        if self._has_layers:
            from xlsgd.torch_side.initial import initial_weights

            network = parse_network(self.text, tuple(data.inputs))
            return _Start(network, initial_weights(network, seed))
        if data.is_nothing:
            network = parse_network(f"Function({self.text})", tuple(data.inputs))
        else:
            named = _WORD.findall(self.text)
            asked = [name for name in data.schema.targets if name in named]
            if asked:
                raise SpecError(f"the formula {self.text} names {asked[0]}, which it shall predict")
            network = parse_network(self._with_inputs(data), tuple(data.inputs))
        return _Start(network, dict.fromkeys(network.parameters, 1.0))

    def _with_inputs(self, data: Dataset) -> str:
        """Return the formula as a layer, with the names that its inputs have in the sheet.

        Raises SpecError unless it names every input, in the words of whoever wrote it.
        """
        columns = _columns_beside(data)
        text = _WORD.sub(lambda word: columns.get(word[0], word[0]), self.text)
        named = _WORD.findall(text)
        written = dict(zip(columns.values(), columns, strict=True))
        inputs = {name: written.get(name, name) for name in data.inputs}
        used = [own for name, own in inputs.items() if name in named]
        unused = [name for name in inputs if name not in named]
        if not used:
            raise SpecError(
                f"the formula {self.text} has none of the columns of the data: "
                f"{', '.join(inputs.values())}"
            )
        made = [
            name for name in unused if name in data.schema.feature_names and name == inputs[name]
        ]
        if unused:
            raise SpecError(
                f"the formula {self.text} does not use {', '.join(inputs[n] for n in unused)}; "
                + (
                    f"write {made[0]} into it, or leave the feature out"
                    if made
                    else f"name the inputs that it uses: --inputs {','.join(used)}"
                )
            )
        return f"Formula({' '.join(inputs)}: {text})"


def _columns_beside(data: Dataset) -> dict[str, str]:
    """Return the inputs that are columns as they are, where there are features beside them: the
    name of the column in the table to its name as an input."""
    return {f.of: f.quantity for f in data.schema.features if isinstance(f, Number)}


def _usual_loss(network: Network, data: Dataset) -> str:
    """Return the loss of somebody who has named none."""
    if data.is_nothing:
        return "output"
    if len(network.predictions) > 1 and len(data.targets) == 1:
        return "cross-entropy"
    return "squared error"


def module_of(file: Path, name: str, seed: int) -> torch.nn.Module:
    """Return the module of a name in a Python file, which is run for it.

    A class, or a function without arguments, is called.   seed: of torch's random numbers while
    the file runs.   Raises SpecError for a file that cannot be run, and for what is no module.
    """
    import importlib.util

    import torch

    if not file.is_file():
        raise SpecError(f"{file}: there is no such file. Check name and folder.")
    spec = importlib.util.spec_from_file_location("xlsgd_own_net", file)
    assert spec is not None
    assert spec.loader is not None
    code = importlib.util.module_from_spec(spec)
    torch.manual_seed(seed)
    try:
        spec.loader.exec_module(code)
    except Exception as error:
        # Whatever a file of the user's own does when it is run.
        raise SpecError(f"{file}: running it: {type(error).__name__}: {error}") from error
    if not hasattr(code, name):
        given = [n for n, thing in vars(code).items() if isinstance(thing, torch.nn.Module)]
        raise SpecError(
            f"{file}: it has nothing called {name}"
            + (f"; modules in it: {', '.join(given)}" if given else "")
        )
    found: Any = getattr(code, name)
    if not isinstance(found, torch.nn.Module) and callable(found):
        try:
            found = found()
        except Exception as error:
            raise SpecError(f"{file}: calling {name}(): {type(error).__name__}: {error}") from error
    if not isinstance(found, torch.nn.Module):
        raise SpecError(f"{file}: {name} is {type(found).__name__}, need a torch.nn.Module")
    return found
