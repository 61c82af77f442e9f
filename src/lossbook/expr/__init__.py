"""What an equation is made of: sums over classes, softmax, unevaluated derivatives, hypotheses.

The nodes are in `nodes.py`. `indices.py` and `variables.py` ask what an expression depends on,
`importing.py` takes in SymPy's own sums, `rebuild.py` changes parts of an expression, `dispatch.py`
looks up what to do with a node by its type. `doors.py` is about the package itself: it opens the few
ways from a lower layer to a higher one.
"""
