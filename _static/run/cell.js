// One cell of the page: its buttons, its editor, its outputs.
import { button, make } from "./dom.js";
import { Stopped, kernel } from "./kernel.js";
import { OutputArea } from "./output.js";

/** @typedef {{id: string, source: string, runs: boolean}} Known what the page says of a cell */

export class Cell {
  /** @type {any} */ editor;
  /** @type {OutputArea | undefined} */ area;

  /** @param {Known} known @param {number} number @param {(cell: Cell) => void} runUpTo */
  constructor({ id, source, runs }, number, runUpTo) {
    this.runs = runs;
    this.original = this.text = source;
    this.name = `cell ${number}`;
    this.element = document.getElementById(`cell-${id}`);
    /** @type {HTMLElement | null | undefined} */
    this.input = this.element?.querySelector(".cell_input");
    /** @type {HTMLElement | null | undefined} */
    this.shown = this.element?.querySelector(".cell_output");
    if (runs && this.input) this.#addTools(() => runUpTo(this));
  }

  /** @param {() => void} runUpTo */
  #addTools(runUpTo) {
    this.state = make("span", { class: "lb-cell-state", role: "status" });
    this.resetButton = button("Reset", () => this.reset(), { title: "The cell as it was printed", hidden: true });
    const label = `Run ${this.name}`;
    this.tools = make(
      "div",
      { class: "lb-cell-tools", role: "group", "aria-label": `Python, ${this.name}` },
      button("Run", () => this.run(), { title: `${label} (Shift+Enter in the editor)` }),
      button("Run all above", runUpTo, { title: `Run every cell above, then ${this.name}` }),
      button("Edit", () => this.edit(), { title: `Edit ${this.name}` }),
      this.resetButton,
      this.state,
    );
    this.input?.append(this.tools);
  }

  /** Run the cell; true if it came to its end. */
  async run() {
    const area = new OutputArea(`Output of ${this.name}`);
    this.#say("waiting", kernel.state === "off" ? "waiting for Python" : "waiting");
    let begun = 0;
    const begin = () => {
      begun = performance.now();
      this.#show(area);
      this.#say("running");
    };
    try {
      const outcome = await kernel.run(this.text, this.name, { onStart: begin, onOutput: (output) => area.add(output) });
      this.#say(outcome, outcome === "done" ? `ran in ${((performance.now() - begun) / 1000).toFixed(2)} s` : "ended in an error");
      return outcome === "done";
    } catch (/** @type {any} */ error) {
      if (error instanceof Stopped) this.#say("stopped");
      else this.#say("failed", error.message);
      return false;
    }
  }

  /** @param {string} state @param {string} text */
  #say(state, text = state) {
    if (!this.state) return;
    this.state.dataset.state = state;
    this.state.textContent = text;
    this.resetButton.hidden = !this.area && this.text === this.original;
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
      this.input?.prepend(place);
      this.editor = createEditor({
        parent: place,
        text: this.text,
        label: `Code of ${this.name}`,
        onRun: () => this.run(),
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
    this.#say("", "");
    this.tools?.querySelector("button")?.focus();
  }
}
