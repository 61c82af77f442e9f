// Arrays of K components, each given by a function of its number k = 0, ..., K - 1.
// Written by `make generate` from lossbook/codegen/javascript.py. Do not edit.

/** The array of f(0), ..., f(K - 1). */
export const each = (K, f) => Array.from({ length: K }, (_, k) => f(k));

/** Their sum. */
export function sum(K, f) {
  let total = 0;
  for (let k = 0; k < K; k++) total += f(k);
  return total;
}

/** The number k of the largest one; the first, where several are. */
export function argmax(K, f) {
  let best = 0;
  for (let k = 1; k < K; k++) if (f(k) > f(best)) best = k;
  return best;
}

/** The largest one. */
export const max = (K, f) => f(argmax(K, f));
