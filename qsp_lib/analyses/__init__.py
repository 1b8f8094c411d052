"""What is asked of the locked model: rescue, swap, robustness, identifiability, dose, people."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
