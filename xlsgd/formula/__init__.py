"""The text of a formula: as a tree, relative to its own cell, filled down a column."""
