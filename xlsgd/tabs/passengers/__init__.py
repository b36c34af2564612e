"""The passengers tab: raw columns, and the inputs made of them by formulas."""
