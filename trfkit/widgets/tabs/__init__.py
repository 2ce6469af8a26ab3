"""The fitter's other tabs, each a part over the session with a `title`, a `box` and `refresh()`.

tab_bar     the row of titles
statistics  report, correlations, intervals, many starts; task_bar: the controls of long work
history     every fit so far; fit_table: a table whose rows are marked and restored
code        the script of the fit; code_view: text to read and to copy
data        what is fitted, and other data; data_words: the same in words
"""
