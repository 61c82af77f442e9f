// Softmax: the probabilities of a few logits, and what a temperature does to them.

import { value } from "./losses/softmax.js";
import { LOGITS, logitsFrom, number } from "./state.js";
import { Classes, element, frame, shown, slider } from "./view.js";

const TEMPERATURE = [0.1, 5, 0.1];

export function start(root, data) {
  const given = new URLSearchParams(data.settings);
  const state = { z: logitsFrom(given.get("z")) ?? [2, 1, -1], t: null };
  let temperature = number(given.get("temperature"), TEMPERATURE, 1);
  const show = () => {
    const p = value(state.z.map((z) => z / temperature));
    classes.set(state, p);
    control.set(temperature);
    const text = `The probabilities are ${p.map((one) => shown(one)).join(", ")}.`;
    sum.textContent = `They add up to ${shown(p.reduce((a, b) => a + b))}.`;
    say(text);
  };
  const classes = new Classes({
    kind: "row",
    size: state.z.length,
    range: LOGITS,
    columns: { input: "logit", probability: "probability" },
    onLogit: (k, z) => {
      state.z[k] = z;
      show();
    },
  });
  const control = slider({
    symbol: "T",
    meaning: "temperature, which divides the logits",
    range: TEMPERATURE,
    onInput: (x) => {
      temperature = x;
      show();
    },
  });
  const wanted = data.controls?.includes("temperature") ?? true;
  const sum = element("p", { class: "lb-play-total" });
  const place = wanted ? element("div", { class: "lb-play-controls" }, control.element) : null;
  const { element: made, say } = frame(`To explore: ${data.title}`, classes.element, sum, place);
  root.append(made);
  show();
}
