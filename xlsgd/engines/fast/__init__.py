"""How the engine ``formulas`` is made fast; docs/fast-engine.md follows a formula through it.

r1c1, keys                  text to a key that is equal in all cells the formula was filled into
library, parsed             the key's text, parsed by formulas, to an expression
writer, rules               the expression to lines of Python, by scalar_rules and range_rules
compiled, runtime           the lines to a function of the row, or to a loop; what those may call
storage, plans              the cells by column; a formula in one column, with its operands found
stretches, components       formulas filled down, and which of them need each other
needed                      which cells look at which, without calculating
calculation                 which cell comes when
evaluator                   the value of a cell: generated code where trusted, formulas where not
following                   what single formulas give for values that stand in the file

expression, kinds           what a formula is made of; of which kinds its operands are
lazy_import                 how formulas is imported
argument_limits, text_limits  what formulas would work on for hours
"""
