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
