// The pieces a playground is made of: sliders, the table of classes, tables of numbers. They know no loss.

let count = 0;

/** An element with attributes (a function is a listener) and children. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** A number as a reader wants it: four digits, a true minus sign. */
export function shown(x, digits = 4) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "undefined" : x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  const text = size !== 0 && (size < 1e-4 || size >= 1e6) ? x.toExponential(digits - 1) : String(Number(x.toPrecision(digits)));
  return text.replaceAll("-", "−");
}

/**
 * The frame of what can be explored. `say(text)` tells a screen reader where things came to rest; what is there at the
 * start it finds by itself.
 */
export function frame(name, ...parts) {
  const spoken = element("p", { class: "visually-hidden", "aria-live": "polite" });
  let waiting = null;
  const say = (text) => {
    clearTimeout(waiting);
    waiting = waiting === null ? 0 : setTimeout(() => (spoken.textContent = text), 700);
  };
  return { element: element("section", { class: "lb-play", "aria-label": name }, ...parts, spoken), say };
}

/** A name with the line that it is drawn with, and a number. `set(x)` shows the number. */
export function reading(name, line) {
  const number = element("strong", {});
  const made = element("span", { class: "lb-play-reading" }, element("span", { class: `lb-play-line ${line}`, "aria-hidden": "true" }), name, number);
  return { element: made, set: (x) => (number.textContent = shown(x)) };
}

/** A slider with its name and its value. parameter: what it moves. `set(value)` moves it. */
export function slider({ parameter, symbol, meaning, range, onInput }) {
  const id = `lb-play-${++count}`;
  const output = element("output", { for: id });
  const input = element("input", { type: "range", id, min: range[0], max: range[1], step: range[2], "data-parameter": parameter });
  input.addEventListener("input", () => {
    output.textContent = shown(input.valueAsNumber);
    onInput(input.valueAsNumber);
  });
  const label = element("label", { for: id });
  label.append(element("span", { class: "lb-play-symbol" }, symbol), meaning ? ` ${meaning}` : "");
  const set = (value) => {
    if (input.valueAsNumber !== value) input.value = value;
    output.textContent = shown(value);
  };
  return { element: element("div", { class: "lb-play-slider" }, label, input, output), input, set };
}

/** A choice of one of a few, all of them visible. options: [[value, text], …] */
export function switches(text, options, onChange) {
  const name = `lb-play-${++count}`;
  const inputs = options.map(([value]) =>
    element("input", { type: "radio", name, value, id: `lb-play-${++count}`, change: () => onChange(value) }),
  );
  const labelled = inputs.map((input, n) => element("span", {}, input, element("label", { for: input.id }, options[n][1])));
  const set = (value) => inputs.forEach((input, n) => (input.checked = options[n][0] === value));
  return { element: element("fieldset", { class: "lb-play-switches" }, element("legend", {}, text), ...labelled), set };
}

/** A choice of one of some. options: [[value, text, group?], …] */
export function choice(text, options, onChange) {
  const id = `lb-play-${++count}`;
  const select = element("select", { id, change: () => onChange(select.value) });
  const groups = new Map();
  for (const [value, name, group] of options) {
    if (group && !groups.has(group)) select.append(groups.set(group, element("optgroup", { label: group })).get(group));
    (groups.get(group) ?? select).append(element("option", { value }, name));
  }
  return { element: element("div", { class: "lb-play-choice" }, element("label", { for: id }, text), select), select };
}

