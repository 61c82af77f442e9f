// What is drawn, in words and in tables of numbers.

import { axes, probabilities } from "./model.js";
import { shown } from "./view.js";

const WEIGHTS = ["weight", "alpha", "pos_weight"];

/** A loss with its parameters. A weight of 1 is none. */
export function nameOf(loss, parameters) {
  const told = loss.parameters.filter(({ name }) => !(WEIGHTS.includes(name) && parameters[name] === 1));
  return [loss.title, ...told.map(({ name, symbol }) => `${symbol} = ${shown(parameters[name])}`)].join(", ");
}

/** The loss, where it is looked at, and what it is there. */
export function sentence(loss, state, here) {
  const numbers = `loss ${shown(here.loss)}, gradient ${shown(here.gradient)}, second derivative ${shown(here.second)}`;
  return `${nameOf(loss, state.parameters)}. At ${where(loss, state)}: ${numbers}.`;
}

/** Where a loss is looked at. */
export function where(loss, state) {
  const row = loss.kind === "row";
  const n = row ? state.t : 0;
  const logit = `${row ? "zₜ" : loss.kind === "logit" ? "z" : "x"} = ${shown(state.z[n])}`;
  const p = probabilities(loss, state);
  return p ? `${logit}, ${row ? "pₜ" : "σ(z)"} = ${shown(p[n])}` : logit;
}

/** Every sixth point of the curves, with a head; compared: further curves, with a name each. */
export function curveRows(loss, state, curves, compared) {
  const head = [axes(loss, state)[state.against].label, "loss", "gradient", "second derivative"];
  for (const { name } of compared) head.push(`${name}: loss`, "gradient", "second derivative");
  const { x } = curves;
  const step = (x.at(-1) - x[0]) / (x.length - 1);
  const rows = [head];
  x.forEach((place, n) => {
    if (Math.round(place / step) % 6) return;
    const numbers = [curves, ...compared].flatMap((c) => [c.loss[n], c.gradient[n], c.second[n]]);
    rows.push([shown(place), ...numbers.map((a) => shown(a, 6))]);
  });
  return rows;
}

export function hessianRows(hessian) {
  const names = hessian.map((_, k) => `class ${k + 1}`);
  return [["", ...names], ...hessian.map((row, k) => [names[k], ...row.map((a) => shown(a))])];
}
