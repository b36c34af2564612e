"""A sweep as a picture: a heat map in colours for loss, explosion and death."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xlsgd.sweeping.axes import Axis
from xlsgd.sweeping.colours import OTHERS, Scale, explosion_scale, loss_scale
from xlsgd.sweeping.grid import Sweep, evenly
from xlsgd.sweeping.words import axis_label, sweep_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_picture"]

Floats = NDArray[np.float64]

_MOST = 1200
"""Values of an axis that are drawn: more than there are pixels would not be seen."""


def draw_picture(sweep: Sweep) -> bytes:
    """Return a PNG of the sweep.

    Along two axes: the mean loss of the last epoch, the step of the explosion, or what died.
    Along one: the same as a curve, and below it the mean loss of every epoch.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # As matplotlib comes, whatever a file on this machine says.
    defaults = {
        key: value
        for key, value in matplotlib.rcParamsDefault.items()
        if not key.startswith(("backend", "interactive", "toolbar", "datapath"))
    }
    with matplotlib.rc_context({**defaults, "font.size": 10, "axes.linewidth": 0.7}):
        figure = Figure(figsize=(9.2, 6.4), dpi=150, layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(sweep_title(sweep), fontsize=13, fontweight="bold", x=0.02, ha="left")
        if len(sweep.axes) == 2:
            _draw_map(figure, sweep)
        else:
            _draw_epochs(figure, sweep)
        written = io.BytesIO()
        figure.savefig(written, format="png", metadata={"Software": None})
    return written.getvalue()


def _draw_map(figure: Figure, sweep: Sweep) -> None:
    axes = figure.add_subplot()
    x, y = sweep.axes
    columns, lines = evenly(x.steps, _MOST), evenly(y.steps, _MOST)
    cells = np.ix_(lines, columns)
    kinds = sweep.grid(sweep.kinds)[cells]
    loss = sweep.grid(sweep.numbers["last_loss"])[cells]
    exploded = sweep.grid(sweep.numbers["exploded_step"])[cells]
    edges = _edges(x, columns), _edges(y, lines)
    _paint(figure, axes, edges, sweep, kinds, loss, exploded, "mean loss of the last epoch")
    _scale_axis(axes, x, "x")
    _scale_axis(axes, y, "y")


def _draw_epochs(figure: Figure, sweep: Sweep) -> None:
    (x,) = sweep.axes
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.25))
    _draw_curve(upper, sweep)
    columns = evenly(x.steps, _MOST)
    epochs = np.arange(1, sweep.experiment.epochs + 1)
    if sweep.mean_loss is None:
        loss = sweep.numbers["last_loss"][columns][None, :]
        numbers = np.array([0.5, len(epochs) + 0.5])
    else:
        loss = sweep.mean_loss[columns].T
        numbers = np.arange(len(epochs) + 1) + 0.5
    exploded = sweep.exploded_by(numbers[1:, None], columns)
    kinds = np.where(exploded > 0, "exploded", "")
    edges = _edges(x, columns), numbers
    _paint(figure, lower, edges, sweep, kinds, loss, exploded, "mean loss of the epoch")
    lower.set_ylabel("epoch")
    lower.set_yticks(_few(epochs))
    lower.invert_yaxis()
    _scale_axis(lower, x, "x")


