"""The command ``xlsgd list``."""

from __future__ import annotations

from typing import Any

import click

__all__ = ["list_command"]


@click.command(
    "list",
    short_help="Show the lessons, layers, optimizers and engines there are.",
    epilog="Example:  xlsgd list",
)
def list_command() -> None:
    """Show the lessons, layers, gradient rules, optimizers, schedules, features and engines."""
    from xlsgd.data.features import feature_types
    from xlsgd.engines import engines
    from xlsgd.lessons import lesson_plans
    from xlsgd.training.gradients import gradient_rules
    from xlsgd.training.losses import losses
    from xlsgd.training.nets import layer_types
    from xlsgd.training.nets.kinds import alone_types
    from xlsgd.training.optimizers import optimizers, searches
    from xlsgd.training.schedules import schedules
    from xlsgd.training.transforms import transforms

    sections = {
        "lessons": {name: plan.summary for name, plan in lesson_plans().items()},
        "layers": {name: kind.summary for name, kind in layer_types().items()},
        "nets without data": {name: kind.summary for name, kind in alone_types().items()},
        "losses": {name: loss.paper for name, loss in losses().items()},
        "gradient rules": {name: rule.summary for name, rule in gradient_rules().items()},
        "optimizers": {name: _with_hyper(o) for name, o in optimizers().items()},
        "step rules of functions": {name: _with_hyper(o) for name, o in searches().items()},
        "transforms of slopes": {name: _with_hyper(t) for name, t in transforms().items()},
        "features": {name: kind.summary for name, kind in feature_types().items()},
        "schedules": {name: _with_hyper(s) for name, s in schedules().items()},
        "engines": {name: engine.summary for name, engine in engines().items()},
    }
    for heading, things in sections.items():
        click.echo(f"{heading}:")
        for name, summary in things.items():
            click.echo(f"  {name:<18} {summary}".rstrip())


def _with_hyper(thing: Any) -> str:
    """Return what a thing is, and the hyperparameters that ``--hyper`` sets."""
    defaults = ", ".join(f"{given.key}={given.value:g}" for given in thing.hyperparameters)
    return f"{thing.summary}  [{defaults}]" if defaults else str(thing.summary)
