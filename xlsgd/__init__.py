"""Excel workbooks that train tiny neural nets with live formulas, checked against PyTorch."""
