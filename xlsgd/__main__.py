"""Run ``python -m xlsgd``."""

from xlsgd.cli import main

main()
