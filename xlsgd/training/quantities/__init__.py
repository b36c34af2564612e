"""Quantities that follow from others, each with its sheet side and its torch side."""
