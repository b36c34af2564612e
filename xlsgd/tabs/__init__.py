"""The tabs of a workbook, a folder a kind: what stands on one, where, how it is found."""
