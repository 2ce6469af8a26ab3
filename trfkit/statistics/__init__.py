"""How good a fit is, and how well it determines its parameters.

goodness     χ², information criteria, R², and a runs test of the residuals
uncertainty  what the data say of the parameters, and along which directions they say nothing
intervals    intervals of parameters, and the quantile that a level asks for
propagation  standard errors of what is computed from parameters; confidence and prediction bands
profile      profile likelihood; crossing is one side's search for its end
bootstrap    parameters of resampled data
"""
