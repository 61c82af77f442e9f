// Gives every cell of the page that can run here its buttons. Nothing else is loaded until a reader uses one.
import { Cell } from "./cell.js";
import "./status.js";

/** @type {import("./cell.js").Known[]} */
const known = JSON.parse(document.getElementById("lb-cells")?.textContent ?? "[]");
const cells = known.map((cell, position) => new Cell(cell, position + 1, runUpTo));

/** Run the cells above, then the cell itself, until one fails. @param {Cell} last */
async function runUpTo(last) {
  for (const cell of cells.slice(0, cells.indexOf(last) + 1)) if (cell.runs && !(await cell.run())) break;
}
