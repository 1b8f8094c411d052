"""The published numbers: tables, rows, units, observations, and which rows may be compared."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
