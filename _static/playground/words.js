// What is drawn, in words and in tables of numbers.

import { axes, probabilities } from "./model.js";
import { shown } from "./view.js";

/** A loss with its parameters. A weight of 1 is none. */
export function nameOf(loss, parameters) {
  const told = loss.parameters.filter(({ name, each }) => !(each && parameters[name] === 1));
  return [loss.title, ...told.map(({ name, symbol }) => `${symbol} = ${shown(parameters[name])}`)].join(", ");
}

/** The loss, where it is looked at, and what it is there. */
export function sentence(loss, state, here) {
  const row = loss.kind === "row";
  const n = row ? state.t : 0;
  const where = [`${row ? "zₜ" : loss.kind === "logit" ? "z" : "x"} = ${shown(state.z[n])}`];
  const chances = probabilities(loss, state);
  if (chances) where.push(`${row ? "pₜ" : "σ(z)"} = ${shown(chances[n])}`);
  const numbers = `loss ${shown(here.loss)}, gradient ${shown(here.gradient)}, second derivative ${shown(here.second)}`;
  return `${nameOf(loss, state.parameters)}. At ${where.join(", ")}: ${numbers}.`;
}

/** Every sixth point of the curves, with a head. */
export function curveRows(loss, state, curves, kept) {
  const head = [axes(loss, state)[state.against].label, "loss", "gradient", "second derivative"];
  if (kept) head.push("kept: loss", "gradient", "second derivative");
  const { x } = curves;
  const step = (x.at(-1) - x[0]) / (x.length - 1);
  const rows = [head];
  x.forEach((place, n) => {
    if (Math.round(place / step) % 6) return;
    const numbers = [curves, kept].filter(Boolean).flatMap((c) => [c.loss[n], c.gradient[n], c.second[n]]);
    rows.push([shown(place), ...numbers.map((a) => shown(a, 6))]);
  });
  return rows;
}

export function hessianRows(hessian) {
  const names = hessian.map((_, k) => `class ${k + 1}`);
  return [["", ...names], ...hessian.map((row, k) => [names[k], ...row.map((a) => shown(a))])];
}
