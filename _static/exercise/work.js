// A reader's answers, kept in this browser. Each is an entry that `lossbook grade` reads.

/** @typedef {{exercise: string, answer?: string, steps?: string[], verdict?: string}} Entry */

const PREFIX = "lossbook-exercise:";

/** @param {string} exercise @returns {Entry | undefined} */
export function recall(exercise) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + exercise) ?? "null") ?? undefined;
  } catch {
    return undefined; // storage is shut off, or holds something else
  }
}

/** @param {Entry} entry an empty answer is forgotten */
export function keep(entry) {
  try {
    if (entry.answer || entry.steps?.length) localStorage.setItem(PREFIX + entry.exercise, JSON.stringify(entry));
    else localStorage.removeItem(PREFIX + entry.exercise);
  } catch {
    // without storage the answer lives as long as the page
  }
}

/** Every answer kept from the whole book, by name. @returns {Entry[]} */
export function all() {
  const names = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  return names.sort().flatMap((key) => recall(key.slice(PREFIX.length)) ?? []);
}

/** Hand a file to the reader. @param {string} name @param {any} content */
export function download(name, content) {
  const address = URL.createObjectURL(new Blob([JSON.stringify(content, null, 2) + "\n"], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
