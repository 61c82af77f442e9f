"""Index calculus: derivations for any number of classes, and proofs.

A derivation applies one named rule at a time, and each step is judged.
"""
