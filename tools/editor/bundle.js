// Bundles editor.js into _static/run/codemirror.js, with the licences of what is inside, and writes down their hashes.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const target = "../../_static/run/codemirror.js";
const { metafile } = await build({
  entryPoints: ["editor.js"],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  banner: { js: "// @ts-nocheck Made by `make editor`; licences in codemirror.js.LICENSE.txt" },
  metafile: true,
  outfile: target,
});

const packages = new Set();
for (const file of Object.keys(metafile.inputs)) {
  const found = file.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//);
  if (found) packages.add(found[1]);
}
const licences = [...packages].sort().map((name) => {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
  return `${name} ${version}\n\n${readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim()}\n`;
});
writeFileSync(`${target}.LICENSE.txt`, licences.join("\n----\n\n"));

/** @param {string} path */
const sha256 = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");
const hashes = Object.fromEntries(["bundle.js", "editor.js", "package-lock.json", target].map((path) => [path, sha256(path)]));
writeFileSync("bundled.json", `${JSON.stringify(hashes, null, 2)}\n`);