def _draw_curve(axes: Axes, sweep: Sweep) -> None:
    """Draw the loss at the end over the one axis; where a run is lost, in the colour of that."""
    (x,) = sweep.axes
    values, loss = x.values, sweep.numbers["last_loss"]
    start = sweep.numbers["start_loss"]
    lost = sweep.numbers["exploded_step"] > 0
    kept = np.where(lost, np.nan, loss)
    axes.plot(values, kept, color="#0b5f8a", linewidth=1.4, label="mean loss of the last epoch")
    axes.plot(values, start, color="#6b7785", linewidth=1, linestyle=":", label="loss at the start")
    edges = _edges(x, np.arange(x.steps))
    for flags, colour, hatch, words in (
        (lost, "#f6c4ad", "", "exploded"),
        *((sweep.kinds == kind, c, "////", kind) for kind, c in OTHERS.items()),
    ):
        for i, (first, last) in enumerate(_stretches(flags)):
            axes.axvspan(
                edges[first], edges[last], facecolor=colour, alpha=0.55, linewidth=0,
                hatch=hatch, edgecolor="white", label=None if i else words,
            )  # fmt: skip
    if (kept[np.isfinite(kept)] > 0).any():
        axes.set_yscale("log")
    axes.set_ylabel("loss")
    axes.grid(color="#dde2e8", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(fontsize=8, framealpha=0.9)


def _paint(
    figure: Figure,
    axes: Axes,
    edges: tuple[Floats, Floats],
    sweep: Sweep,
    kinds: NDArray[Any],
    loss: Floats,
    exploded: Floats,
    words: str,
) -> None:
    """Paint cells, and explain their colours."""
    from matplotlib.colors import LinearSegmentedColormap, ListedColormap, LogNorm
    from matplotlib.patches import Patch
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    kept = np.where((exploded > 0) | np.isin(kinds, list(OTHERS)), np.nan, loss)

    def scaled(values: Floats, scale: Scale, label: str) -> None:
        colours = LinearSegmentedColormap.from_list(label, list(scale.colours))
        mesh = axes.pcolormesh(
            *edges, np.ma.masked_invalid(values), cmap=colours,
            norm=LogNorm(scale.low, scale.high, clip=True), rasterized=True,
        )  # fmt: skip
        beyond = "both" if label == words else "neither"
        bar = figure.colorbar(mesh, ax=axes, extend=beyond, pad=0.015, aspect=28, fraction=0.06)
        bar.set_label(label, fontsize=9)
        bar.ax.tick_params(labelsize=8)
        few = scale.high < 30 * scale.low
        bar.ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,)))
        bar.ax.yaxis.set_minor_formatter(NullFormatter())
        if scale.low >= 1e-3 and scale.high < 1e6:
            bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))

    losses, steps = loss_scale(kept), explosion_scale(sweep)
    zero = np.where(kept == 0, 1.0, np.nan)
    if losses is not None:
        scaled(np.where(kept == 0, losses.low, kept), losses, words)
    elif np.isfinite(zero).any():
        axes.pcolormesh(*edges, np.ma.masked_invalid(zero), cmap=ListedColormap(["#082a54"]))
    if steps is not None:
        scaled(np.where(exploded > 0, exploded, np.nan), steps, "exploded at step")
    patches = []
    for kind, colour in OTHERS.items():
        if not (kinds == kind).any():
            continue
        here = np.ma.masked_where(kinds != kind, np.ones(kinds.shape))
        axes.pcolormesh(*edges, here, cmap=ListedColormap([colour]), rasterized=True)
        label = {"dead": "a unit is dead", "frozen": "derivative frozen"}.get(kind, kind)
        patches.append(Patch(facecolor=colour, edgecolor="#444b55", linewidth=0.5, label=label))
    if patches:
        axes.legend(
            handles=patches, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=9,
            frameon=False, borderpad=0, handlelength=1.2,
        )  # fmt: skip


def _scale_axis(axes: Axes, axis: Axis, which: str) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

    getattr(axes, f"set_{which}label")(axis_label(axis))
    if axis.log:
        getattr(axes, f"set_{which}scale")("log")
    if axis.log and axis.high < 10 * axis.low:
        # So little of a log scale is almost even, and powers of ten are rare on it.
        digits = 2 + math.ceil(math.log10(axis.high / (axis.high - axis.low)))
        ticks = axes.xaxis if which == "x" else axes.yaxis
        ticks.set_major_locator(MaxNLocator(6))
        ticks.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.{digits}g}"))
        ticks.set_minor_locator(NullLocator())
    getattr(axes, f"set_{which}lim")(*_edges(axis, np.arange(axis.steps))[[0, -1]])


def _edges(axis: Axis, places: NDArray[np.int64]) -> Floats:
    """Return the borders between the cells of an axis, one more than there are cells."""
    values = axis.values[places]
    scaled = np.log(values) if axis.log else values
    middle = (scaled[1:] + scaled[:-1]) / 2
    first, last = 2 * scaled[0] - middle[0], 2 * scaled[-1] - middle[-1]
    edges = np.concatenate(([first], middle, [last]))
    return np.exp(edges) if axis.log else edges


def _stretches(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return where flags are set without a gap, as first place and the place after the last."""
    steps = np.diff(np.concatenate(([0], flags.astype(int), [0])))
    return list(zip(np.flatnonzero(steps == 1), np.flatnonzero(steps == -1), strict=True))


def _few(numbers: NDArray[np.int64]) -> list[int]:
    """Return at most a dozen of the numbers 1, 2, …"""
    every = -(-len(numbers) // 12)
    return [int(n) for n in numbers if n % every == 0 or n == 1]
