"""Rewrites that let a formula survive floating point, each proved.

`rewrites` holds the rewrites, `nodes.py` the nodes they need, `as_written.py` computes a formula in
a floating-point format without any rewrite. `oracle.py` gives the truth to 50 digits and `ulp.py`
the error against it. `pairs.py` and `double_double.py` are the next wider arithmetic above float64.
"""
