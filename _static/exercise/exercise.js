// Lets a reader argue with the book: a widget at every exercise of the page.
import "../run/status.js";
import { Widget } from "./widget.js";

for (const element of document.querySelectorAll(".lossbook-exercise")) new Widget(/** @type {HTMLElement} */ (element));
