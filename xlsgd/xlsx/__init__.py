"""An .xlsx file as cells, turned away if it is made to choke; and cells as an .xlsx file."""
