"""The locked protocol: the lock record, the seal, the ledger, the blind test."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
