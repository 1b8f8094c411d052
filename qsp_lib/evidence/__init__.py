"""The published numbers: tables, rows, units, observations, and which rows may be compared."""
