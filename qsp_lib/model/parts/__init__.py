"""The parts a model is made of: a few lines each, with states and parameters of their own.

A part says what it is made of (states, parameters, where doses enter), names its intermediate
quantities, and gives rates; rates of one state from several parts add up. `structure.Structure`
puts the parts together that a run needs.
"""
