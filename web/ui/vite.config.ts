// Builds the four pages; of DKFDS it takes the style rules, and leaves behind what no page here uses.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const dkfds = here("./node_modules/dkfds");

// DKFDS' compiled stylesheet names 42 font files and an image for each of its 150 icons, and a bundler copies every
// file named. The faces used stand in styles/fonts.css; icons are drawn inline (parts/icon.tsx).
const UNUSED = [
  /@font-face\{[^}]*\}/g,
  /\.icon-[a-z-]+:not\(a\)\{[^}]*\}/g,
  /[^{}]*\{[^{}]*url\(\.\.\/img\/logo-[^}]*\}/g,
];

function dkfdsParts(): Plugin {
  return {
    name: "dkfds-parts",
    enforce: "pre",
    transform(code, id) {
      if (!id.includes("dkfds.min.css")) return null;
      return { code: UNUSED.reduce((css, rule) => css.replace(rule, ""), code), map: null };
    },
    generateBundle() {
      // The licences of the styles, icons and fonts go where their copies go.
      const texts = [`${dkfds}/LICENSE.md`, `${dkfds}/dist/fonts/IBMPlexSans/split/woff2/license.txt`];
      const source = texts.map((path) => readFileSync(path, "utf8")).join("\n\n");
      this.emitFile({ type: "asset", fileName: "assets/licences.txt", source });
    },
  };
}

/** Each file once more as brotli and gzip, beside it: the server sends whichever the browser takes. Fonts are compressed as they are. */
function compressed(): Plugin {
  return {
    name: "compressed",
    writeBundle({ dir }) {
      for (const entry of readdirSync(dir ?? "", { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(css|html|js|svg)$/.test(entry.name)) continue;
        const path = `${entry.parentPath}/${entry.name}`;
        const content = readFileSync(path);
        writeFileSync(`${path}.br`, brotliCompressSync(content));
        writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  plugins: [dkfdsParts(), compressed()],
  resolve: {
    alias: {
      // The package exports its script alone.
      "dkfds-css": `${dkfds}/dist/css/dkfds.min.css`,
      "dkfds-fonts": `${dkfds}/dist/fonts/IBMPlexSans/split/woff2`,
      "dkfds-icons": `${dkfds}/dist/img/svg-icons`,
    },
  },
  build: {
    outDir: here("./dist"),
    emptyOutDir: true,
    target: "es2022",
    // The content security policy allows nothing but files of our own: no data: URLs, no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        index: here("./index.html"),
        patient: here("./patient.html"),
        call: here("./call.html"),
        guest: here("./guest.html"),
      },
    },
  },
});
