"""Compare an images tab with what torch makes of the image that it shows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xlsgd.tabs.comparing import FIELDS, ROWS, check_fields, number_in
from xlsgd.tabs.examination import Examination
from xlsgd.tabs.images import columns as images
from xlsgd.tabs.images.torch_values import Members, pixels, through
from xlsgd.tabs.model.torch_weights import of_run
from xlsgd.tabs.training.torch_trained import Trained
from xlsgd.torch_side import Ensemble
from xlsgd.training.experiment import Experiment
from xlsgd.training.trace import MEMBERS

__all__ = ["check_images"]


def check_images(work: Examination, experiment: Experiment) -> None:
    """Compare the images tab of an experiment."""
    maps = work.found.maps.of("images")[experiment.id]
    tab, wanted = work.tabs[maps.sheet], work.writer(maps)
    shown = maps.fields[images.SHOWN]
    tab.inputs |= {shown}
    row = int(number_in(tab.cells.get(shown))) - 1
    fields = [*images.targets(experiment), *images.results(experiment)]
    check_fields(tab, wanted, maps, fields, FIELDS)
    size = str(tab.contents.get(maps.fields[images.SHAPE]))
    shape = images.read_shape(size, experiment.network.inputs)
    assert shape is not None  # or the tab would not have been found
    said = images.said_of(experiment, shape)
    for i, (key, template) in enumerate(said.items()):
        place = maps.fields[key]
        tab.check_formula(place, (ROWS, i, place[1]), key, wanted(template)(place[0]))
    for check, data, weights in (
        ("step", work.found.shown, _weights_there(work, experiment)),
        ("run", work.found.data, _weights_of_run(work, experiment)),
    ):
        image = pixels(experiment, data, row, MEMBERS)
        names = experiment.network.input_names
        expected: Members = {
            f"image.{name}": [*map(float, image[:, i])] for i, name in enumerate(names)
        }
        for y, column in zip(experiment.targets, data.targets, strict=False):
            expected[f"target.{y}"] = [column[row]]
        for moment, own in weights.items():
            passed = through(experiment, data, row, own)
            expected |= {f"{moment}.{p}": [*map(float, each)] for p, each in own.items()}
            expected |= {f"{moment}.{name}": each for name, each in passed.items()}
        drawn = {key: maps.fields[key] for key in said}
        tab.compare_fields(check, drawn, expected, ROWS)
        places = {given.key: maps.fields[given.key] for given in fields}
        tab.compare_fields(check, places, expected, FIELDS)


def _weights_there(
    work: Examination, experiment: Experiment
) -> Mapping[str, dict[str, NDArray[np.float64]]]:
    """Return the weights of both moments as the training tab shows them."""
    maps = work.found.maps.training[experiment.id]
    cells, steps = work.tabs[maps.sheet].cells, maps.tables["steps"]
    ensemble = Ensemble(MEMBERS)

    def copies(place: tuple[int, int]) -> NDArray[np.float64]:
        return ensemble.copies([number_in(cells.get(place))])[:, 0].numpy()

    names = experiment.network.parameters
    return {
        images.BEFORE: {p: copies(maps.fields[f"init.{p}"]) for p in names},
        images.AFTER: {p: copies(steps.cell(f"new.{p}", -1)) for p in names},
    }


def _weights_of_run(
    work: Examination, experiment: Experiment
) -> Mapping[str, dict[str, NDArray[np.float64]]]:
    """Return the weights of both moments by torch alone; after a run that has lost its loss, those
    that the training tab shows."""
    run, found = work.of(Trained).alone[experiment.id], {}
    for moment, there in _weights_there(work, experiment).items():
        members = {p: of_run(experiment, run, p, moment == images.BEFORE) for p in there}
        found[moment] = {
            p: there[p] if values is None else np.array(values) for p, values in members.items()
        }
    return found
