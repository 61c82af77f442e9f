// The curves of a loss: a whole playground, or a figure of a chapter with few controls and the losses it compares.

import { Chart } from "./chart.js";
import { axes, curves, derivatives, place as placeOf, probabilities } from "./model.js";
import { Own } from "./own.js";
import { CLASSES, LOGITS, defaults, fromText, initial, targetRange, toText } from "./state.js";
import { Classes, choice, element, frame, shown, slider, switches, unfolding } from "./view.js";
import { curveRows, hessianRows, nameOf, sentence, where } from "./words.js";
import { Written } from "./written.js";

const OWN = "own";
const GROUPS = { row: "One row of K logits", logit: "One logit", output: "One prediction" };
const KEPT = { hue: null, dash: [5, 4] };
const DASHES = [[5, 4], [2, 3], [9, 3, 2, 3]]; // of the losses that a figure compares
const LOGIT = {
  row: { symbol: "zₜ", meaning: "logit of the true class", range: LOGITS },
  logit: { symbol: "z", meaning: "logit", range: LOGITS },
  output: { symbol: "x", meaning: "prediction", range: LOGITS },
};
const CHARTS = { loss: ["Loss", "blue"], gradient: ["Gradient", "red"], second: ["Second derivative", "green"] };

class Playground {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.losses = data.losses;
    this.whole = !data.insteadOf;
    this.codes = new Map();
    this.waiting = 0;
    this.others = this.whole ? [] : data.losses.slice(1).map((loss) => ({ loss: loss.name, parameters: defaults(loss) }));
  }

  async start() {
    const address = location.hash.slice(1);
    const own = this.data.own && address.startsWith("loss=own&");
    this.state = this.whole && !own && address.startsWith("loss=") ? fromText(address, this.losses) : this.beginning();
    await this.load(this.state);
    this.build();
    this.render();
    if (own) this.invite(address);
    if (this.whole) addEventListener("hashchange", () => this.follow(location.hash.slice(1)));
    new MutationObserver(() => this.charts.forEach(({ chart }) => chart.redraw())).observe(document.documentElement, {
      attributeFilter: ["data-theme"],
    });
  }

  /** Where a figure starts. In the playground the first loss that it compares is the kept one. */
  beginning() {
    const state = fromText(this.data.settings, this.losses);
    if (!this.whole) state.kept = this.others[0] ?? null;
    return state;
  }

  /** The losses that the present one is compared with. */
  get compared() {
    if (!this.whole) return this.others;
    return this.state.kept ? [this.state.kept] : [];
  }

  get loss() {
    return this.named(this.state.loss);
  }

  get kept() {
    return this.state.kept && this.named(this.state.kept.loss);
  }

  named(wanted) {
    return this.losses.find(({ name }) => name === wanted);
  }

  /** The code of the losses of a setting; a page fetches no other. */
  async load({ loss, kept }) {
    for (const name of [loss, kept?.loss, ...this.others.map((one) => one.loss)])
      if (name && !this.codes.has(name)) this.codes.set(name, this.named(name).code ?? (await import(`./losses/${name}.js`)));
  }

  // -- what a reader does ------------------------------------------------------------------------------------------

  /** A small move: only numbers change. */
  move(change) {
    change(this.state);
    this.waiting ||= requestAnimationFrame(() => {
      this.waiting = 0;
      this.render();
    });
  }

  /** Another loss, another number of classes, another axis: the controls change too. */
  async change(state) {
    await this.load(state); // before it is the setting: a move may be drawn at any time
    this.state = state;
    this.controls();
    this.render();
  }

  follow(address) {
    if (!address.startsWith("loss=") || address === toText(this.state, this.loss)) return;
    if (this.data.own && address.startsWith("loss=own&")) this.invite(address);
    else this.change(fromText(address, this.losses));
  }

  /** An address with a formula: Python is only started when the reader says so. */
  invite(address) {
    this.own.element.hidden = false;
    this.select.select.value = OWN;
    this.own.input.value = new URLSearchParams(address).get("formula") ?? "";
    this.own.say("This address brings a formula. Derive it to see it drawn.");
    this.own.go.focus();
    this.pending = address;
  }

  /** A reader's own loss, to be drawn. It has taken the place of the one before, kept or not. */
  async drawOwn(loss) {
    const again = this.state.loss === OWN && this.loss?.text === loss.text;
    this.losses = [...this.losses.filter(({ name }) => name !== OWN), loss];
    this.codes.set(OWN, loss.code);
    this.comparedKey = null;
    if (this.state.kept?.loss === OWN && !again) this.state.kept = null;
    if (again) return this.change(this.state);
    const pending = this.pending && new URLSearchParams(this.pending).get("formula") === loss.text ? this.pending : null;
    this.pending = null;
    return pending ? this.change(fromText(pending, this.losses)) : this.choose(OWN);
  }

  choose(name) {
    this.own.element.hidden = name !== OWN;
    if (name === OWN && !this.named(OWN)) return this.own.input.focus();
    const loss = this.named(name);
    const [old, state] = [this.state, initial(loss, this.losses)];
    if (loss.kind === this.drawn.kind) {
      Object.assign(state, { z: old.z, t: old.t, against: old.against, kept: old.kept });
      if (loss.target === this.drawn.target) state.y = old.y;
      for (const p in state.parameters) if (p in old.parameters) state.parameters[p] = old.parameters[p];
    }
    return this.change(state);
  }

  resize(size) {
    const z = Array.from({ length: size }, (_, k) => this.state.z[k] ?? 0);
    return this.change({ ...this.state, z, t: Math.min(this.state.t, size - 1) });
  }

  // -- building ----------------------------------------------------------------------------------------------------

  build() {
    const groups = this.losses.map(({ name, title, kind }) => [name, title, GROUPS[kind]]);
    this.own = new Own((loss) => this.drawOwn(loss));
    this.own.element.hidden = true;
    if (this.data.own) groups.push([OWN, "Your own …", "Yours"]);
    this.select = choice("Loss", groups, (name) => this.choose(name));
    this.axis = choice("drawn against", [], (against) => this.change({ ...this.state, against }));
    this.said = element("span", { role: "status", class: "lb-play-said" });
    const button = (text, click) => element("button", { type: "button", click }, text);
    this.buttons = element(
      "div",
      { class: "lb-play-buttons" },
      this.whole ? button("Keep this curve", () => this.keep()) : null,
      this.whole ? button("Reset", () => this.change(initial(this.loss, this.losses))) : button("Back to the start", () => this.change(this.beginning())),
      this.whole ? button("Copy link", () => this.copy()) : this.door(),
      this.said,
    );
    this.written = this.whole ? new Written(this.root) : null;
    this.place = element("div", { class: "lb-play-controls" });
    this.legend = element("p", { class: "lb-play-legend" });
    this.summary = element("p", { class: "lb-play-summary" });
    this.readings = element("table", { class: "lb-play-readings" });
    this.classes = element("div");
    this.total = element("p", { class: "lb-play-total" });
    this.table = unfolding("The curves as a table", () => curveRows(this.loss, this.state, this.curves, this.comparedCurves));
    this.hessian = unfolding("The whole Hessian", () => hessianRows(this.point.hessian));
    const shownCharts = Object.entries(CHARTS).slice(0, this.whole ? 3 : 2);
    this.charts = [];
    const figures = shownCharts.map(([name, [title, hue]]) => {
      const value = element("span", { class: "lb-play-at" });
      const drawing = element("div", { role: "img", class: "lb-play-drawing" });
      this.charts.push({ name, title, hue, value, drawing });
      return element("figure", {}, element("figcaption", {}, element("strong", {}, title), " ", value), drawing);
    });
    const drawings = element("div", { class: "lb-play-charts" }, ...figures);
    const parts = this.whole
      ? [this.head(), this.own.element, this.written.equation, this.place, drawings, this.legend, this.classes, this.total, this.summary]
      : [this.place, drawings, this.readings, this.buttons];
    parts.push(this.table.element);
    if (this.whole) parts.push(this.hessian.element, this.written.element);
    this.frame = frame(this.whole ? "Playground" : `To explore: ${this.losses[0].title}`, ...parts);
    this.root.append(this.frame.element);
    const lines = this.whole ? [KEPT] : this.others.map((_, n) => ({ hue: null, dash: DASHES[n] }));
    for (const one of this.charts)
      one.chart = new Chart(one.drawing, {
        lines: [...lines, { hue: one.hue }],
        height: this.whole ? 190 : 160,
        sync: this.data.insteadOf ?? "playground",
        onPick: (x) => this.pick(x),
        onPoint: (n) => this.at(n),
      });
    for (const one of document.querySelectorAll("[data-try]"))
      if (this.whole) {
        one.disabled = false;
        one.addEventListener("click", () => this.attempt(one.dataset.try));
      }
    this.controls();
  }

  head() {
    return element("div", { class: "lb-play-head" }, this.select.element, this.axis.element, this.buttons);
  }

  /** From a figure of a chapter to the playground, with the same setting. */
  door() {
    this.link = element("a", { href: this.data.home }, "Open in the playground");
    return this.link;
  }

  /** The sliders of the loss that is chosen. */
  controls() {
    const { loss, state } = this;
    const switched = !this.whole && loss.kind === "logit"; // where a target is 0 or 1, unless a figure asks for more
    const wanted = (name) => this.data.controls?.includes(name) ?? !(name === "target" && switched);
    this.sliders = [];
    const add = (name, options, get, set) => {
      if (!wanted(name)) return;
      this.sliders.push({ ...slider({ ...options, parameter: name, onInput: (x) => this.move((s) => set(s, x)) }), get });
    };
    for (const { name, symbol, meaning, range } of loss.parameters)
      add(name, { symbol, meaning, range }, (s) => s.parameters[name], (s, x) => (s.parameters[name] = x));
    if (!this.whole) {
      const n = loss.kind === "row" ? state.t : 0;
      add("logit", LOGIT[loss.kind], (s) => s.z[n], (s, x) => (s.z[n] = x));
    }
    const target = targetRange(loss);
    if (target) {
      const of = { symbol: loss.kind === "row" ? "yₜ" : "y", range: target };
      of.meaning = loss.kind === "row" ? "target of the true class; the others share the rest" : "target";
      add("target", of, (s) => s.y, (s, x) => (s.y = x));
    }
    if (switched && wanted("switch")) {
      const options = [0, 1].map((y) => [y, `y = ${y}`]);
      this.sliders.push({ ...switches("target", options, (y) => this.move((s) => (s.y = y))), get: (s) => s.y });
    }
    const sized = loss.kind === "row" && this.whole;
    // the slider that is being moved stays in its place: taken out and put back, it would lose the focus
    for (const one of [...this.place.children]) if (!sized || one !== this.size?.element) one.remove();
    this.place.prepend(...this.sliders.map((one) => one.element));
    if (sized) {
      if (!this.size) {
        const onInput = (x) => this.resize(x);
        this.size = slider({ parameter: "K", symbol: "K", meaning: "number of classes", range: [...CLASSES, 1], onInput });
      }
      if (!this.size.element.isConnected) this.place.append(this.size.element);
      this.size.set(state.z.length);
    }
    if (!this.whole) return;
    this.select.select.value = state.loss;
    this.own.element.hidden = state.loss !== OWN;
    const known = axes(loss, state);
    if (!(state.against in known)) state.against = "logit";
    this.axis.select.replaceChildren(...Object.entries(known).map(([value, { label }]) => element("option", { value }, label)));
    this.axis.select.value = state.against;
    this.rows = new Classes({
      kind: loss.kind,
      size: state.z.length,
      range: LOGITS,
      onLogit: (k, x) => this.move((s) => (s.z[k] = x)),
      onTarget: (k) => this.move((s) => (s.t = k)),
    });
    this.classes.replaceChildren(this.rows.element);
    this.hessian.element.hidden = loss.kind !== "row";
    this.written.show(loss);
  }

  // -- showing -----------------------------------------------------------------------------------------------------

  render() {
    const { loss, state, compared } = this;
    this.drawn = loss;
    const code = this.codes.get(loss.name);
    this.sliders.forEach(({ set, get }) => set(get(state)));
    this.curves = curves(loss, code, state, state.parameters);
    const key = JSON.stringify([compared, state.z, state.t, state.y, state.against]);
    if (key !== this.comparedKey)
      this.comparedCurves = compared.map((one) => ({
        name: this.whole ? "kept" : this.named(one.loss).title,
        ...curves(this.named(one.loss), this.codes.get(one.loss), state, one.parameters),
      }));
    this.comparedKey = key;
    this.point = derivatives(loss, code, state, state.parameters);
    const t = loss.kind === "row" ? state.t : 0;
    const at = ({ value, gradient, hessian }) => ({ loss: value, gradient: gradient[t], second: hessian[t][t] });
    const here = at(this.point);
    const x = placeOf(loss, state);
    const { label, range } = axes(loss, state)[state.against];
    const others = this.others.map((one) => at(derivatives(this.named(one.loss), this.codes.get(one.loss), state, one.parameters)));
    for (const { name, title, hue, chart, drawing, value } of this.charts) {
      const columns = this.whole && !compared.length ? [null] : this.comparedCurves.map((one) => one[name]);
      const marks = [...others.map((one) => ({ x, y: one[name], hue: null })), { x, y: here[name], hue }];
      chart.show(range, this.curves.x, [...columns, this.curves[name]], marks);
      value.textContent = this.whole ? shown(here[name]) : ""; // a figure says it below
      drawing.setAttribute("aria-label", `${title} against the ${label}. Now ${shown(here[name])} at ${shown(x)}.`);
    }
    this.rows?.set(state, probabilities(loss, state), this.point.gradient);
    this.here = here;
    const text = sentence(loss, state, here);
    this.frame.say(text);
    if (this.whole) this.sum(text);
    else this.read([here, ...others]);
    this.table.fill();
    if (loss.kind === "row") this.hessian.fill();
    this.remember();
  }

  /** In a figure: the loss and the gradient of each loss that it compares. */
  read(points) {
    // the sliders show the parameters of the first; in its name they would move what is below
    const names = [this.loss.title, ...this.others.map(({ loss, parameters }) => nameOf(this.named(loss), parameters))];
    const cells = (tag, scope, texts) => texts.map((text) => element(tag, { scope }, text));
    const rows = names.map((text, n) => {
      const line = element("span", { class: `lb-play-line ${n ? `lb-play-dashed-${n}` : ""}`, "aria-hidden": "true" });
      const name = element("th", { scope: "row" }, line, text);
      return element("tr", {}, name, ...cells("td", null, [shown(points[n].loss), shown(points[n].gradient)]));
    });
    this.readings.replaceChildren(
      element("caption", {}, `At ${where(this.loss, this.state)}`),
      element("thead", {}, element("tr", {}, element("td"), ...cells("th", "col", ["loss", "gradient"]))),
      element("tbody", {}, ...rows),
    );
  }

  /** In the playground: what is drawn, in words. */
  sum(text) {
    const { loss, state, kept } = this;
    this.summary.textContent = text;
    const sum = this.point.gradient.reduce((a, b) => a + b, 0);
    const total = `The components of the gradient add up to ${shown(Math.abs(sum) < 1e-12 ? 0 : sum)}.`;
    this.total.textContent = loss.kind === "row" ? total : "";
    const named = kept ? nameOf(kept, state.kept.parameters) : "";
    if (this.legend.dataset.kept === named) return;
    this.legend.dataset.kept = named;
    const parts = [element("span", { class: "lb-play-line" }), " now"];
    if (kept) {
      const remove = async () => {
        await this.change({ ...this.state, kept: null });
        this.buttons.querySelector("button").focus();
      };
      parts.push(element("span", { class: "lb-play-line lb-play-dashed-1" }), ` kept: ${named} `);
      parts.push(element("button", { type: "button", click: remove, "aria-label": `Remove the kept curve: ${named}` }, "remove"));
    }
    this.legend.replaceChildren(...parts);
  }

  /** The numbers under the pointer. */
  at(n) {
    if (!this.here) return;
    const inside = n !== null && n < this.curves.x.length;
    for (const { name, value } of this.charts)
      value.textContent = inside ? `${shown(this.curves[name][n])} at ${shown(this.curves.x[n])}` : this.whole ? shown(this.here[name]) : "";
  }

  // -- keeping, linking --------------------------------------------------------------------------------------------

  keep() {
    return this.change({ ...this.state, kept: { loss: this.state.loss, parameters: { ...this.state.parameters } } });
  }

  pick(x) {
    const { logit } = axes(this.loss, this.state)[this.state.against];
    const z = Math.round(Math.min(LOGITS[1], Math.max(LOGITS[0], logit(x))) * 10) / 10;
    if (Number.isFinite(z)) this.move((s) => (s.z[this.loss.kind === "row" ? s.t : 0] = z));
  }

  async attempt(address) {
    await this.change(fromText(address, this.losses));
    this.root.scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    this.select.select.focus({ preventScroll: true });
  }

  /** The setting, into the address: at rest, since browsers limit how often it may change. */
  remember() {
    clearTimeout(this.resting);
    const text = toText(this.state, this.loss);
    if (this.link) this.link.href = `${this.data.home}#${text}`;
    if (this.whole && this.touched) this.resting = setTimeout(() => history.replaceState(null, "", `#${text}`), 250);
    this.touched = true;
  }

  async copy() {
    history.replaceState(null, "", `#${toText(this.state, this.loss)}`);
    try {
      await navigator.clipboard.writeText(location.href);
      this.said.textContent = "Link copied.";
    } catch {
      this.said.textContent = "The link is in the address bar.";
    }
    setTimeout(() => (this.said.textContent = ""), 4000);
  }
}

export const start = (root, data) => new Playground(root, data).start();
