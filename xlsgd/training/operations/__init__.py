"""Operations that graphs are made of besides layers: arithmetic, sums, each a file with both sides.

In a graph they are layers like all others; a row of layers has no use for them.
"""
