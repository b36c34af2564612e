"""Verify: read a workbook, recalculate it, train in torch, compare; also by several engines."""
