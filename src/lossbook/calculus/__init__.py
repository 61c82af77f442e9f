"""Index calculus: derivatives of sums over a symbolic number of classes, and their proofs.

A derivation (`derivation.py`, `derive.py`) applies one named rule per line (`rules.py`,
`theorems.py`). Each line is judged by the prover (`prove.py`), which evaluates both sides at random
points and asks the zero test for a proof. Neither uses the rules.
"""
