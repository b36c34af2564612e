"""Run ``python -m xlsgd``."""

from xlsgd.cli import run

run()
