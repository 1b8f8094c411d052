"""One function a figure, in one style. It takes results and gives a figure; it computes nothing.

Nothing that computes imports a figure: notebooks, the explorer and the command line do. The style
is here, the figures are in a module a subject."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
