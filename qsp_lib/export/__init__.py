"""The model in other languages, generated from :mod:`qsp_lib.model.equations` and never retyped."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
