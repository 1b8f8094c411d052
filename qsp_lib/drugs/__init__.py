"""Reading and checking a drug file, and what drugs of a class are given."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
