// One exercise: where the answer is typed, how it is read, and what is said of it.
import { button, make, typeset } from "../run/dom.js";
import { Stopped, kernel } from "../run/kernel.js";
import { all, download, keep, recall } from "./work.js";

const PAUSE = 300; // milliseconds after the last key until the preview

export class Widget {
  /** The text whose preview was last asked for. */ asked = "";
  /** @type {number | undefined} */ timer;
  judging = false;

  /** @param {HTMLElement} element the place that the page has for it, with its question and its hints */
  constructor(element) {
    this.name = element.dataset.exercise ?? "";
    this.steps = element.dataset.steps === "true";
    this.element = element;
    const id = `lb-answer-${this.name}`;
    this.field = make("textarea", {
      id,
      rows: this.steps ? "4" : "1",
      spellcheck: "false",
      autocapitalize: "off",
      autocomplete: "off",
      "aria-describedby": `${id}-help`,
      oninput: () => this.changed(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
    });
    this.preview = make("div", { class: "lb-preview", role: "group", "aria-label": "How your answer is read" });
    this.verdict = make("div", { role: "status", "aria-live": "polite", "aria-label": "Verdict" });
    this.hints = /** @type {HTMLDetailsElement[]} */ ([...element.querySelectorAll("details.lb-hint")]);
    this.hintButton = button("Hint", () => this.hint(), { hidden: !this.hints.length });
    const keys = this.steps ? "One line per step. Ctrl+Enter judges." : "Enter judges.";
    const form = make(
      "div",
      { class: "lb-answer" },
      make("label", { for: id }, this.steps ? "Your derivation" : "Your answer"),
      this.field,
      make(
        "p",
        { id: `${id}-help` },
        "Type formulas as in Python or LaTeX, such as ",
        make("code", {}, "3*x^2"),
        " or ",
        make("code", {}, "\\frac{1}{x}"),
        `. ${keys}`,
      ),
      this.preview,
      make(
        "div",
        { class: "lb-answer-tools" },
        button("Judge", () => this.judge()),
        this.hintButton,
        button("Clear", () => this.clear()),
        button("Export my answers", () => download("answers.json", all()), { title: "All answers kept in this browser, as JSON" }),
      ),
      this.verdict,
    );
    element.querySelector(".lb-without-script")?.remove();
    element.append(form);
    this.hints.forEach((hint) => (hint.hidden = !hint.open));
    this.restore();
    kernel.addEventListener("state", () => this.look());
  }

  get text() {
    return this.field.value;
  }

  get lines() {
    return this.text.split("\n").filter((/** @type {string} */ line) => line.trim());
  }

  restore() {
    const kept = recall(this.name);
    if (!kept) return;
    this.field.value = this.steps ? (kept.steps ?? []).join("\n") : (kept.answer ?? "");
    this.look();
  }

  /** @param {string} [verdict] */
  keep(verdict) {
    const what = this.steps ? { steps: this.lines } : { answer: this.text.trim() };
    keep({ exercise: this.name, ...what, ...(verdict ? { verdict } : {}) });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey || (!this.steps && !event.shiftKey))) {
      event.preventDefault();
      this.judge();
    }
  }

  changed() {
    this.keep();
    this.verdict.replaceChildren();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), PAUSE);
  }

  /** Show how the text is read, if Python is there; it is not loaded for that alone. */
  async look() {
    const text = this.text.trim();
    if (!text) {
      this.asked = "";
      this.preview.replaceChildren();
    } else if (kernel.state === "off" || kernel.state === "loading" || kernel.state === "failed") {
      this.asked = "";
      this.preview.textContent = "“Judge” loads Python; from then on you see here how your answer is read.";
    } else if (text !== this.asked) {
      this.asked = text;
      const typed = this.steps ? this.lines : [text];
      try {
        const read = await kernel.call("lossbook.exercises.browser", "preview", this.name, typed);
        if (this.text.trim() === text) this.showPreview(typed, read);
      } catch {
        this.asked = "";
      }
    }
  }

  /** @param {string[]} typed @param {{latex?: string, error?: string, column?: number}[]} read */
  showPreview(typed, read) {
    const rows = read.map(({ latex, error, column }, n) => {
      if (latex !== undefined) return make("div", { class: "math notranslate nohighlight" }, `\\(\\displaystyle ${latex}\\)`);
      const pointer = `${typed[n]}\n${" ".repeat(Math.max((column ?? 1) - 1, 0))}^`;
      return make("div", { class: "lb-unread" }, make("pre", {}, pointer), `Column ${column}: ${error}`);
    });
    this.preview.replaceChildren(...rows);
    typeset(this.preview);
  }

  async judge() {
    if (!this.text.trim()) {
      this.say("Type an answer first.");
      this.field.focus();
      return;
    }
    if (this.judging) return;
    this.judging = true; // a disabled button would lose the focus
    this.say(kernel.state === "off" ? "Python is loading; this takes some seconds the first time." : "Judging …");
    const given = this.steps ? this.lines : this.text.trim();
    const before = this.text;
    try {
      const { kind, html } = await kernel.call("lossbook.exercises.browser", "judge", this.name, given);
      if (this.text !== before) {
        this.say("Your answer has changed since. Judge it again.");
        return;
      }
      this.verdict.innerHTML = html;
      typeset(this.verdict);
      this.keep(kind);
    } catch (/** @type {any} */ error) {
      this.say(error instanceof Stopped ? "Stopped." : `This could not be judged: ${error.message}`);
    } finally {
      this.judging = false;
      this.look();
    }
  }

  /** @param {string} words */
  say(words) {
    this.verdict.replaceChildren(make("p", {}, words));
  }

  /** Open the next hint. */
  hint() {
    const next = this.hints.find((hint) => hint.hidden);
    if (!next) return;
    next.hidden = false;
    next.open = true;
    const summary = /** @type {HTMLElement} */ (next.querySelector("summary"));
    summary.focus();
    this.hintButton.disabled = !this.hints.some((hint) => hint.hidden);
  }

  clear() {
    this.field.value = "";
    this.changed();
    this.field.focus();
  }
}
