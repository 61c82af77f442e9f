// A line through points, the squares of its residuals, and their mean.

import { value } from "./losses/mse.js";
import { number } from "./state.js";
import { element, frame, shown, slider } from "./view.js";

const POINTS = [[1, 2], [2, 2.8], [3, 3.4], [5, 4.6], [6, 5.2], [7, 6], [8, 6.2]];
const OUTLIER = 5; // the point that is dragged
const SIZE = 10; // both axes go from 0 to it
const INCLINE = [-2, 2, 0.05];
const HEIGHT = [0, SIZE, 0.1];

const svg = (tag, attributes = {}) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

/** The mean squared error of the line y = a x + b. */
export const error = (points, [a, b]) => points.reduce((sum, [x, y]) => sum + value(a * x + b, y), 0) / points.length;

/** The line [a, b] of least squares. */
export function leastSquares(points) {
  const mean = (of) => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [centre, height] = [mean(([x]) => x), mean(([, y]) => y)];
  const a = mean(([x, y]) => (x - centre) * (y - height)) / mean(([x]) => (x - centre) ** 2);
  return [a, height - a * centre];
}

/** The points, the line and the squares. The drawing's unit is that of the data, and its y grows downwards. */
class Drawing {
  constructor(onDrag) {
    this.element = svg("svg", { viewBox: `-0.7 -0.3 ${SIZE + 1} ${SIZE + 1}`, role: "img", class: "lb-play-plane" });
    for (let n = 0; n <= SIZE; n += 2) {
      this.element.append(svg("path", { d: `M${n} 0V${SIZE}M0 ${n}H${SIZE}`, class: "lb-play-grid" }));
      const [below, left] = [svg("text", { x: n, y: SIZE + 0.5 }), svg("text", { x: -0.35, y: SIZE - n + 0.15 })];
      below.textContent = left.textContent = n;
      this.element.append(below, ...(n ? [left] : []));
    }
    const inside = svg("svg", { width: SIZE, height: SIZE, viewBox: `0 0 ${SIZE} ${SIZE}` }); // cuts off what is outside
    this.squares = POINTS.map(() => svg("rect", { class: "lb-play-square" }));
    this.best = svg("line", { x1: 0, x2: SIZE, class: "lb-play-best" });
    this.line = svg("line", { x1: 0, x2: SIZE, class: "lb-play-own-line" });
    inside.append(...this.squares, this.best, this.line);
    this.dots = POINTS.map(([x], n) => svg("circle", { cx: x, r: n === OUTLIER ? 0.24 : 0.15, class: "lb-play-dot" }));
    const outlier = this.dots[OUTLIER];
    outlier.classList.add("lb-play-handle");
    outlier.addEventListener("pointerdown", (event) => outlier.setPointerCapture(event.pointerId));
    outlier.addEventListener("pointermove", (event) => {
      if (!outlier.hasPointerCapture(event.pointerId)) return;
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.element.getScreenCTM().inverse());
      onDrag(Math.round(Math.min(SIZE, Math.max(0, SIZE - at.y)) * 10) / 10);
    });
    this.element.append(inside, ...this.dots);
  }

  /** best: the line of least squares, or null. */
  show(points, line, best) {
    const place = (drawn, [a, b]) => {
      drawn.setAttribute("y1", SIZE - b);
      drawn.setAttribute("y2", SIZE - (a * SIZE + b));
    };
    place(this.line, line);
    this.best.style.display = best ? "" : "none";
    if (best) place(this.best, best);
    points.forEach(([x, y], n) => {
      this.dots[n].setAttribute("cy", SIZE - y);
      const [a, b] = line;
      const predicted = a * x + b;
      const side = Math.abs(predicted - y);
      const left = x + side > SIZE ? x - side : x;
      const box = { x: left, y: SIZE - Math.max(predicted, y), width: side, height: side };
      for (const [name, length] of Object.entries(box)) this.squares[n].setAttribute(name, length);
    });
  }
}

export function start(root, data) {
  const given = new URLSearchParams(data.settings);
  const begin = () => ({
    points: POINTS.map((point) => [...point]),
    line: [number(given.get("a"), INCLINE, 0.5), number(given.get("b"), HEIGHT, 2)],
  });
  let state = begin();
  const show = () => {
    const { points, line } = state;
    const best = leastSquares(points);
    sliders.forEach(({ set, get }) => set(get()));
    drawing.show(points, line, box.checked ? best : null);
    const text = `mean squared error ${shown(error(points, line))}`;
    mean.textContent = shown(error(points, line));
    const [a, b] = best.map((one) => shown(one, 3));
    least.textContent = `a = ${a}, b = ${b}, mean squared error ${shown(error(points, best))}`;
    least.style.visibility = box.checked ? "" : "hidden";
    const drawn = `The line a = ${shown(line[0])}, b = ${shown(line[1])}: ${text}.`;
    drawing.element.setAttribute("aria-label", `Seven points, a line, and a square on each residual. ${drawn}`);
    say(box.checked ? `${drawn} The least-squares line: ${least.textContent}.` : drawn);
  };
  const moved = (set) => (x) => {
    set(x);
    show();
  };
  const outlier = moved((y) => (state.points[OUTLIER][1] = y));
  const sliders = [
    ["a", "weight of x", INCLINE, moved((x) => (state.line[0] = x)), () => state.line[0]],
    ["b", "constant", HEIGHT, moved((x) => (state.line[1] = x)), () => state.line[1]],
    ["y₆", "of the large point; drag it", HEIGHT, outlier, () => state.points[OUTLIER][1]],
  ].map(([symbol, meaning, range, onInput, get]) => ({ ...slider({ symbol, meaning, range, onInput }), get }));
  const drawing = new Drawing(outlier);
  const mean = element("strong", {});
  const least = element("p", { class: "lb-play-least" });
  const box = element("input", { type: "checkbox", change: show });
  const reset = () => {
    state = begin();
    box.checked = false;
    show();
  };
  const { element: made, say } = frame(
    "To explore: a line through points",
    element(
      "div",
      { class: "lb-play-beside" },
      drawing.element,
      element(
        "div",
        {},
        element("p", {}, "ŷ = a x + b, mean squared error ", mean),
        ...sliders.map((one) => one.element),
        element("label", { class: "lb-play-check" }, box, " least-squares line"),
        least,
        element("div", { class: "lb-play-buttons" }, element("button", { type: "button", click: reset }, "Back to the start")),
      ),
    ),
  );
  root.append(made);
  show();
}
