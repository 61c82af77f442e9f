// The page's side of Python: starts the worker, hands it one thing after the other, and can stop it.

/**
 * @typedef {"off" | "loading" | "idle" | "busy" | "failed"} State
 * @typedef {{type: string, [key: string]: any}} Output
 * @typedef {{resolve: (value: any) => void, reject: (error: Error) => void, onStart?: () => void,
 *   onOutput?: (output: Output) => void}} Waiting
 */

export class Stopped extends Error {}

/** Events: "state" (when `state`, `detail` or `progress` changes) and "restart" (when all names are lost). */
export class Kernel extends EventTarget {
  /** @type {State} */ state = "off";
  detail = "";
  progress = { started: 0, done: 0 };
  /** @type {Worker | undefined} */ #worker;
  /** @type {Promise<void> | undefined} */ #ready;
  /** @type {Map<number, Waiting>} */ #waiting = new Map();
  #last = 0;

  /** Load Python, once. */
  start() {
    this.#ready ??= this.#load();
    return this.#ready;
  }

  async #load() {
    this.progress = { started: 0, done: 0 };
    this.#become("loading");
    const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module", name: "Python" });
    this.#worker = worker;
    worker.onmessage = ({ data }) => this.#receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(event.message || "the worker could not start");
    };
    try {
      await this.#send({ action: "load" });
    } catch (/** @type {any} */ error) {
      if (this.#worker === worker) this.#fail(error.message);
      throw error;
    }
  }

  /**
   * Run a cell. Resolves to "done" or "failed" (the error came as an output); rejects with Stopped if it was stopped.
   * @param {string} source
   * @param {string} name what tracebacks call it
   * @param {{onStart?: () => void, onOutput?: (output: Output) => void}} listeners
   */
  async run(source, name, listeners = {}) {
    await this.start();
    return this.#send({ action: "run", source, name }, listeners);
  }

  /**
   * The names of the cells to run, in order, so that the last one shows what it would show after all the others.
   * @param {[name: string, source: string][]} cells from the top of the page on
   * @returns {Promise<string[]>}
   */
  async plan(cells) {
    await this.start();
    return this.#send({ action: "plan", cells });
  }

  /**
   * Call a function of `lossbook`: what goes in and comes out is JSON.
   * @param {string} module
   * @param {string} name
   * @param {any[]} args
   */
  async call(module, name, ...args) {
    await this.start();
    return this.#send({ action: "call", module, function: name, args });
  }

  /** End whatever runs, by ending the worker, and start afresh: every name is lost. */
  stop() {
    if (!this.#worker) return;
    this.#end(new Stopped("stopped"));
    this.dispatchEvent(new Event("restart"));
    this.start().catch(() => {});
  }

  /** @param {object} message @param {Partial<Waiting>} listeners */
  #send(message, listeners = {}) {
    const id = (this.#last += 1);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, ...listeners });
      this.#worker?.postMessage({ id, ...message });
      if (this.state !== "loading") this.#become("busy");
    });
  }

  /** @param {any} data */
  #receive(data) {
    if (data.type === "progress") {
      this.progress = data;
      this.#become(this.state);
      return;
    }
    if (data.type === "broken") this.#fail(data.message);
    const waiting = this.#waiting.get(data.id);
    if (data.type === "started") waiting?.onStart?.();
    if (data.type === "output") waiting?.onOutput?.(data.output);
    if (data.type === "result" || data.type === "failure") {
      this.#waiting.delete(data.id);
      if (data.type === "result") waiting?.resolve(data.value);
      else waiting?.reject(new Error(data.message));
      this.#become(this.#waiting.size ? "busy" : "idle");
    }
  }

  /** @param {string} message */
  #fail(message) {
    this.#end(new Error(message));
    this.#become("failed", message);
    this.dispatchEvent(new Event("restart"));
  }

  /** @param {Error} error */
  #end(error) {
    this.#worker?.terminate();
    this.#worker = this.#ready = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    waiting.forEach(({ reject }) => reject(error));
  }

  /** @param {State} state */
  #become(state, detail = "") {
    this.state = state;
    this.detail = detail;
    this.dispatchEvent(new Event("state"));
  }
}

/** The page's one kernel, for its cells and its exercises. */
export const kernel = new Kernel();