function bar(signed) {
  const fill = element("span", { class: "lb-play-fill" });
  const tick = element("span", { class: "lb-play-tick", hidden: true });
  const number = element("span", { class: "lb-play-number" });
  const drawn = element("span", { class: `lb-play-bar${signed ? " lb-play-signed" : ""}`, "aria-hidden": "true" }, fill, tick);
  const set = (x, most, target) => {
    number.textContent = shown(x);
    const share = Math.min(Math.abs(x) / most, 1) * (signed ? 50 : 100);
    fill.style.width = `${share}%`;
    if (signed) fill.style.left = `${x < 0 ? 50 - share : 50}%`;
    fill.classList.toggle("lb-play-minus", x < 0);
    tick.hidden = target === undefined;
    if (!tick.hidden) tick.style.left = `${(target / most) * 100}%`;
  };
  return { cell: element("td", {}, number, drawn), set };
}

const SUB = (n) => String(n).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);

// What the columns of the classes are called; one without a name is left out.
export const COLUMNS = {
  row: { truth: "true class", input: "logit", probability: "probability", gradient: "gradient" },
  logit: { input: "logit", probability: "σ(z)", gradient: "gradient" },
  output: { input: "prediction", gradient: "gradient" },
};

/** The classes of a row, or the one output: a logit to move, the probability, the gradient. */
export class Classes {
  /** columns: as COLUMNS, for a figure, which has no caption to be seen. */
  constructor({ kind, size, range, columns, onLogit, onTarget }) {
    this.rows = [];
    const row = kind === "row";
    const heads = columns ?? COLUMNS[kind];
    const name = kind === "output" ? "x" : "z";
    const group = `lb-play-${++count}`;
    const body = element("tbody");
    for (let k = 0; k < size; k++) {
      const logit = slider({ symbol: row ? `${name}${SUB(k + 1)}` : name, range, onInput: (x) => onLogit(k, x) });
      const probability = heads.probability ? bar(false) : null;
      const gradient = heads.gradient ? bar(true) : null;
      const id = `lb-play-${++count}`;
      const radio = element("input", { type: "radio", name: group, id, value: k, change: () => onTarget(k) });
      const first = heads.truth ? element("th", { scope: "row" }, radio, element("label", { for: id }, ` ${k + 1}`)) : null;
      body.append(element("tr", {}, first, element("td", {}, logit.element), probability?.cell, gradient?.cell));
      this.rows.push({ logit, probability, gradient, radio });
    }
    const head = ["truth", "input", "probability", "gradient"].map((one) => heads[one] && element("th", { scope: "col" }, heads[one]));
    const caption = element("caption", { class: columns ? "visually-hidden" : null }, row ? "The classes of the row" : "The output");
    this.element = element("table", { class: "lb-play-classes" }, caption, element("thead", {}, element("tr", {}, ...head)), body);
  }

  /** targets: what the probabilities should be, marked on their bars. */
  set(state, probabilities, gradient, targets) {
    const most = Math.max(1, ...(gradient ?? []).map(Math.abs));
    this.rows.forEach((row, k) => {
      row.logit.set(state.z[k]);
      row.probability?.set(probabilities[k], 1, targets?.[k]);
      row.gradient?.set(gradient[k], most);
      row.radio.checked = k === state.t;
    });
  }
}

/** A table of numbers that is only made when it is looked at. rows() gives the header and the rows. */
export function unfolding(title, rows) {
  const place = element("div", { class: "lb-play-scroll", tabindex: "0", role: "group", "aria-label": title });
  const details = element("details", { class: "lb-play-details" }, element("summary", {}, title), place);
  const fill = () => {
    if (!details.open) return;
    const [head, ...body] = rows();
    const cells = (tag, row, scope) =>
      row.map((text, n) => {
        const heads = text !== "" && (n === 0 || scope === "col"); // a heading that says nothing is none
        return element(heads ? "th" : text === "" ? "td" : tag, { scope: heads ? scope : null }, text);
      });
    place.replaceChildren(
      element(
        "table",
        {},
        element("thead", {}, element("tr", {}, ...cells("th", head, "col"))),
        element("tbody", {}, ...body.map((row) => element("tr", {}, ...cells("td", row, "row")))),
      ),
    );
  };
  details.addEventListener("toggle", fill);
  return { element: details, fill };
}
