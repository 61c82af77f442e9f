"""What an equation is made of: sums over classes, softmax, unevaluated derivatives, hypotheses.

The nodes stand in `nodes.py`; `indices.py` and `importing.py` read expressions, `rebuild.py`
changes them, `dispatch.py` looks up what to do with a node by its type. `doors.py` is about the
package itself: it opens the few ways from a lower layer to a higher one.
"""
