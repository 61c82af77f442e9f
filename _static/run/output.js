// Shows what a cell gives out, in the same elements as the outputs that came with the page.
import { make, typeset } from "./dom.js";

/** @typedef {import("./kernel.js").Output} Output */

/** The output of one run of a cell. */
export class OutputArea {
  /** @param {string} label */
  constructor(label) {
    this.element = make("div", { class: "cell_output docutils container lb-live", role: "region", "aria-label": label });
    /** @type {{name: string, pre: HTMLElement} | undefined} */
    this.stream = undefined;
  }

  /** @param {Output} output */
  add(output) {
    if (output.type === "stream") this.#addText(output);
    else {
      this.stream = undefined;
      this.#append(output.type === "error" ? errorOf(output) : richOf(output));
    }
  }

  /** @param {Output} output */
  #addText({ name, text }) {
    if (this.stream && this.stream.name === name) this.stream.pre.append(text);
    else {
      const pre = make("pre", {}, text);
      this.stream = { name, pre };
      this.#append(make("div", { class: `output stream highlight ${name === "stderr" ? "lb-stderr" : ""}` }, pre));
    }
  }

  /** @param {HTMLElement} element */
  #append(element) {
    this.element.append(element);
    typeset(element);
  }
}

/** @param {Output} output */
function richOf({ html, svg, latex, text }) {
  if (html ?? svg) {
    const element = make("div", { class: "output text_html" });
    element.innerHTML = html ?? svg;
    return element;
  }
  if (latex) {
    const bare = latex.replace(/^\$+|\$+$/g, "");
    return make("div", { class: "output text_latex" }, make("div", { class: "math notranslate nohighlight" }, `\\[${bare}\\]`));
  }
  return make("div", { class: "output text_plain highlight" }, make("pre", {}, text));
}

/** @param {Output} output */
function errorOf({ name, message, line, traceback }) {
  const summary = make("p", { class: "lb-error-summary" }, make("strong", {}, name), message ? `: ${message}` : "");
  if (line) summary.append(make("span", { class: "lb-error-line" }, ` (line ${line} of this cell)`));
  const hint =
    name === "NameError"
      ? [make("p", {}, "No cell above that runs in a browser defines it. Is it spelt as you mean it?")]
      : [];
  return make("div", { class: "output lb-error", role: "alert" }, summary, ...hint, make("pre", {}, traceback));
}
