"""Explain a workbook: read it, recalculate it, and ask torch why its runs went as they did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xlsgd import verdict
from xlsgd.base.cells import Formula
from xlsgd.base.errors import SpecError
from xlsgd.base.progress import Progress
from xlsgd.data import Dataset
from xlsgd.explaining.ablation import twin_of
from xlsgd.explaining.bounds import bends_of, border, calculated_limit
from xlsgd.explaining.changed import changed_columns, trains_the_same
from xlsgd.explaining.citation import Citation, OnTab
from xlsgd.explaining.crawling import crawl_of
from xlsgd.explaining.divergence import turn_of
from xlsgd.explaining.findings import ChangedColumn, Explanation, RateLimit, TabExplanation
from xlsgd.explaining.freezing import frozen_derivative
from xlsgd.explaining.layer_slopes import layer_slopes
from xlsgd.explaining.overfitting import validated
from xlsgd.explaining.plateau import has_learned, plateau_of
from xlsgd.explaining.rates import better_run, suggestion, try_around
from xlsgd.explaining.saturation import saturated_units
from xlsgd.explaining.sentences import changed_sentences, sentences_of
from xlsgd.explaining.still_weights import still_weights
from xlsgd.explaining.training import Length, Training, train
from xlsgd.explaining.units import dead_units
from xlsgd.explaining.wrong_loss import loss_sentences
from xlsgd.report.report import name_text, value_text
from xlsgd.sheets.maps import address, quoted
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.view import View
from xlsgd.torch_side.plain import load_torch
from xlsgd.torch_side.targets import columns_to_predict
from xlsgd.training.trace import MEMBERS
from xlsgd.verifying.opening import open_workbook, without_circles

__all__ = ["explain", "explain_run"]


def explain(
    path: str | Path,
    tabs: Sequence[str] = (),
    engine: str = "formulas",
    progress: Progress | None = None,
) -> Explanation:
    """Return how the runs of a workbook went and why, each with a change that was tried.

    tabs: names of training tabs; all of them where none is given.
    engine: what recalculates the workbook, so that inputs with formulas count as well.
    Only the inputs of the workbook are used: all that is said is about torch's run from them.
    Raises WorkbookError if the file cannot be read or is none of xlsgd's, SpecError for a tab that
    it has not, EngineError if the engine cannot be used.
    """
    opened = open_workbook(path, engine, progress)
    file, calculation, found = opened.file, opened.calculation, opened.found
    found.need_whole_data()
    torch = load_torch()
    chosen = _chosen(found, tabs, str(path))
    explained = []
    for i, experiment in enumerate(chosen):
        if progress is not None:
            progress("training in torch", i, len(chosen))
        maps = found.maps.training[experiment]
        position = maps.fields["verdict"]
        content = file.book.sheets[maps.sheet].get(position)
        values = calculation.values.get(maps.sheet, {})
        shown = values.get(position) if isinstance(content, Formula) else content
        length = Length(len(maps.tables["steps"].rows), len(maps.tables["epochs"].rows))
        with without_circles(opened):
            changed = changed_columns(opened, experiment)
        explained.append(
            explain_run(
                found.views[experiment],
                found.data,
                length,
                OnTab(found, experiment),
                maps.sheet,
                shown if isinstance(shown, str) else value_text(shown),
                changed,
                not changed or trains_the_same(opened, experiment),
            )
        )
    if progress is not None:
        progress("training in torch", len(chosen), len(chosen))
    return Explanation(
        name_text(path),
        opened.engine_version,
        f"torch {torch.__version__}",
        tuple(explained),
        (*calculation.notes, *_faults(found)),
    )


def explain_run(
    view: View,
    data: Dataset,
    length: Length | None = None,
    where: Citation | None = None,
    tab: str = "",
    sheet_verdict: str | None = None,
    changed: tuple[ChangedColumn, ...] = (),
    followed: bool = True,
) -> TabExplanation:
    """Return how the run of an experiment goes and why.

    length: of its tab's tables, all epochs where not given.   where: says which cells show it.
    tab: its name.   sheet_verdict: what the tab says; torch's own where there is none.
    changed: its columns that are not xlsgd's.   followed: whether its weights are torch's all the
        same; if not, why the run goes as it goes is not asked.
    """
    experiment = view.experiment
    if length is None:
        length = Length(experiment.epochs * data.rows, experiment.epochs)
    where = where or Citation()
    training = train(view, data, length)
    constant = experiment.loss.constant_of(
        columns_to_predict(experiment, data), **experiment.loss_options
    )
    known = TabExplanation(
        tab=tab or experiment.id,
        experiment=experiment.id,
        network=str(experiment.network),
        weights=len(experiment.network.parameters),
        optimizer=experiment.optimizer.name,
        verdict=training.verdict,
        sheet_verdict=training.verdict if sheet_verdict is None else sheet_verdict,
        agree=sheet_verdict is None or _agrees(training, sheet_verdict, length),
        kind=training.kind,
        learning_rate=experiment.learning_rate,
        epochs=training.epochs,
        rows=data.rows,
        start_loss=training.number("start_loss"),
        mean_loss=training.mean_loss,
        rmse=training.rmse,
        mean_rmse=None if constant is None else experiment.loss.read(constant),
        limit=RateLimit(None, "none", "formulas of the tab have been changed"),
        changed=changed,
        followed=followed,
    )
    if not followed:
        return replace(known, sentences=tuple(changed_sentences(known, where)))
    # What is tried is compared after as many epochs as are complete here.
    complete = training.view.but(epochs=training.epochs)
    limit = calculated_limit(training)
    tried = try_around(complete, data, limit.value)
    bends = bends_of(training) if limit.value is None else ()
    turn, dead = turn_of(training, where), dead_units(training, where)
    if limit.value is None:
        limit = border(replace(training, view=complete), limit.why, tried, dead, turn)
    better = better_run(training, length, tried)
    learned = has_learned(training, constant)
    explained = replace(
        known,
        turn=turn,
        limit=limit,
        dead=dead,
        frozen=frozen_derivative(training, length, where),
        still=still_weights(training, dead),
        saturated=() if learned else saturated_units(training, where),
        layer_slopes=None if learned else layer_slopes(training, where),
        plateau=plateau_of(training, constant, where),
        crawl=crawl_of(training),
        validated=validated(training, where),
        bends=bends,
        unfit=tuple(loss_sentences(training, learned)),
        twin=twin_of(training, length, better),
        suggestion=None if better is None else suggestion(better, tried),
        tried=len(tried.rates),
        tried_from=float(tried.rates[0]),
        tried_to=float(tried.rates[-1]),
    )
    return replace(explained, sentences=sentences_of(explained, training, where))


def _faults(found: FoundWorkbook) -> tuple[str, ...]:
    """Return sentences about data that no net learns from though it should."""
    sheet = quoted(found.maps.data.sheet)
    return tuple(f"{sheet}!{address(cell)}: {why}" for cell, why in found.faults.items())


def _chosen(found: FoundWorkbook, tabs: Sequence[str], file: str) -> list[str]:
    """Return the experiments of the tabs asked for, in the order of the workbook."""
    names = {maps.sheet: experiment for experiment, maps in found.maps.training.items()}
    for tab in tabs:
        if tab not in names:
            raise SpecError(
                f"{file}: tab '{tab}' is no training tab of this workbook; there are: "
                f"{', '.join(names)}"
            )
    return [experiment for sheet, experiment in names.items() if not tabs or sheet in tabs]


def _agrees(training: Training, shown: str, length: Length) -> bool:
    """Return whether a tab's verdict is torch's, or one that rounding may lead to."""
    if shown == training.verdict:
        return True
    ensemble = train(training.view, training.data, length, MEMBERS)
    return verdict.agrees(shown, [panel["verdict"] for panel in ensemble.panels])
