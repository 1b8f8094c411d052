"""The model: equations, parameters, dosing, engines, trajectories, severity."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
