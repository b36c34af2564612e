"""Step rules that look at a function itself, not at its slope alone: for functions without data.

Each is an optimizer and one file with both its sides; ``optimizers.searches()`` finds them. What
looks at the slope alone, and goes with any net, is in ``optimizers``.
"""
