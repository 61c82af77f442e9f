// The sigmoid, its derivative, and the tangent at a point that moves.

import { Chart } from "./chart.js";
import { jvp, value } from "./losses/sigmoid.js";
import { LOGITS, number } from "./state.js";
import { element, frame, reading, shown, slider } from "./view.js";

const STEPS = 240; // of the curves

export function start(root, data) {
  const [least, most] = LOGITS;
  const x = Array.from({ length: STEPS + 1 }, (_, n) => least + ((most - least) * n) / STEPS);
  const [sigma, derivative] = [x.map((z) => value(z)), x.map((z) => jvp(z, 1))];
  const move = (z) => {
    const [y, rise] = [value(z), jvp(z, 1)];
    control.set(z);
    readings[0].set(y);
    readings[1].set(rise);
    const tangent = x.map((a) => y + rise * (a - z));
    chart.show([least, most], x, [tangent, derivative, sigma], [{ x: z, y: rise, hue: "red" }, { x: z, y, hue: "blue" }]);
    const text = `At z = ${shown(z)}: σ(z) = ${shown(y)}, σ′(z) = ${shown(rise)}.`;
    drawing.setAttribute("aria-label", `The sigmoid, its derivative and its tangent against the logit z. ${text}`);
    say(text);
  };
  const control = slider({ symbol: "z", meaning: "logit", range: LOGITS, onInput: move });
  const readings = [reading("σ(z) = ", "lb-play-blue"), reading("σ′(z) = ", "lb-play-red")];
  const tangent = element("span", { class: "lb-play-reading" }, element("span", { class: "lb-play-line lb-play-dashed-1" }), "tangent at z");
  const drawing = element("div", { role: "img", class: "lb-play-drawing" });
  const { element: made, say } = frame(
    `To explore: ${data.title}`,
    element("div", { class: "lb-play-controls" }, control.element),
    element("p", { class: "lb-play-line-of-readings" }, ...readings.map((one) => one.element), tangent),
    drawing,
  );
  root.append(made);
  const onPick = (z) => move(Math.round(Math.min(most, Math.max(least, z)) * 10) / 10);
  const lines = [{ hue: null, dash: [5, 4] }, { hue: "red" }, { hue: "blue" }];
  const chart = new Chart(drawing, { lines, height: 240, values: [-0.05, 1.05], sync: data.insteadOf, onPick });
  move(number(new URLSearchParams(data.settings).get("z"), LOGITS, 1));
}
