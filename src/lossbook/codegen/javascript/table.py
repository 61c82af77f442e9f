"""The operations of a program as JavaScript expressions, for one row of logits, and the prelude.

An array is written as a function of its index `k`. Of the four functions of the prelude, `each`
makes an array of such a function, the others reduce it to a number.
"""

HEADER = "./prelude.js"

PRELUDE = """\
// Arrays of K components, each given by a function of its number k = 0, ..., K - 1.
// Written by `make generate` from lossbook/codegen/javascript/table.py. Do not edit.

/** The array of f(0), ..., f(K - 1). */
export function each(K, f) {
  const values = new Array(K);
  for (let k = 0; k < K; k++) values[k] = f(k);
  return values;
}

/** Their sum. */
export function sum(K, f) {
  let total = 0;
  for (let k = 0; k < K; k++) total += f(k);
  return total;
}

/** The largest one. */
export function max(K, f) {
  let most = f(0);
  for (let k = 1; k < K; k++) most = Math.max(most, f(k));
  return most;
}

/** The number k of the largest one; the first, where several are. */
export function argmax(K, f) {
  const most = max(K, f);
  for (let k = 0; k < K; k++) if (f(k) === most) return k;
  return 0;
}
"""

OPERATIONS = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "negative": "-{0}",
    "power": "Math.pow({0}, {1})",  # -a ** b is an error
    "exp": "Math.exp({0})",
    "log": "Math.log({0})",
    "log1p": "Math.log1p({0})",
    "expm1": "Math.expm1({0})",
    "sqrt": "Math.sqrt({0})",
    "sin": "Math.sin({0})",
    "cos": "Math.cos({0})",
    "tan": "Math.tan({0})",
    "tanh": "Math.tanh({0})",
    "sinh": "Math.sinh({0})",
    "cosh": "Math.cosh({0})",
    "atan": "Math.atan({0})",
    "abs": "Math.abs({0})",
    "sign": "Math.sign({0})",
    "maximum": "Math.max({0}, {1})",
    "minimum": "Math.min({0}, {1})",
    "at_least": "Math.max({0}, {1})",
    "at_most": "Math.min({0}, {1})",
    "where": "{0} ? {1} : {2}",
    "equal": "{0} === {1}",
    "not_equal": "{0} !== {1}",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "and": "{0} && {1}",
    "or": "{0} || {1}",
    "not": "!{0}",
    "sum": "sum(K, (k) => {0})",
    "max": "max(K, (k) => {0})",
    "argmax": "argmax(K, (k) => {0})",
    "gather": "{0}[{1}]",
    "take": "{0}[{1}]",
    "keep_axis": "{0}",
    "drop_axis": "{0}",
    "along": "K",
    "classes": "k",
    "per_class": "{0}",
    "class_count": "K",
    "zeros": "0",
}
