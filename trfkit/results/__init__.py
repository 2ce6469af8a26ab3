"""`trfkit.fit` and what it returns.

start       data sets and starting parameters, from what the user said and from the data
fit         the function
fit_result  FitResult
document    a result as JSON and back
source      models and arrays as Python source; script: a result as a script that makes it again
comparison  several results side by side
"""
