"""Columns to cells to a file, and back: layout, writer, style, charts, reader."""
