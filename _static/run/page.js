// Gives every cell of the page that can run here its buttons. Nothing else is loaded until a reader uses one.
import { Cell } from "./cell.js";
import { kernel } from "./kernel.js";
import "./status.js";

/** @type {import("./cell.js").Known[]} */
const known = JSON.parse(document.getElementById("lb-cells")?.textContent ?? "[]");
const cells = known.map((cell, position) => new Cell(cell, position + 1, (asked) => run(asked))).filter((cell) => cell.runs);

let turn = Promise.resolve();
let restarts = 0;
kernel.addEventListener("restart", () => (restarts += 1));

/** Run a cell when those asked for before are done, unless Python is started afresh meanwhile. @param {Cell} asked */
function run(asked) {
  const begun = restarts;
  asked.say("waiting", kernel.state === "off" ? "waiting for Python" : "waiting");
  turn = turn.then(() => (restarts === begun ? runWithNeeds(asked) : asked.say("stopped")));
}

/** Run the cells that a cell needs and that have not run as they are now, then the cell itself. @param {Cell} asked */
async function runWithNeeds(asked) {
  try {
    const above = cells.slice(0, cells.indexOf(asked) + 1);
    const due = await kernel.plan(above.map(({ name, text }) => [name, text]));
    for (const [done, name] of due.entries()) {
      const cell = /** @type {Cell} */ (above.find((one) => one.name === name));
      if (cell !== asked) asked.say("running", `running cell ${done + 1} of ${due.length} …`);
      const outcome = await cell.run();
      if (outcome === "done") continue;
      if (cell === asked) break;
      if (outcome === "stopped") asked.say(outcome);
      else asked.blame(cell);
      break;
    }
  } catch (/** @type {any} */ error) {
    asked.sayWhy(error);
  }
}
