// One chart: a curve, the curve that is kept for comparison, and a mark at the present setting.

import uPlot from "./uplot/uPlot.esm.js";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const ink = () => colour("--pst-color-text-muted");
const line = () => colour("--pst-color-border");

/** A range of the form 1, 2 or 5 times a power of ten around the values, so that it seldom jumps. */
export function roundRange(least, most) {
  const up = (x) => {
    if (x <= 1e-9) return 0;
    const power = 10 ** Math.floor(Math.log10(x));
    return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((n) => n * power >= x * (1 - 1e-12)) * power;
  };
  const [low, high] = [-up(-Math.min(least, 0)), up(Math.max(most, 0))];
  return low === high ? [-1, 1] : [low - (high - low) * 0.03, high + (high - low) * 0.03];
}

export class Chart {
  /** hue: of the palette. onPick(x): where a reader pressed; onPoint(n): the point under the pointer, or null. */
  constructor(place, { hue, height, onPick, onPoint }) {
    this.place = place;
    this.mark = null;
    this.range = [0, 1];
    const values = (u, all) => all.map((x) => String(Number(x.toPrecision(6))).replace("-", "−"));
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, values, font: "12px system-ui, sans-serif" };
    this.plot = new uPlot(
      {
        width: Math.max(place.clientWidth, 120),
        height,
        legend: { show: false },
        scales: { x: { time: false, range: () => this.range }, y: { range: (u, least, most) => roundRange(least ?? 0, most ?? 1) } },
        axes: [
          { ...axis, size: 28, space: 45 },
          { ...axis, size: 46, space: 32 },
        ],
        series: [
          {},
          { stroke: ink, width: 1.5, dash: [5, 4], points: { show: false } },
          { stroke: () => colour(`--lb-${hue}`), width: 2.25, points: { show: false } },
        ],
        cursor: { drag: { x: false, y: false }, y: false, points: { show: false }, sync: { key: onPick ? "playground" : "figure" } },
        hooks: { draw: [(u) => this.drawMark(u, hue)], setCursor: [(u) => onPoint(u.cursor.idx ?? null)] },
      },
      [[0, 1], [null, null], [0, 0]],
      place,
    );
    const over = this.plot.over;
    const pick = (event) => {
      if (!(event.buttons & 1)) return;
      const x = this.plot.posToVal(event.clientX - over.getBoundingClientRect().left, "x");
      onPick?.(x);
    };
    over.addEventListener("pointerdown", pick);
    over.addEventListener("pointermove", pick);
    new ResizeObserver(() => this.resize()).observe(place);
  }

  resize() {
    const width = this.place.clientWidth;
    if (width > 0 && width !== this.plot.width) this.plot.setSize({ width, height: this.plot.height });
  }

  drawMark(u, hue) {
    if (!this.mark || !this.mark.every(Number.isFinite)) return;
    const [x, y] = [u.valToPos(this.mark[0], "x", true), u.valToPos(this.mark[1], "y", true)];
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    if (x < bbox.left - 1 || x > bbox.left + bbox.width + 1) return;
    ctx.save();
    ctx.strokeStyle = colour(`--lb-${hue}`);
    ctx.fillStyle = ctx.strokeStyle;
    ctx.lineWidth = ratio;
    ctx.globalAlpha = 0.45;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.arc(x, y, 4.5 * ratio, 0, 2 * Math.PI);
    ctx.fill();
    ctx.restore();
  }

  /** The range of x, x, the curve, the kept curve or null, and the mark [x, y]. */
  show(range, x, curve, kept, mark) {
    this.range = range;
    this.mark = mark;
    this.plot.setData([x, kept ?? x.map(() => null), curve]);
  }

  redraw() {
    this.plot.redraw(true, true);
  }
}
