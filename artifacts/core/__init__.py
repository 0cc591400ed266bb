"""The same answers as `artifacts.queries` gives, compiled.

The queries say what an answer is. `steps` says it once more in the part of Python that Numba compiles, with the same
arithmetic to the last bit; `build` makes machine code of that, once for each level of processor; `machine_code` loads
it, which takes neither Numba nor a compiler; `recommend` asks it, and the queries where it cannot answer.
"""
