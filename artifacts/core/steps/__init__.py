"""The steps of an answer, a module each, as Numba compiles them. None is imported where answers are served.

They take arrays and numbers and write to arrays that are handed in: nothing is allocated, nothing raised, and no Python
object made. Items that are equally good stand in the order of their index, as everywhere.
"""
