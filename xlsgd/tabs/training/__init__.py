"""The training tab: an experiment, step by step."""
