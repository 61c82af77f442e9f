// One cell of the page: its buttons, its editor, its outputs.
import { button, make } from "./dom.js";
import { Stopped, kernel } from "./kernel.js";
import { OutputArea } from "./output.js";

/** @typedef {{id: string, source: string, runs: boolean}} Known what the page says of a cell */

export class Cell {
  /** @type {any} */ editor;
  /** @type {OutputArea | undefined} */ area;

  /** @param {Known} known @param {number} number @param {(cell: Cell) => void} onRun */
  constructor({ id, source, runs }, number, onRun) {
    this.runs = runs;
    this.original = this.text = source;
    this.name = `cell ${number}`;
    this.onRun = () => onRun(this);
    this.element = document.getElementById(`cell-${id}`);
    /** @type {HTMLElement | null | undefined} */
    this.input = this.element?.querySelector(".cell_input");
    /** @type {HTMLElement | null | undefined} */
    this.shown = this.element?.querySelector(".cell_output");
    if (runs && this.input) this.#addTools(this.input);
  }

  /** @param {HTMLElement} input */
  #addTools(input) {
    const tool = (/** @type {string} */ text, /** @type {() => void} */ onclick, title = "") =>
      button(text, onclick, { "aria-label": `${text} ${this.name}`, title });
    this.resetButton = tool("Reset", () => this.reset(), "The cell as it was printed");
    this.resetButton.hidden = true;
    this.tools = make(
      "div",
      { class: "lb-cell-tools", role: "group", "aria-label": `Python, ${this.name}` },
      tool("Run", this.onRun, "Run this cell, after those above that it needs (Shift+Enter in the editor)"),
      tool("Edit", () => this.edit(), "Edit this cell"),
      this.resetButton,
    );
    this.state = make("div", { class: "lb-cell-state", role: "status" });
    input.append(this.tools, this.state);
  }

  /** Run the cell alone; resolves to "done", "failed" or "stopped". */
  async run() {
    const area = new OutputArea(`Output of ${this.name}`);
    let begun = 0;
    const begin = () => {
      begun = performance.now();
      this.#show(area);
      this.say("running");
    };
    try {
      const outcome = await kernel.run(this.text, this.name, { onStart: begin, onOutput: (output) => area.add(output) });
      this.say(outcome, outcome === "done" ? `ran in ${((performance.now() - begun) / 1000).toFixed(2)} s` : "ended in an error");
      return outcome;
    } catch (/** @type {any} */ error) {
      return this.sayWhy(error);
    }
  }

  /** @param {string} state @param {...(string | Node)} text */
  say(state, ...text) {
    if (!this.state) return;
    this.state.dataset.state = state;
    this.state.replaceChildren(...(text.length ? text : [state]));
    this.resetButton.hidden = !this.area && this.text === this.original;
  }

  /** Say why the cell did not run. @param {Error} error */
  sayWhy(error) {
    const state = error instanceof Stopped ? "stopped" : "failed";
    this.say(state, error.message);
    return state;
  }

  /** Say that a cell that this one needs failed, and lead there. @param {Cell} other */
  blame(other) {
    const fold = other.element?.querySelector("details");
    if (fold) fold.open = true;
    this.say("failed", "not run: ", make("a", { href: `#${other.element?.id}` }, "a cell that it needs"), " failed");
  }

  /** Put the output of a run in the place of what was there. @param {OutputArea} area */
  #show(area) {
    this.area?.element.remove();
    this.area = area;
    if (this.shown) {
      this.shown.hidden = true;
      this.shown.after(area.element);
    } else (this.tools?.closest("details, .cell") ?? this.element)?.append(area.element);
  }

  /** Put an editor in the place of the printed code. */
  async edit() {
    if (!this.editor) {
      const { createEditor } = await import("./codemirror.js");
      const place = make("div", { class: "lb-editor" });
      // Sphinx opens its search at this key, except in the elements that it takes for fields.
      place.addEventListener("keydown", (event) => event.key === "/" && event.stopPropagation());
      this.input?.prepend(place);
      this.editor = createEditor({
        parent: place,
        text: this.text,
        label: `Code of ${this.name}`,
        onRun: this.onRun,
        onChange: (/** @type {string} */ text) => {
          this.text = text;
          this.resetButton.hidden = !this.area && text === this.original;
        },
      });
    }
    this.element?.classList.add("lb-editing");
    this.editor.focus();
  }

  /** The cell as it was printed: its code and its output. */
  reset() {
    this.editor?.setText(this.original);
    this.text = this.original;
    this.element?.classList.remove("lb-editing");
    this.area?.element.remove();
    this.area = undefined;
    if (this.shown) this.shown.hidden = false;
    this.say("", "");
    this.tools?.querySelector("button")?.focus();
  }
}
