"""How the engine ``formulas`` is made fast.

The way of a formula, and where to read about it:

r1c1, keys         text to a key that is equal in all cells the formula was filled into
library, parsed    the key's text, parsed by formulas, to an expression
rules, writer      the expression to lines of Python; kinds of operands decide how
compiled           the lines to a function of the row, or to a loop over rows of several columns
columns            the same to a function of a whole column, by column_rules, with NumPy
source, functions  how lines become a function, and what it may call
storage, plans     the cells by column; a formula in one column, with its operands found
stretches          formulas filled down, and which come first; circular finds what goes in circles
needed             which cells look at which, without calculating
calculation        which cell comes when
following          what single formulas give for values that stand in the file
evaluator          the value of a cell: generated code where trusted, formulas where not
witnesses          the cells that formulas calculates too, many at once
"""
