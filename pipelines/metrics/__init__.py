"""The mathematics of the indicators: pure functions over arrays and frames.

Belongs here: formulas, with shapes, units, errors and the source of each in its docstring. Does
not belong here: reading, writing, SQL, settings, or what a figure is called on a screen.
Input that breaks a rule of a formula raises `pipelines.errors.MetricInput`; nothing is
repaired silently.
"""
