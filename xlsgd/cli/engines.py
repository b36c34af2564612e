"""The command ``xlsgd engines``."""

from __future__ import annotations

import click

from xlsgd.cli.common import errors_as_text

__all__ = ["engines"]


@click.command(
    short_help="Show what can recalculate a workbook, and how to get it.",
    epilog="Example:  xlsgd engines",
)
def engines() -> None:
    """Show what can recalculate a workbook, in which version, and how to get the rest."""
    from xlsgd.base.errors import EngineError
    from xlsgd.engines import engines as find_engines

    with errors_as_text():
        for name, engine in find_engines().items():
            missing = engine.missing()
            try:
                state = engine.version() if missing is None else f"not here: {missing}"
            except EngineError as error:
                state = f"does not work: {error}"
            click.echo(f"{name:<12} {state}")
            click.echo(f"{'':<12} {engine.summary}")
