"""Random expressions of the book: of K classes, and of one logit. The two worlds share the letters z and y, and never meet."""

from hypothesis import strategies as st
from sympy import KroneckerDelta, Rational, S, exp, log, sqrt

from lossbook.expr.nodes import Diff, Max, Sum, Vec, logsumexp, sigmoid, softmax, softplus
from lossbook.notation import (
    K,
    alpha,
    alphas,
    epsilon,
    gamma,
    i,
    j,
    k,
    logit,
    p,
    prediction,
    t,
    target,
    v,
    w,
    y,
    z,
)

indices = st.sampled_from([i, j, t, S(1), S(2)])
components = st.builds(
    lambda vector, index: vector[index], st.sampled_from([z, y, w, v, alphas]), indices
)
probabilities = st.builds(p, indices)
deltas = st.builds(KroneckerDelta, indices, indices)
numbers = st.builds(Rational, st.integers(-30, 30), st.integers(1, 9))
parameters = st.sampled_from([gamma, alpha, epsilon])
of_classes = st.one_of(components, probabilities, deltas, numbers, parameters, st.just(K))
of_one_logit = st.one_of(numbers, parameters, st.sampled_from([logit, target, prediction]))


def summed(body, extra):
    return Sum(body.xreplace({i: k}) * extra[k], (k, 1, K))


def combined(inner):
    return st.one_of(
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, b: a - b, inner, inner),
        st.builds(lambda a, b: a * b, inner, inner),
        st.builds(lambda a, b: a / (b + 100), inner, inner),
        st.builds(
            lambda a, n: a**n, inner.filter(lambda a: a != 0), st.sampled_from([2, 3, -1, -2])
        ),
        st.builds(lambda a: (1 + a**2) ** gamma, inner),
        st.builds(lambda a: log(1 + a**2), inner),
        st.builds(lambda a: sqrt(1 + a**2), inner),
        st.builds(lambda a: exp(-a), inner),
        st.builds(sigmoid, inner),
        st.builds(softplus, inner),
    )


def over_classes(inner):
    return st.one_of(
        combined(inner),
        st.builds(summed, inner, st.sampled_from([y, z, w])),
        st.builds(lambda a, n: softmax(Vec(z[k] * a, k, K), n), inner, indices),
        st.builds(lambda a: logsumexp(Vec(z[k] + a, k, K)), inner),
        st.builds(lambda a: Max(Vec(z[k] - a, k, K)), inner),
        st.builds(lambda a: Diff(a, z[j]), inner),
    )


def by_one_logit(inner):
    return st.one_of(combined(inner), st.builds(lambda a: Diff(a, logit), inner))


def small(e) -> bool:
    """Within the limits of the parser."""
    big = any(n.is_Rational and max(abs(n.p), n.q) > 10**9 for n in e.atoms())
    return e.count_ops() < 60 and not big and not e.has(S.NaN, S.ComplexInfinity, S.ImaginaryUnit)


expressions = st.one_of(
    st.recursive(of_classes, over_classes, max_leaves=7),
    st.recursive(of_one_logit, by_one_logit, max_leaves=7),
).filter(small)
