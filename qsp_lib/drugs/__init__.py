"""Reading and checking a drug file, and what drugs of a class are given."""
