"""How good a fit is, and how well it determines its parameters.

goodness     χ², information criteria, R², and a runs test of the residuals
uncertainty  what the data say of the parameters, and along which directions they say nothing
intervals    intervals of parameters, and the quantile that a level asks for
propagation  standard errors of what is computed from parameters; confidence and prediction bands
"""
