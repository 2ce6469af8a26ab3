"""Sliders, which look alike everywhere (slider.css).

ranges      from where to where the slider of a parameter goes
track       Track: a whole number of 0 … n, chosen with a slider that has a name and says its value in words
"""
