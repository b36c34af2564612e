"""The model tab: one forward pass over all rows of data, for weights at the top."""
