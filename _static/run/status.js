// The strip at the foot of the window that tells how Python is doing. It is not there until Python is first wanted.
import { button, make } from "./dom.js";
import { kernel } from "./kernel.js";

function words() {
  const { state, detail, progress } = kernel;
  switch (state) {
    case "loading":
      return "Python is loading";
    case "busy":
      return progress.done < progress.started ? "A package is loading" : "Python is running";
    case "failed":
      return `Python could not load: ${detail}`;
    default:
      return "Python is idle";
  }
}

function showStatus() {
  const text = make("span", { role: "status" });
  const count = make("span", { "aria-hidden": "true" });
  const bar = make("progress", { max: "1", value: "0", "aria-label": "Python files loaded" });
  const stop = button("Stop", () => kernel.stop(), { title: "End the running cell and start Python afresh" });
  const restart = button("Restart", () => kernel.stop(), { title: "Start Python afresh: every name is lost" });
  const retry = button("Try again", () => kernel.start().catch(() => {}));
  const strip = make("div", { class: "lb-kernel", hidden: true }, text, count, bar, stop, restart, retry);
  document.body.append(strip);
  let lost = false;

  kernel.addEventListener("restart", () => (lost = true));
  kernel.addEventListener("state", () => {
    const { state, progress } = kernel;
    if (state === "busy") lost = false;
    strip.hidden = false;
    strip.dataset.state = state;
    // Those who hear the page are told of a change of state, not of every file.
    const said = words() + (state === "idle" && lost ? ". It was started afresh; what you defined is gone" : "");
    if (text.textContent !== said) text.textContent = said;
    count.textContent = `${progress.done} of ${progress.started} files`;
    count.hidden = bar.hidden = state !== "loading";
    bar.value = progress.started ? progress.done / progress.started : 0;
    stop.hidden = state !== "busy";
    restart.hidden = state !== "idle";
    retry.hidden = state !== "failed";
  });
}

showStatus();
