"""SciPy's two functions over the core, and what stands between a user's call and a compiled program.

purity      what a function reads and writes outside
inputs      checks at the door: what was got, what to try
host        models that JAX cannot trace, evaluated by NumPy
solve       which driver, and what to do when a fit is interrupted
result      LeastSquaresResult
least_squares, curve_fit
"""
