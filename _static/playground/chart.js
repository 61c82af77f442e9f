// One chart: some curves, and marks at the present setting.

import uPlot from "./uplot/uPlot.esm.js";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const ink = () => colour("--pst-color-text-muted");
const line = () => colour("--pst-color-border");
const stroke = (hue) => (hue ? colour(`--lb-${hue}`) : ink());

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
  /**
   * lines: [{ hue, dash? }, …], the last on top; a hue is of the palette, or null for that of text. values: the range of
   * y, where it stays the same. sync: charts of one name have one pointer. onPick(x): where a reader pressed; onPoint(n):
   * the point under the pointer, or null.
   */
  constructor(place, { lines, height, values: fixed, sync, onPick, onPoint }) {
    this.place = place;
    this.marks = [];
    this.range = [0, 1];
    const values = (u, all) => all.map((x) => String(Number(x.toPrecision(6))).replace("-", "−"));
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { show: false }, values, font: "12px system-ui, sans-serif" };
    this.plot = new uPlot(
      {
        width: Math.max(place.clientWidth, 120),
        height,
        legend: { show: false },
        scales: { x: { time: false, range: () => this.range }, y: { range: (u, least, most) => fixed ?? roundRange(least ?? 0, most ?? 1) } },
        axes: [
          { ...axis, size: 28, space: 45 },
          { ...axis, size: 46, space: 32 },
        ],
        series: [
          {},
          ...lines.map(({ hue, dash }) => ({ stroke: () => stroke(hue), width: hue ? 2.25 : 1.5, dash, points: { show: false } })),
        ],
        cursor: { drag: { x: false, y: false }, y: false, points: { show: false }, sync: { key: sync } },
        hooks: { draw: [(u) => this.drawMarks(u)], setCursor: [(u) => onPoint?.(u.cursor.idx ?? null)] },
      },
      [[0, 1], ...lines.map(() => [0, 0])],
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

  drawMarks(u) {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    ctx.save();
    this.marks.forEach(({ x, y, hue }, n) => {
      if (!Number.isFinite(x) || !Number.isFinite(y)) return;
      const [left, top] = [u.valToPos(x, "x", true), u.valToPos(y, "y", true)];
      if (left < bbox.left - 1 || left > bbox.left + bbox.width + 1) return;
      ctx.strokeStyle = ctx.fillStyle = stroke(hue);
      ctx.lineWidth = ratio;
      if (n === this.marks.length - 1) {
        ctx.globalAlpha = 0.45;
        ctx.beginPath();
        ctx.moveTo(left, bbox.top);
        ctx.lineTo(left, bbox.top + bbox.height);
        ctx.stroke();
        ctx.globalAlpha = 1;
      }
      ctx.beginPath();
      ctx.arc(left, top, (hue ? 4.5 : 3.5) * ratio, 0, 2 * Math.PI);
      ctx.fill();
    });
    ctx.restore();
  }

  /** The range of x, x, the values of each line (or null), and the marks [{ x, y, hue }, …]; at the last, a vertical line. */
  show(range, x, columns, marks) {
    this.range = range;
    this.marks = marks;
    this.plot.setData([x, ...columns.map((column) => column ?? x.map(() => null))]);
  }

  redraw() {
    this.plot.redraw(true, true);
  }
}
