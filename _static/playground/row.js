// One row of logits: its probabilities, the loss and its gradient, and steps against the gradient.

import { derivatives, probabilities, targetsOf } from "./model.js";
import { LOGITS, fromText, number } from "./state.js";
import { COLUMNS, Classes, choice, element, frame, shown, slider } from "./view.js";

const RATE = [0.1, 5, 0.1];
const SHOWN = 24; // how many of the last losses are drawn

class Row {
  constructor(root, data, code) {
    this.data = data;
    this.code = code;
    [this.loss] = data.losses;
    this.soft = this.loss.name === "cross_entropy"; // its targets are chosen, not its true class
    this.begin();
    this.build(root);
    this.show();
  }

  begin() {
    const given = new URLSearchParams(this.data.settings);
    this.state = fromText(this.data.settings, this.data.losses);
    const { parameters } = this.state;
    if ("label_smoothing" in parameters && !given.has("label_smoothing")) parameters.label_smoothing = 0;
    this.rate = number(given.get("rate"), RATE, 1);
    this.losses = []; // one for each step so far, and the first
    if (!this.soft) return;
    this.presets ??= presets(this.state.z.length, given.get("targets"));
    this.state.targets = this.presets[0][1];
  }

  // -- building ----------------------------------------------------------------------------------------------------

  build(root) {
    const { loss, soft, state } = this;
    const wanted = (name) => this.data.controls?.includes(name) ?? false;
    const change = (set) => (x) => {
      set(x);
      this.losses = [];
      this.show();
    };
    this.controls = loss.parameters
      .filter(({ name }) => wanted(name))
      .map(({ name, symbol, meaning, range }) => ({
        ...slider({ parameter: name, symbol, meaning, range, onInput: change((x) => (this.state.parameters[name] = x)) }),
        get: () => this.state.parameters[name],
      }));
    if (wanted("rate")) {
      const onInput = (x) => {
        this.rate = x;
        this.show();
      };
      this.controls.push({ ...slider({ parameter: "rate", symbol: "η", meaning: "learning rate", range: RATE, onInput }), get: () => this.rate });
    }
    if (soft) {
      const options = this.presets.map(([name, targets], n) => [n, `${name}: ${targets.map((y) => shown(y, 2)).join(", ")}`]);
      this.choice = choice("Targets y", options, change((n) => (this.state.targets = this.presets[n][1])));
    }
    const plain = loss.name.startsWith("cross_entropy") && !loss.parameters.some(({ name }) => wanted(name) || this.data.settings.includes(name));
    this.classes = new Classes({
      kind: "row",
      size: state.z.length,
      range: LOGITS,
      columns: { ...COLUMNS.row, truth: soft ? null : COLUMNS.row.truth, gradient: plain ? "gradient p\u00a0−\u00a0y" : "gradient" },
      onLogit: (k, x) => change(() => (this.state.z[k] = x))(),
      onTarget: (k) => change(() => (this.state.t = k))(),
    });
    this.value = element("strong", {});
    this.steps = element("span", {});
    this.strip = element("div", { class: "lb-play-strip", "aria-hidden": "true" });
    const button = (text, click) => element("button", { type: "button", click }, text);
    const buttons = element(
      "div",
      { class: "lb-play-buttons" },
      button("Take a step", () => this.step()),
      button("Back to the start", () => {
        this.begin();
        if (soft) this.choice.select.value = 0;
        this.show();
      }),
    );
    const controls = [this.choice, ...this.controls].filter(Boolean).map((one) => one.element);
    this.frame = frame(
      `To explore: ${loss.title}`,
      controls.length ? element("div", { class: "lb-play-controls" }, ...controls) : null,
      this.classes.element,
      element("div", { class: "lb-play-descent" }, element("p", {}, "loss ", this.value, element("br"), this.steps), this.strip),
      buttons,
    );
    root.append(this.frame.element);
  }

  // -- showing -----------------------------------------------------------------------------------------------------

  step() {
    const { gradient } = this.point;
    this.state.z = this.state.z.map((z, k) => z - this.rate * gradient[k]);
    this.show(true);
  }

  /** stepped: a step led here, so that its loss joins those before; anything else replaces the last. */
  show(stepped = false) {
    const { loss, state } = this;
    this.point = derivatives(loss, this.code, state, state.parameters);
    if (!stepped) this.losses.pop();
    this.losses.push(this.point.value);
    this.controls.forEach(({ set, get }) => set(get()));
    const p = probabilities(loss, state);
    this.classes.set(state, p, this.point.gradient, targetsOf(loss, state));
    const count = this.losses.length - 1;
    const after = `after ${count} ${count === 1 ? "step" : "steps"} of η = ${shown(this.rate)}`;
    this.value.textContent = shown(this.point.value);
    this.steps.textContent = count ? after : "at the start";
    const last = this.losses.slice(-SHOWN);
    const most = Math.max(...last);
    this.strip.replaceChildren(...last.map((one) => element("span", { style: `height: ${(100 * one) / most}%` })));
    this.frame.say(`Loss ${shown(this.point.value)}${count ? ` ${after}` : ""}. Probabilities ${p.map((one) => shown(one)).join(", ")}.`);
  }
}

/** Targets to choose from, each with a name: those that are given, if they are probabilities, first. */
function presets(K, given) {
  const others = (y) => Array.from({ length: K }, (_, k) => (k ? (1 - y) / (K - 1) : y));
  const found = [["one-hot", others(1)], ["smoothed", others(0.9)], ["uniform", others(1 / K)]];
  if (K === 3) found.splice(2, 0, ["soft", [0.5, 0.3, 0.2]]);
  const own = (given ?? "").split(",").map((part) => number(part, [0, 1], NaN));
  const sum = own.reduce((a, b) => a + b);
  if (own.length !== K || !(Math.abs(sum - 1) < 1e-9)) return found;
  const known = found.find(([, targets]) => targets.every((y, k) => Math.abs(y - own[k]) < 1e-9));
  return [known ?? ["given", own], ...found.filter((one) => one !== known)];
}

export async function start(root, data) {
  new Row(root, data, await import(`./losses/${data.losses[0].name}.js`));
}
