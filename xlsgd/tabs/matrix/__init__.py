"""The matrix tab: the same forward pass, written as one product of matrices."""
