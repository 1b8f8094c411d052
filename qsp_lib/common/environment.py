"""Environment variables that the package reads."""

RESULTS_DIR = "QSP_RESULTS_DIR"
"""Folder that a chapter writes its numbers to; unset, it writes none."""
RESULTS_FROM = "QSP_RESULTS_FROM"
"""Folder that a chapter reads earlier chapters' numbers from; default the committed ones."""
DRAWN = "QSP_DRAWN"
"""File that a chapter draws its figures into for the site; unset, it draws them as PNG alone."""
QUIET = "TQDM_DISABLE"
"""Set to hide progress bars."""
MOST_WORKERS = "QSP_MOST_WORKERS"
"""How many worker processes one piece of work may have at most; unset, as many as it asks for. It
changes no result: set where the pieces themselves run side by side."""
