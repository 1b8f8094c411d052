"""Environment variables that the package reads."""

RESULTS_DIR = "QSP_RESULTS_DIR"
"""Folder that a chapter writes its numbers to; unset, it writes none."""
RESULTS_FROM = "QSP_RESULTS_FROM"
"""Folder that a chapter reads earlier chapters' numbers from; default the committed ones."""
QUIET = "TQDM_DISABLE"
"""Set to hide progress bars."""
