// Every playground of a page: builds it, and brings what is shown up to date when a reader moves something.

import { Chart } from "./chart.js";
import { axes, curves, derivatives, place as placeOf, probabilities } from "./model.js";
import { Own } from "./own.js";
import { CLASSES, LOGITS, fromText, initial, targetRange, toText } from "./state.js";
import { Classes, choice, element, shown, slider, unfolding } from "./view.js";
import { curveRows, hessianRows, nameOf, sentence } from "./words.js";
import { Written } from "./written.js";

const OWN = "own";
const GROUPS = { row: "One row of K logits", logit: "One logit", output: "One prediction" };
const CHARTS = { loss: ["Loss", "blue"], gradient: ["Gradient", "red"], second: ["Second derivative", "green"] };

class Playground {
  constructor(root, data) {
    this.root = root;
    this.data = data;
    this.losses = data.losses;
    this.whole = !data.insteadOf;
    this.codes = new Map();
    this.waiting = 0;
  }

  async start() {
    const address = location.hash.slice(1);
    const own = this.data.own && address.startsWith("loss=own&");
    this.state = fromText(this.whole && !own && address.startsWith("loss=") ? address : this.data.settings, this.losses);
    await this.load(this.state);
    this.build();
    this.render();
    if (own) this.invite(address);
    if (this.whole) addEventListener("hashchange", () => this.follow(location.hash.slice(1)));
    new MutationObserver(() => this.charts.forEach(({ chart }) => chart.redraw())).observe(document.documentElement, {
      attributeFilter: ["data-theme"],
    });
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
    for (const name of [loss, kept?.loss])
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
    this.keptKey = null;
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
      button("Keep this curve", () => this.keep()),
      button("Reset", () => this.change(this.whole ? initial(this.loss, this.losses) : fromText(this.data.settings, this.losses))),
      this.whole ? button("Copy link", () => this.copy()) : this.door(),
      this.said,
    );
    this.written = this.whole ? new Written(this.root) : null;
    this.place = element("div", { class: "lb-play-controls" });
    this.legend = element("p", { class: "lb-play-legend" });
    this.summary = element("p", { class: "lb-play-summary" });
    this.spoken = element("p", { class: "visually-hidden", "aria-live": "polite" });
    this.classes = element("div");
    this.table = unfolding("The curves as a table", () => curveRows(this.loss, this.state, this.curves, this.keptCurves));
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
      ? [this.head(), this.own.element, this.written.equation, this.place, drawings, this.legend, this.classes, this.summary]
      : [this.place, drawings, this.legend, this.summary, this.buttons];
    parts.push(this.spoken, this.table.element);
    if (this.whole) parts.push(this.hessian.element, this.written.element);
    const name = this.whole ? "Playground" : "Figure to explore";
    this.root.append(element("section", { class: "lb-play", "aria-label": name }, ...parts));
    for (const one of this.charts)
      one.chart = new Chart(one.drawing, {
        hue: one.hue,
        height: 190,
        onPick: (x) => this.pick(x),
        onPoint: (n) => this.at(n),
      });
    if (!this.whole) document.getElementById(this.data.insteadOf)?.classList.add("lb-play-replaced");
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
    const wanted = (name) => !this.data.controls || this.data.controls.includes(name);
    this.sliders = [];
    const add = (name, options, get, set) => {
      if (!wanted(name)) return;
      const made = slider({ ...options, onInput: (x) => this.move((s) => set(s, x)) });
      made.input.dataset.parameter = name;
      this.sliders.push({ ...made, get });
    };
    for (const { name, symbol, meaning, range } of loss.parameters)
      add(name, { symbol, meaning, range }, (s) => s.parameters[name], (s, x) => (s.parameters[name] = x));
    const target = targetRange(loss);
    if (target) {
      const of = { symbol: loss.kind === "row" ? "yₜ" : "y", range: target };
      of.meaning = loss.kind === "row" ? "target of the true class; the others share the rest" : "target";
      add("target", of, (s) => s.y, (s, x) => (s.y = x));
    }
    if (loss.kind === "row" && !this.whole)
      add("logit", { symbol: "zₜ", meaning: "logit of the true class", range: LOGITS }, (s) => s.z[s.t], (s, x) => (s.z[s.t] = x));
    const sized = loss.kind === "row" && this.whole;
    // the slider that is being moved stays in its place: taken out and put back, it would lose the focus
    for (const one of [...this.place.children]) if (!sized || one !== this.size?.element) one.remove();
    this.place.prepend(...this.sliders.map((one) => one.element));
    if (sized) {
      if (!this.size) {
        this.size = slider({ symbol: "K", meaning: "number of classes", range: [...CLASSES, 1], onInput: (x) => this.resize(x) });
        this.size.input.dataset.parameter = "K";
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
    const { loss, state, kept } = this;
    this.drawn = loss;
    const code = this.codes.get(loss.name);
    this.sliders.forEach(({ set, get }) => set(get(state)));
    this.curves = curves(loss, code, state, state.parameters);
    const key = JSON.stringify([state.kept, state.z, state.t, state.y, state.against]);
    if (key !== this.keptKey) this.keptCurves = kept && curves(kept, this.codes.get(kept.name), state, state.kept.parameters);
    this.keptKey = key;
    this.point = derivatives(loss, code, state, state.parameters);
    const t = loss.kind === "row" ? state.t : 0;
    const here = { loss: this.point.value, gradient: this.point.gradient[t], second: this.point.hessian[t][t] };
    const x = placeOf(loss, state);
    const { label, range } = axes(loss, state)[state.against];
    for (const { name, title, chart, drawing, value } of this.charts) {
      chart.show(range, this.curves.x, this.curves[name], this.keptCurves?.[name], [x, here[name]]);
      value.textContent = shown(here[name]);
      drawing.setAttribute("aria-label", `${title} against the ${label}. Now ${shown(here[name])} at ${shown(x)}.`);
    }
    this.rows?.set(state, probabilities(loss, state), this.point.gradient);
    this.here = here;
    this.say(here);
    this.table.fill();
    if (loss.kind === "row") this.hessian.fill();
    this.remember();
  }

  say(here) {
    const { loss, state, kept } = this;
    const text = sentence(loss, state, here);
    this.summary.textContent = text;
    clearTimeout(this.speaking); // a screen reader hears where the slider came to rest
    this.speaking = setTimeout(() => (this.spoken.textContent = text), 700);
    const named = kept ? nameOf(kept, state.kept.parameters) : "";
    if (this.legend.dataset.kept === named) return;
    this.legend.dataset.kept = named;
    const parts = [element("span", { class: "lb-play-now" }), " now"];
    if (kept) {
      const remove = async () => {
        await this.change({ ...this.state, kept: null });
        this.buttons.querySelector("button").focus();
      };
      parts.push(element("span", { class: "lb-play-kept" }), ` kept: ${named} `);
      parts.push(element("button", { type: "button", click: remove, "aria-label": `Remove the kept curve: ${named}` }, "remove"));
    }
    this.legend.replaceChildren(...parts);
  }

  /** The numbers under the pointer. */
  at(n) {
    if (!this.here) return;
    const inside = n !== null && n < this.curves.x.length;
    for (const { name, value } of this.charts)
      value.textContent = inside ? `${shown(this.curves[name][n])} at ${shown(this.curves.x[n])}` : shown(this.here[name]);
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

for (const root of document.querySelectorAll(".lb-playground")) {
  const data = JSON.parse(root.querySelector(".lb-play-data").textContent);
  new Playground(root, data).start();
}
