"""Functions without inputs, each a net of its own: one file with its sheet and its torch side."""
