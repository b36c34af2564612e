"""Find the images tab again: its pictures, wherever their cells stand now."""

from __future__ import annotations

from xlsgd.sheets.found_tab import FoundTab, headers_of
from xlsgd.sheets.maps import TabMap
from xlsgd.tabs.images import columns as images
from xlsgd.tabs.images.grids import Shape
from xlsgd.tabs.images.places import heads_of, pictures_of
from xlsgd.training.experiment import Experiment

__all__ = ["find_images", "shape_on"]


def shape_on(tab: FoundTab, experiment: Experiment) -> Shape:
    """Return the size of the images that a tab shows.  Raises WorkbookError for none that fits."""
    pixels = experiment.network.inputs
    shape = images.read_shape(text := tab.text(images.SHAPE), pixels)
    if shape is None:
        raise tab.fault(
            f": {images.SHAPE}: got '{text}', need rows × columns of the {pixels} pixels that "
            f"'{experiment.id}' takes"
        )
    return shape


def find_images(tab: FoundTab, experiment: Experiment, rows: int) -> TabMap:
    """Return the map of an images tab.  rows: of data."""
    shape = shape_on(tab, experiment)
    tab.whole(images.SHOWN, f"the number of a row of data, from 1 to {rows:,}", rows)
    for given in (*images.targets(experiment), *images.results(experiment)):
        tab.place(given.key)
    fields = dict(tab.fields)
    headers = headers_of(tab.grid)
    for picture in pictures_of(experiment, shape):
        heads = heads_of(picture)
        row = next((r for r, there in headers.items() if there.keys() >= {*heads}), None)
        if row is None:
            raise tab.fault(
                f": the keys above the picture that begins with {picture[0][0]} are not there; "
                "restore them, or generate the workbook again"
            )
        columns = [headers[row][head][0] for head in heads]
        below = tab.rows_below(row, {columns[0]})[: len(picture)]
        if len(below) < len(picture):
            raise tab.fault(f": the picture that begins with {picture[0][0]} lacks cells")
        for at, names in zip(below, picture, strict=True):
            fields |= {name: (at, column) for name, column in zip(names, columns, strict=False)}
    return TabMap(tab.sheet, fields)
