"""Benchmarks: every figure that the docs show about speed. ``python -m benchmarks`` runs them."""
