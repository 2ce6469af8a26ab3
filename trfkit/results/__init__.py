"""`trfkit.fit` and what it returns.

data_sets   the data sets of a fit, checked, and the names of their parameters
start       its starting parameters, from what the user said and from the data
fit         the function
fit_result  FitResult; prediction: its curve at other x
comparison  several results side by side
document    a result as JSON and back: writing and reading, with saved_options, place and consistency
script      a result as a script that makes it again: layout, and source of models, functions and literals
"""
