"""Parts of the fitter that are a line of text until it is pressed.

disclosure      the line and the panel that it opens
model_bar       the model: typed, or put together from the library
options_bar     loss, solver, limits
solver_details  singular values, gradient and active bounds at a trial
"""
