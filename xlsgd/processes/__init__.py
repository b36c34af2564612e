"""Processes: side by side, under limits, and ended with all that they have started."""
