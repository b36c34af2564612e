"""How the engine ``formulas`` is made fast.

The way of a formula, and where to read about it:

r1c1, keys         text to a key that is equal in all cells the formula was filled into
library, parsed    the key's text, parsed by formulas, to an expression
rules, writer      the expression to lines of Python; kinds of operands decide how
compiled           the lines to a function of the row
storage, plans     the cells by column; a formula in one column, with its operands found
calculation        which cell comes when; circular names those that never can
evaluator          the value of a cell: generated code where trusted, formulas where not
"""
