"""Index calculus: derivatives of sums over a symbolic number of classes, one named rule at a time, each step judged."""
