// Python in a worker of its own, so that a cell that never ends cannot hang the page.
// Nothing is loaded but the files that runtime.json names, each checked against its SHA-256.

const here = (/** @type {string} */ path) => new URL(path, import.meta.url).href;
const fetchPlain = self.fetch.bind(self);

/** @type {any} */ let pyodide;
/** @type {any} */ let kernel;
/** The cell or call in hand: outputs go to it. @type {number} */ let current;
let queue = Promise.resolve();

const post = (/** @type {object} */ message) => self.postMessage(message);

/** A hexadecimal SHA-256 as fetch wants it. @param {string} hex */
const integrity = (hex) => `sha256-${btoa(String.fromCharCode(...(hex.match(/../g) ?? []).map((byte) => parseInt(byte, 16))))}`;

/** Let every fetch of a pinned file be checked by the browser, and count them. @param {Map<string, string>} pinned */
function checkFetches(pinned) {
  let started = 0;
  let done = 0;
  const progress = () => post({ type: "progress", started, done });
  self.fetch = async (resource, options) => {
    const url = new URL(resource instanceof Request ? resource.url : resource, import.meta.url).href;
    if (!pinned.has(url)) return fetchPlain(resource, options);
    started += 1;
    progress();
    const response = await fetchPlain(url, { integrity: pinned.get(url) }).catch(() => undefined);
    if (!response?.ok) {
      const why = response ? `answers ${response.status}` : "cannot be reached, or is not the file it should be";
      post({ type: "broken", message: `${url} ${why}` }); // Pyodide itself may go on waiting
      throw new Error(why);
    }
    done += 1;
    progress();
    return response;
  };
}

/** Import a pinned module from its checked text. @param {string} url */
async function importChecked(url) {
  const text = await (await self.fetch(url)).text();
  const blob = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    return await import(blob);
  } finally {
    URL.revokeObjectURL(blob);
  }
}

async function load() {
  const runtime = await (await fetchPlain(here("runtime.json"), { cache: "no-cache" })).json();
  const base = here(runtime.base);
  const packages = Object.values(runtime.lock.packages);
  packages.forEach((entry) => (entry.file_name = new URL(entry.file_name, entry.name === "lossbook" ? here("") : base).href));
  checkFetches(
    new Map([
      ...Object.entries(runtime.runtime).map(([name, value]) => /** @type {[string, string]} */ ([base + name, value])),
      ...packages.map((entry) => /** @type {[string, string]} */ ([entry.file_name, integrity(entry.sha256)])),
    ]),
  );
  const files = { "page_kernel.py": "kernel.py", "cell_names.py": "cell_names.py" };
  const sources = Object.entries(files).map(async ([name, path]) => ({ name, text: await (await fetchPlain(here(path))).text() }));
  const [{ loadPyodide }, { default: createPyodideModule }] = await Promise.all(
    ["pyodide.mjs", "pyodide.asm.mjs"].map((name) => importChecked(base + name)),
  );
  pyodide = await loadPyodide({
    indexURL: base,
    packageBaseUrl: base,
    createPyodideModule,
    lockFileContents: runtime.lock,
    packages: ["lossbook"],
    env: { HOME: "/home/reader", MPLBACKEND: "agg", PYTHONDONTWRITEBYTECODE: "1" },
  });
  for (const { name, text } of await Promise.all(sources)) pyodide.FS.writeFile(`/home/reader/${name}`, text);
  pyodide.runPython("import sys; sys.path.append('/home/reader')");
  const send = (/** @type {any} */ output) =>
    post({ type: "output", id: current, output: output.toJs({ dict_converter: Object.fromEntries }) });
  const modules = packages.flatMap((entry) => entry.imports);
  kernel = pyodide.pyimport("page_kernel").Kernel(send, pyodide.toPy(modules));
}

/** @param {{source: string, name: string}} cell */
async function run({ source, name }) {
  const quiet = { messageCallback: () => {}, errorCallback: (/** @type {string} */ text) => console.error(text) };
  await pyodide.loadPackagesFromImports(source, quiet);
  let outcome = kernel.run(source, name);
  while (outcome.startsWith("needs ")) {
    await pyodide.loadPackagesFromImports(`import ${outcome.slice(6)}`, quiet);
    outcome = kernel.run(source, name);
  }
  return outcome;
}

/** @param {{cells: [string, string][]}} wanted */
const plan = ({ cells }) => kernel.plan(pyodide.toPy(cells)).toJs();

/** @param {{module: string, function: string, args: any[]}} wanted */
function call(wanted) {
  return JSON.parse(pyodide.pyimport("page_kernel").call(wanted.module, wanted.function, JSON.stringify(wanted.args)));
}

/** @type {Record<string, (data: any) => any>} */
const actions = { load, run, plan, call };

self.onmessage = ({ data }) => {
  queue = queue.then(async () => {
    current = data.id;
    post({ type: "started", id: data.id });
    try {
      post({ type: "result", id: data.id, value: await actions[data.action](data) });
    } catch (/** @type {any} */ error) {
      post({ type: "failure", id: data.id, message: String(error?.message ?? error) });
    }
  });
};
