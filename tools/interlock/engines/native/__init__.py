"""The native explorer: a finite instance of a transition system, compiled to machine code and exhausted.

`packing` puts a state into words, `code` is a small structured language over LLVM's, `formulas` and `steps` write a
system's formulas and transitions in it, `search` and `table` the breadth-first search, and `explorer` is the engine.
"""
