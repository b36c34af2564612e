"""The rows that a net learns from: built in, made up, or read from a CSV file.

A CSV file is read strictly: a cell that could mean two numbers, or none, stops the reading with a
message that names its line and column. A wrong number would train just as well as a right one, and
nobody would see it.
"""

from xlsgd.data.dataset import Dataset
from xlsgd.data.points import default_data, made_data, read_csv

__all__ = [
    "Dataset",
    "default_data",
    "made_data",
    "read_csv",
]
