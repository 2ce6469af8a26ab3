"""Where a model can be taken hold of on a plot, and what dragging does to its parameters.

    for handle in handles(model, values, (0.0, 10.0)):
        ...                                                   # draw handle.label at (handle.x, handle.y)
    values |= dragged(model, handle, values, x, y)            # the pointer went to (x, y)

grip            what a handle is to one model: peaks, curves, levels, oscillations
library         which model has which grips; points to pull at (curve) where there are none
holding         handles of a model, sums and products included, and drags; nearest: where bounds are in the way
"""

from .holding import Handle, dragged, handles

__all__ = ["Handle", "dragged", "handles"]
