"""Many fits of one model to many curves: `trfkit.fit_many` and what it returns.

each         values that are one for all fits, or one for each
curves       the data of many fits, checked, and which of their points count
guesses      starts from the data
initial      parameters, starts and bounds of many fits, from what the user said
errors       covariances and standard errors of many fits at once
batch        all of it together, ready to be made, chunk by chunk or one by itself
fit_many     the function
many_result  ManyResult; summary tells it
"""
