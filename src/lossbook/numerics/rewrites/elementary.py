"""Rewrites of logarithms and exponentials of any argument."""

from __future__ import annotations

from sympy import exp, log

from ..nodes import expm1, log1p
from . import match
from .rewrite import TINY, Failure, Rewrite, r, u

LOG1P = Rewrite(
    "log1p",
    log(1 + u),
    log1p(u),
    "u > -1",
    "a small u is lost when 1 + u is rounded",
    match.log_of_one_plus(u),
    source="goldberg1991",
    fails=(Failure({u: TINY}),),
)
EXPM1 = Rewrite(
    "expm1",
    r * exp(u) - r,
    r * expm1(u),
    "u real",
    "exp(u) − 1 cancels where u is near 0",
    match.exp_less_one(r, u),
    source="higham2002",
    fails=(Failure({r: 1, u: TINY}),),
)
