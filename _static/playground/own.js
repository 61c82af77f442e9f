// A reader's own loss: read, derived and turned into code by lossbook in the page's Python; then drawn like any other.

import { element } from "./view.js";

const EXAMPLES = ["-(1-p_t)^gamma * log(p_t)", "-log(p_t) + gamma*(1-p_t)", "log(1 + exp(x-y))", "-y*log(sigma(z))"];
const MODULE = "lossbook.book.describe";

/** Generated code as a module. Its own import is relative to a file, which it is not. */
async function moduleOf(source) {
  const prelude = new URL("./losses/prelude.js", import.meta.url).href;
  const text = source.replace('"./prelude.js"', JSON.stringify(prelude));
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

export class Own {
  /** onLoss(loss): a loss that can be drawn; it comes again when its Hessian is derived. */
  constructor(onLoss) {
    this.onLoss = onLoss;
    this.running = 0;
    this.input = element("input", { type: "text", id: "lb-own-formula", spellcheck: "false", autocomplete: "off", maxlength: "300" });
    this.input.value = EXAMPLES[0];
    this.go = element("button", { type: "submit" }, "Derive and draw");
    this.end = element("button", { type: "button", disabled: true, click: () => this.stop() }, "Stop");
    this.said = element("p", { role: "status", class: "lb-play-said" });
    this.wrong = element("pre", { role: "alert", class: "lb-own-wrong", hidden: true });
    const use = (text) => () => {
      this.input.value = text;
      this.input.focus();
    };
    const examples = EXAMPLES.map((text) => element("button", { type: "button", class: "lb-own-example", click: use(text) }, text));
    const submit = (event) => {
      event.preventDefault();
      this.derive();
    };
    this.element = element(
      "form",
      { class: "lb-own", submit },
      element("label", { for: "lb-own-formula" }, "Your loss: of a row (p[k], z[k], the class t or the targets y[k]), of one logit (z, y) or of a prediction (x, y)"),
      element("div", { class: "lb-own-line" }, this.input, this.go, this.end),
      element("p", { class: "lb-own-examples" }, "For example ", ...examples.flatMap((one) => [one, " "])),
      this.said,
      this.wrong,
    );
  }

  say(text, wrong = "") {
    this.said.textContent = text;
    this.wrong.textContent = wrong;
    this.wrong.hidden = !wrong;
  }

  async python(name, text) {
    const { kernel } = await import("../run/kernel.js");
    this.kernel = kernel;
    await kernel.run(`import ${MODULE}`, "the playground"); // a cell loads what its imports need
    return kernel.call(MODULE, name, text);
  }

  async derive() {
    const text = this.input.value.trim();
    if (!text) return this.say("", "Type a formula first.");
    const turn = ++this.running;
    const now = () => turn === this.running;
    this.end.disabled = false;
    try {
      this.say(this.kernel ? "Deriving the gradient …" : "Starting Python, then deriving the gradient …");
      const found = await this.python("derive", text);
      if (!now()) return;
      if (found.error) return this.say("", found.error);
      const loss = { ...found.loss, text, html: found, sources: found.code, code: await moduleOf(found.code.javascript) };
      await this.onLoss(loss);
      this.say("Drawn. The second derivative comes from differences of the gradient until it is derived, which can take a minute …");
      const more = await this.python("curvature", text);
      if (!now()) return;
      if (more.error) return this.say("Drawn. The second derivative stays one from differences of the gradient: it could not be derived.");
      await this.onLoss({ ...loss, sources: more.code, code: await moduleOf(more.code.javascript) });
      this.say("Drawn. The gradient and the Hessian are derived.");
    } catch (error) {
      if (now()) this.say("", `This did not work: ${error.message.trim().split("\n").at(-1)}`);
    } finally {
      if (now()) this.end.disabled = true;
    }
  }

  /** End what Python does, by starting it afresh. What is drawn stays. */
  stop() {
    this.running++;
    this.end.disabled = true;
    this.kernel?.stop();
    this.say("Stopped.");
  }
}
