// A module of the browser code, loaded as Vite would.
import { fileURLToPath } from "node:url";
import { runnerImport } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The exports of `src/<path>`. */
export const load = async (path) =>
  (await runnerImport(`./src/${path}`, { root, configFile: false, logLevel: "error" })).module;
