"""The joint fit of blinatumomab and TGN1412, and the development of the structure."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
