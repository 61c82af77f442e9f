// A setting of the playground, and the same as text, for the address of the page.

export const LOGITS = [-10, 10, 0.1];
export const CLASSES = [2, 8];
export const AGAINST = ["logit", "margin", "probability"];

/** What the target of a loss may be: least, largest, step; null where it has no number as target. */
export const targetRange = (loss) =>
  ({ "class index": null, probabilities: [0, 1, 0.05], real: loss.kind === "logit" ? [0, 1, 0.05] : [-5, 5, 0.1] })[
    loss.target
  ] ?? null;

export const defaults = (loss) => Object.fromEntries(loss.parameters.map(({ name, start }) => [name, start]));

// What a loss is first compared with: cross entropy, where there is one for the same logits.
const PLAIN = { row: "cross_entropy_index", logit: "binary_cross_entropy" };

/** The setting that a loss starts with. */
export function initial(loss, losses) {
  const plain = losses.find(({ name }) => name === PLAIN[loss.kind]);
  return {
    loss: loss.name,
    parameters: defaults(loss),
    z: loss.kind === "row" ? [1, 0, -1] : [1],
    t: 0,
    y: 1,
    against: "logit",
    kept: plain && plain !== loss ? { loss: plain.name, parameters: defaults(plain) } : null,
  };
}

const tidy = (x) => String(Number(x.toPrecision(12)));

const textOf = ({ loss, parameters }) =>
  [loss, ...Object.entries(parameters).map(([name, value]) => `${name}:${tidy(value)}`)].join(",");

/** `loss=softmax_focal&gamma=2&…` */
export function toText(state, loss) {
  const parts = [["loss", state.loss]];
  if (loss.text) parts.push(["formula", encodeURIComponent(loss.text)]);
  for (const [name, value] of Object.entries(state.parameters)) parts.push([name, tidy(value)]);
  parts.push(["z", state.z.map(tidy).join(",")]);
  if (loss.kind === "row") parts.push(["t", state.t + 1]);
  if (targetRange(loss)) parts.push(["y", tidy(state.y)]);
  if (loss.kind !== "output") parts.push(["against", state.against]);
  parts.push(["keep", state.kept ? textOf(state.kept) : "none"]);
  return parts.map(([name, value]) => `${name}=${value}`).join("&");
}

/** The number in a text, brought into a range; `otherwise` where there is none. */
export function number(text, [least, most], otherwise) {
  const x = text === null || text === undefined || text.trim() === "" ? NaN : Number(text);
  return Number.isFinite(x) ? Math.min(most, Math.max(least, x)) : otherwise;
}

/** The logits in a text; null where they are not as many as a row may have. */
export function logitsFrom(text, [least, most] = CLASSES) {
  const z = (text ?? "").split(",").map((part) => number(part, LOGITS, NaN));
  return z.length >= least && z.length <= most && z.every(Number.isFinite) ? z : null;
}

function keptFrom(text, kind, losses) {
  const [name, ...rest] = text.split(",");
  const loss = losses.find((one) => one.name === name && one.kind === kind);
  if (!loss) return null;
  const given = new Map(rest.map((part) => part.split(":")));
  const parameters = loss.parameters.map((p) => [p.name, number(given.get(p.name), p.range, p.start)]);
  return { loss: name, parameters: Object.fromEntries(parameters) };
}

/** The setting that a text asks for; what it does not say, or says wrongly, is as at the start. */
export function fromText(text, losses) {
  const given = new URLSearchParams(text);
  const loss = losses.find(({ name }) => name === given.get("loss")) ?? losses[0];
  const state = initial(loss, losses);
  for (const { name, range, start } of loss.parameters) state.parameters[name] = number(given.get(name), range, start);
  state.z = logitsFrom(given.get("z"), loss.kind === "row" ? CLASSES : [1, 1]) ?? state.z;
  if (loss.kind === "row") state.t = Math.round(number(given.get("t"), [1, state.z.length], 1)) - 1;
  const range = targetRange(loss);
  if (range) state.y = number(given.get("y"), range, state.y);
  const against = given.get("against");
  const allowed = loss.kind === "row" ? AGAINST : AGAINST.filter((one) => one !== "margin");
  if (loss.kind !== "output" && allowed.includes(against)) state.against = against;
  if (given.has("keep")) state.kept = keptFrom(given.get("keep"), loss.kind, losses);
  return state;
}
