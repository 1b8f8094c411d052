"""A drug of one's own, fitted to data of one's own, with the network locked."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
