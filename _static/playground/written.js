// The equation, the derivation and the code of the loss that is chosen: written with the page, or by its Python.

import { element } from "./view.js";

const LANGUAGES = { numpy: "NumPy", torch: "PyTorch", javascript: "JavaScript" };

/** Put the content of a template into a place, its mathematics typeset, after all that MathJax has still to do. */
async function typeset(place, template) {
  while (!window.MathJax?.startup?.promise) await new Promise((done) => setTimeout(done, 50));
  const { startup } = window.MathJax;
  startup.promise = startup.promise.then(() => {
    window.MathJax.typesetClear([place]);
    place.replaceChildren(template.content.cloneNode(true));
    return window.MathJax.typesetPromise([place]);
  });
}

export class Written {
  /** root: where the page has put the templates and the code of its losses. */
  constructor(root) {
    this.root = root;
    this.equation = element("div", { class: "lb-play-equation" });
    this.derivation = element("div");
    this.code = element("div");
    this.code.append(...root.querySelectorAll(":scope > .lb-play-code"));
    const part = (title, place) => element("details", { class: "lb-play-details" }, element("summary", {}, title), place);
    this.element = element("div", {}, part("The gradient, derived", this.derivation), part("The generated code", this.code));
  }

  show(loss) {
    if (this.loss === loss) return;
    this.loss = loss;
    for (const part of ["equation", "derivation"]) typeset(this[part], this.template(part));
    if (loss.sources) this.bring(loss);
    for (const block of this.code.children) block.hidden = !block.classList.contains(`lb-of-${loss.name}`);
  }

  template(part) {
    if (!this.loss.html) return this.root.querySelector(`template[data-${part}="${this.loss.name}"]`);
    const made = element("template");
    made.innerHTML = this.loss.html[part]; // written by lossbook, every text in it escaped
    return made;
  }

  /** The code of a reader's own loss, in the place of the one before. */
  bring({ name, sources }) {
    this.code.querySelector(`.lb-of-${name}`)?.remove();
    const blocks = Object.entries(sources).flatMap(([target, text]) => [
      element("h4", {}, LANGUAGES[target]),
      element("div", { class: "highlight" }, element("pre", { tabindex: "0", role: "region", "aria-label": LANGUAGES[target] }, text)),
    ]);
    this.code.append(element("div", { class: `lb-of-${name}` }, ...blocks));
  }
}
