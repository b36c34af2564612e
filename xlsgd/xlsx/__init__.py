"""An .xlsx file as cells: turned away if it is made to choke, else formulas and stored values."""
