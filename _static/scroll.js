// What is wider than its box scrolls there. The style sheet shows it by a shadow; and a keyboard reaches the far end of a
// formula only if its box can have the focus. (The theme lets code, outputs and tables have it.)
const FORMULAS = ".bd-article :is(.math, mjx-container, .lb-derivation)";
const BOXES = `${FORMULAS}, .bd-article :is(pre, .output, .pst-scrollable-table-container)`;
const LABEL = "formula, scrolls sideways";

function mark(box) {
  const style = getComputedStyle(box).overflowX;
  const scrolls = (style === "auto" || style === "scroll") && box.scrollWidth > box.clientWidth;
  box.toggleAttribute("data-scrolls", scrolls);
  if (!box.matches(FORMULAS)) return;
  if (scrolls) {
    box.tabIndex = 0;
    if (!box.hasAttribute("role")) box.setAttribute("role", "group");
    box.setAttribute("aria-label", LABEL);
  } else if (box.getAttribute("aria-label") === LABEL) {
    for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
  }
}

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const sizes = new ResizeObserver((entries) => entries.forEach((entry) => mark(entry.target)));
  const watch = (element) => {
    if (element.matches(BOXES)) sizes.observe(element);
    element.querySelectorAll(BOXES).forEach((box) => sizes.observe(box));
  };
  const article = document.querySelector(".bd-article");
  if (!article) return;
  watch(article);
  // outputs and verdicts come later
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) if (node instanceof Element) watch(node);
  }).observe(article, { childList: true, subtree: true });
});
