// A formula wider than its box scrolls there; a keyboard reaches the far end only if the box can have the focus.
// The theme does the same for code, outputs and tables.
const BOXES = ".bd-article .math, .bd-article mjx-container, .bd-article .lb-derivation";

function mark(box) {
  const style = getComputedStyle(box).overflowX;
  if ((style === "auto" || style === "scroll") && box.scrollWidth > box.clientWidth) {
    box.tabIndex = 0;
    if (!box.hasAttribute("role")) box.setAttribute("role", "group");
    box.setAttribute("aria-label", "formula, scrolls sideways");
  } else if (box.getAttribute("aria-label") === "formula, scrolls sideways") {
    for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
  }
}

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const watch = new ResizeObserver((entries) => entries.forEach((entry) => mark(entry.target)));
  document.querySelectorAll(BOXES).forEach((box) => watch.observe(box));
});
