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

/** A slider with its name and its value. `set(value)` moves it. */
export function slider({ symbol, meaning, range, onInput, hidden = false }) {
  const id = `lb-play-${++count}`;
  const output = element("output", { for: id });
  const input = element("input", { type: "range", id, min: range[0], max: range[1], step: range[2] });
  input.addEventListener("input", () => {
    output.textContent = shown(input.valueAsNumber);
    onInput(input.valueAsNumber);
  });
  const label = element("label", { for: id, class: hidden ? "visually-hidden" : "lb-play-label" });
  label.append(element("span", { class: "lb-play-symbol" }, symbol), meaning ? ` ${meaning}` : "");
  const set = (value) => {
    if (input.valueAsNumber !== value) input.value = value;
    output.textContent = shown(value);
  };
  return { element: element("div", { class: "lb-play-slider" }, label, input, output), input, set };
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
  const number = element("span", { class: "lb-play-number" });
  const cell = element("td", {}, number, element("span", { class: `lb-play-bar${signed ? " lb-play-signed" : ""}`, "aria-hidden": "true" }, fill));
  const set = (x, most) => {
    number.textContent = shown(x);
    const share = Math.min(Math.abs(x) / most, 1) * (signed ? 50 : 100);
    fill.style.width = `${share}%`;
    if (signed) fill.style.left = `${x < 0 ? 50 - share : 50}%`;
    fill.classList.toggle("lb-play-minus", x < 0);
  };
  return { cell, set };
}

const SUB = (n) => String(n).replace(/\d/g, (digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]);

/** The classes of a row, or the one output: a logit to move, the probability, the gradient. */
export class Classes {
  constructor({ kind, size, range, onLogit, onTarget }) {
    this.kind = kind;
    this.rows = [];
    const row = kind === "row";
    const name = kind === "output" ? "x" : "z";
    const head = [row ? "true class" : null, row ? "logit" : kind === "output" ? "prediction" : "logit"];
    head.push(kind === "output" ? null : row ? "probability" : "σ(z)", "gradient");
    const group = `lb-play-${++count}`;
    const body = element("tbody");
    for (let k = 0; k < size; k++) {
      const symbol = row ? `${name}${SUB(k + 1)}` : name;
      const logit = slider({ symbol, range, onInput: (x) => onLogit(k, x) });
      const chance = kind === "output" ? null : bar(false);
      const slope = bar(true);
      const id = `lb-play-${++count}`;
      const radio = element("input", { type: "radio", name: group, id, value: k, change: () => onTarget(k) });
      const first = element("th", { scope: "row" }, radio, element("label", { for: id }, ` ${k + 1}`));
      body.append(element("tr", {}, row ? first : null, element("td", {}, logit.element), chance?.cell, slope.cell));
      this.rows.push({ logit, chance, slope, radio });
    }
    const heads = head.filter(Boolean).map((text) => element("th", { scope: "col" }, text));
    this.total = row ? element("p", { class: "lb-play-total" }) : null;
    const caption = element("caption", {}, row ? "The classes of the row" : "The output");
    this.element = element("div", {}, element("table", { class: "lb-play-classes" }, caption, element("thead", {}, element("tr", {}, ...heads)), body), this.total);
  }

  set(state, chances, gradient) {
    const most = Math.max(1, ...gradient.map(Math.abs));
    this.rows.forEach(({ logit, chance, slope, radio }, k) => {
      logit.set(state.z[k]);
      chance?.set(chances[k], 1);
      slope.set(gradient[k], most);
      radio.checked = k === state.t;
    });
    if (this.total) {
      const sum = gradient.reduce((a, b) => a + b, 0);
      this.total.textContent = `The components of the gradient add up to ${shown(Math.abs(sum) < 1e-12 ? 0 : sum)}.`;
    }
  }
}

/** A table of numbers that is only made when it is looked at. rows() gives the header and the rows. */
export function unfolding(title, rows) {
  const place = element("div", { class: "lb-play-scroll", tabindex: "0", role: "region", "aria-label": title });
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
