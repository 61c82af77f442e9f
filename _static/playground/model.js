// What the playground computes: all of it by generated code. No page, no drawing.

import { value as sigmoid } from "./losses/sigmoid.js";
import { value as softmax } from "./losses/softmax.js";

export const STEPS = 120; // of a curve; every sixth is a round number, and in the table

/** The natural logarithm of the sum of e^z over all classes but the true one. */
function logSumOfOthers(z, t) {
  const others = z.filter((_, k) => k !== t);
  const top = Math.max(...others);
  return top + Math.log(others.reduce((sum, a) => sum + Math.exp(a - top), 0));
}

export function probabilities(loss, state) {
  if (loss.kind === "output") return null;
  return loss.kind === "row" ? softmax(state.z) : [sigmoid(state.z[0])];
}

/** The margin of the true class: its logit less the log-sum-exp of the others. */
export const margin = (state) => state.z[state.t] - logSumOfOthers(state.z, state.t);

/** The target of each class of a row. */
export function targetsOf(loss, state) {
  if (loss.target === "class index") return state.z.map((_, k) => (k === state.t ? 1 : 0));
  const rest = (1 - state.y) / (state.z.length - 1);
  return state.targets ?? state.z.map((_, k) => (k === state.t ? state.y : rest));
}

/** The targets and parameters of a loss as its code takes them. */
function given(loss, state, parameters) {
  const targets = { "class index": state.t, probabilities: targetsOf(loss, state), real: state.y }[loss.target];
  const options = Object.fromEntries(
    loss.parameters.map(({ name, each }) => [
      name,
      each ? state.z.map((_, k) => (k === state.t ? parameters[name] : 1)) : parameters[name],
    ]),
  );
  return { targets: targets === undefined ? [] : [targets], options: loss.parameters.length ? [options] : [] };
}

/** The Hessian times a direction: by generated code, or by differences of the gradient where it is not derived yet. */
function bend(code, z, targets, direction, options) {
  if (code.hvp) return code.hvp(z, ...targets, direction, ...options);
  const h = 1e-5;
  const moved = (sign) => (Array.isArray(z) ? z.map((a, k) => a + sign * h * direction[k]) : z + sign * h * direction);
  const [up, down] = [1, -1].map((sign) => code.gradient(moved(sign), ...targets, ...options));
  return Array.isArray(z) ? up.map((a, k) => (a - down[k]) / (2 * h)) : (up - down) / (2 * h);
}

/** Value, gradient and Hessian of the loss at the logits z. The gradient is an array, the Hessian an array of rows. */
export function derivatives(loss, code, state, parameters, z = state.z) {
  const { targets, options } = given(loss, state, parameters);
  if (loss.kind !== "row") {
    const x = z[0];
    return {
      value: code.value(x, ...targets, ...options),
      gradient: [code.gradient(x, ...targets, ...options)],
      hessian: [[bend(code, x, targets, 1, options)]],
    };
  }
  const unit = (n) => z.map((_, k) => (k === n ? 1 : 0));
  return {
    value: code.value(z, ...targets, ...options),
    gradient: code.gradient(z, ...targets, ...options),
    hessian: z.map((_, n) => bend(code, z, targets, unit(n), options)),
  };
}

/** What the curves can be drawn against: how it is called, its range, and the logit that belongs to a value. */
export function axes(loss, state) {
  if (loss.kind === "output") return { logit: { label: "prediction x", range: [-10, 10], logit: (x) => x } };
  const row = loss.kind === "row";
  const shift = row ? logSumOfOthers(state.z, state.t) : 0;
  const found = {
    logit: { label: row ? "logit of the true class, zₜ" : "logit z", range: [-10, 10], logit: (x) => x },
    margin: { label: "margin of the true class, u", range: [-10, 10], logit: (u) => u + shift },
    probability: {
      label: row ? "probability of the true class, pₜ" : "probability σ(z)",
      range: [0, 1],
      logit: (p) => Math.log(p / (1 - p)) + shift,
    },
  };
  if (!row) delete found.margin;
  return found;
}

/** Where the present setting lies on the chosen axis. */
export function place(loss, state) {
  if (state.against === "margin") return margin(state);
  if (state.against === "probability") return probabilities(loss, state)[loss.kind === "row" ? state.t : 0];
  return state.z[loss.kind === "row" ? state.t : 0];
}

/** The loss and its first two derivatives with respect to the true class's logit, over the chosen axis. */
export function curves(loss, code, state, parameters) {
  const { range, logit } = axes(loss, state)[state.against];
  const t = loss.kind === "row" ? state.t : 0;
  const unit = state.z.map((_, k) => (k === t ? 1 : 0));
  const { targets, options } = given(loss, state, parameters);
  const found = { x: [], loss: [], gradient: [], second: [] };
  for (let n = 0; n <= STEPS; n++) {
    const x = range[0] + ((range[1] - range[0]) * n) / STEPS;
    const s = logit(x);
    if (!Number.isFinite(s)) continue; // the ends p = 0 and p = 1
    found.x.push(x);
    if (loss.kind === "row") {
      const z = state.z.map((a, k) => (k === t ? s : a));
      found.loss.push(code.value(z, ...targets, ...options));
      found.gradient.push(code.gradient(z, ...targets, ...options)[t]);
      found.second.push(bend(code, z, targets, unit, options)[t]);
    } else {
      found.loss.push(code.value(s, ...targets, ...options));
      found.gradient.push(code.gradient(s, ...targets, ...options));
      found.second.push(bend(code, s, targets, 1, options));
    }
  }
  return found;
}
