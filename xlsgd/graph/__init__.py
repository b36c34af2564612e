"""A workbook's own formulas as a graph that can be differentiated: values and slopes by torch."""
