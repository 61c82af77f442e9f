"""Double-double arrays on which generated code runs unchanged.

A `DoubleDouble` takes part in the functions of NumPy and torch that the tables of `codegen` name.
With it the losses of float64 logits are computed in the next wider arithmetic and rounded once, as
those of float32 logits are computed in float64.
"""

from __future__ import annotations

import numpy as np

from . import pairs


class DoubleDouble:
    """Numbers hi + lo, two float64 arrays or tensors of one shape. lo: None for exact numbers."""

    __slots__ = ("hi", "lo")
    __hash__ = None

    def __init__(self, hi, lo=None):
        self.hi = hi
        self.lo = pairs.library(hi).zeros_like(hi) if lo is None else lo

    @property
    def pair(self):
        """The arrays hi and lo."""
        return self.hi, self.lo

    def map(self, change) -> DoubleDouble:
        """The same change, such as another shape, of both arrays."""
        return DoubleDouble(change(self.hi), change(self.lo))

    def __repr__(self):
        return f"DoubleDouble({self.hi!r}, {self.lo!r})"

    # Attributes and methods of arrays.

    shape = property(lambda self: self.hi.shape)
    ndim = property(lambda self: self.hi.ndim)
    device = property(lambda self: self.hi.device)

    def __getitem__(self, index):
        return self.map(lambda a: a[index])

    def reshape(self, *shape):
        """The method of NumPy and torch."""
        return self.map(lambda a: a.reshape(*shape))

    def squeeze(self, axis):
        """The method of NumPy and torch."""
        return self.map(lambda a: a.squeeze(axis))

    def unsqueeze(self, axis):
        """The method of torch."""
        return self.map(lambda a: a.unsqueeze(axis))

    # Arithmetic with other double-doubles, and with plain numbers and arrays, which are exact.

    def __neg__(self):
        return DoubleDouble(*pairs.negative(self.pair))

    def __add__(self, other):
        return DoubleDouble(*pairs.add(self.pair, _pair(other)))

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    def __mul__(self, other):
        return DoubleDouble(*pairs.multiply(self.pair, _pair(other)))

    def __truediv__(self, other):
        return DoubleDouble(*pairs.divide(self.pair, _pair(other)))

    def __rtruediv__(self, other):
        return DoubleDouble(*pairs.divide(_pair(other), self.pair))

    __radd__ = __add__
    __rmul__ = __mul__

    def __pow__(self, power):
        """The same power of each number; `power` is a number, or an array of size 1."""
        power = float(_pair(power)[0])
        if power in (0, 1, 2, 3, 4, 5, 6, 7, 8):
            return _product(self, int(power))
        result = DoubleDouble(*pairs.exp(pairs.multiply(pairs.log(self.pair), (power, 0.0))))
        at_zero = DoubleDouble(self.hi * 0 + (0.0 if power > 0 else float("inf")))
        return _where(self.hi == 0, at_zero, result)

    # hi is hi + lo rounded to nearest, so it has the same sign.

    def __eq__(self, other):
        return (self - other).hi == 0

    def __ne__(self, other):
        return (self - other).hi != 0

    def __lt__(self, other):
        return (self - other).hi < 0

    def __le__(self, other):
        return (self - other).hi <= 0

    def __gt__(self, other):
        return (self - other).hi > 0

    def __ge__(self, other):
        return (self - other).hi >= 0

    # The protocols by which NumPy and torch let other array types take part in their functions.

    def __array_ufunc__(self, ufunc, method, *args, **kwargs):
        return _call(ufunc, args, kwargs) if method == "__call__" else NotImplemented

    def __array_function__(self, function, types, args, kwargs):
        return _call(function, args, kwargs)

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return _call(function, args, kwargs or {})


def _call(function, args, kwargs):
    name = function.__name__
    if name not in ARRAY_FUNCTIONS:
        raise TypeError(f"{name}: a double-double has no such function")
    return ARRAY_FUNCTIONS[name](*args, **kwargs)


def _pair(a):
    return a.pair if isinstance(a, DoubleDouble) else (a, 0.0)


def _product(x: DoubleDouble, n: int) -> DoubleDouble:
    if n < 2:
        return x if n else DoubleDouble(pairs.library(x.hi).ones_like(x.hi))
    half = _product(x, n // 2)
    return half * half * x if n % 2 else half * half


def _where(condition, x, y):
    return DoubleDouble(*pairs.where(condition, _pair(x), _pair(y)))


def _at_least(x, least=None, *, min=None):  # noqa: A002 - torch's name
    least = min if least is None else least
    return _where(x >= least, x, least)


def _at_most(x, most):
    return _where(x <= most, x, most)


def _largest(x, axis=None, keepdims=False, dim=None, keepdim=False):
    where = x.hi.argmax(dim, keepdim=True) if dim is not None else x.hi.argmax(axis, keepdims=True)
    return _gather(x, axis if dim is None else dim, where)


def _gather(x, axis, index):
    take = np.take_along_axis if isinstance(index, np.ndarray) else _torch_gather
    return x.map(lambda a: take(a, index, axis))


def _torch_gather(a, index, axis):
    return a.gather(axis, index)


def _sum(x, axis=None, keepdims=False, dim=None, keepdim=False):
    if axis is None and dim is None:
        return _sum(x.reshape(-1), axis=0, keepdims=True).reshape(())
    along = axis if dim is None else dim
    total = DoubleDouble(*pairs.sum_along(x.pair, along))
    return total if keepdims or keepdim else total.squeeze(along)


def _of_pair(function):
    return lambda x: DoubleDouble(*function(x.pair))


def _reflected(operator):
    """An operator whose left operand is a plain array."""
    return lambda a, b: (
        getattr(b, f"__r{operator}__")(a) if not isinstance(a, DoubleDouble) else NotImplemented
    )


def _absolute(x):
    return _where(x.hi < 0, -x, x)


ARRAY_FUNCTIONS = {
    **{name: _of_pair(getattr(pairs, name)) for name in ("exp", "expm1", "log", "log1p", "tanh")},
    **dict.fromkeys(("abs", "absolute"), _absolute),
    **dict.fromkeys(("maximum", "clamp"), _at_least),
    "minimum": _at_most,
    "sign": lambda x: DoubleDouble(pairs.library(x.hi).sign(x.hi)),
    "where": _where,
    "sum": _sum,
    **dict.fromkeys(("max", "amax"), _largest),
    "argmax": lambda x, **options: x.hi.argmax(**options),
    "take_along_axis": lambda x, index, axis: _gather(x, axis, index),
    "gather": _gather,
    "expand_dims": lambda x, axis: x.map(lambda a: np.expand_dims(a, axis)),
    "squeeze": lambda x, axis: x.squeeze(axis),
    "zeros_like": lambda x: DoubleDouble(pairs.library(x.hi).zeros_like(x.hi)),
    "count_nonzero": lambda x: np.count_nonzero(x.hi),
    **{
        name: _reflected(operator)
        for operator, name in (("add", "add"), ("mul", "multiply"), ("sub", "subtract"))
    },
    "true_divide": _reflected("truediv"),
    "divide": _reflected("truediv"),
}
