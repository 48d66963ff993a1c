/**
 * The files of the page, as texts that are imported: so they are part of the program wherever it runs,
 * and need no permission to be read. The libraries are imported from their packages the same way.
 */
import preact from "preact" with { type: "text" };
import hooks from "preact/hooks" with { type: "text" };
import htm from "htm" with { type: "text" };
import uPlot from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import uPlotStyles from "uplot/dist/uPlot.min.css" with { type: "text" };
import aim from "./page/aim.js" with { type: "text" };
import aimShapes from "./page/aim_shapes.js" with { type: "text" };
import aimCommands from "./page/aim_commands.js" with { type: "text" };
import aimList from "./page/aim_list.js" with { type: "text" };
import aimYaml from "./page/aim_yaml.js" with { type: "text" };
import aimSettings from "./page/aim_settings.js" with { type: "text" };
import aimStage from "./page/aim_stage.js" with { type: "text" };
import api from "./page/api.js" with { type: "text" };
import app from "./page/app.js" with { type: "text" };
import copyBlock from "./page/copy_block.js" with { type: "text" };
import figures from "./page/figures.js" with { type: "text" };
import form from "./page/form.js" with { type: "text" };
import history from "./page/history.js" with { type: "text" };
import htmlModule from "./page/html.js" with { type: "text" };
import icon from "./page/icon.svg" with { type: "text" };
import index from "./page/index.html" with { type: "text" };
import live from "./page/live.js" with { type: "text" };
import main from "./page/main.js" with { type: "text" };
import mjpeg from "./page/mjpeg.js" with { type: "text" };
import overlay from "./page/overlay.js" with { type: "text" };
import picture from "./page/picture.js" with { type: "text" };
import pictureFeed from "./page/picture_feed.js" with { type: "text" };
import plot from "./page/plot.js" with { type: "text" };
import setup from "./page/setup.js" with { type: "text" };
import source from "./page/source.js" with { type: "text" };
import stayPath from "./page/stay_path.js" with { type: "text" };
import stays from "./page/stays.js" with { type: "text" };
import store from "./page/store.js" with { type: "text" };
import styles from "./page/styles.css" with { type: "text" };
import welcome from "./page/welcome.js" with { type: "text" };
import words from "./page/words.js" with { type: "text" };
import yaml from "./page/yaml.js" with { type: "text" };

/** One file of the page. */
export interface Asset {
  readonly path: string;
  readonly contentType: string;
  readonly text: string;
}

const MODULES: Readonly<Record<string, string>> = {
  "aim.js": aim,
  "aim_commands.js": aimCommands,
  "aim_list.js": aimList,
  "aim_yaml.js": aimYaml,
  "aim_settings.js": aimSettings,
  "aim_shapes.js": aimShapes,
  "aim_stage.js": aimStage,
  "api.js": api,
  "app.js": app,
  "copy_block.js": copyBlock,
  "figures.js": figures,
  "form.js": form,
  "history.js": history,
  "html.js": htmlModule,
  "live.js": live,
  "main.js": main,
  "mjpeg.js": mjpeg,
  "overlay.js": overlay,
  "picture.js": picture,
  "picture_feed.js": pictureFeed,
  "plot.js": plot,
  "setup.js": setup,
  "source.js": source,
  "stay_path.js": stayPath,
  "stays.js": stays,
  "store.js": store,
  "welcome.js": welcome,
  "words.js": words,
  "yaml.js": yaml,
  "preact.js": preact,
  "preact_hooks.js": hooks,
  "htm.js": htm,
  // The smallest build of uPlot defines a variable, and exports nothing.
  "uplot.js": `${uPlot}\nexport default uPlot;\n`,
};

/** What a browser asks for in place of the name of a package. */
const PACKAGES: Readonly<Record<string, string>> = {
  preact: "./preact.js",
  "preact/hooks": "./preact_hooks.js",
  htm: "./htm.js",
  uplot: "./uplot.js",
};

/** Browsers resolve no names of packages, and an import map would be a script inside the page. */
function forBrowser(module: string): string {
  return withoutMap(module).replace(
    /(\bfrom\s*)"([^."][^"]*)"/g,
    (found, from: string, name: string) => {
      const path = PACKAGES[name];
      return path === undefined ? found : `${from}"${path}"`;
    },
  );
}

/** Source maps are not shipped. */
function withoutMap(text: string): string {
  return text.replace(/\n\/\/# sourceMappingURL=.*/, "");
}

/** A module and those that it needs before it runs; what is imported when a view is opened is not among them. */
function neededBy(name: string, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(name)) return found;
  found.add(name);
  for (
    const [, other = ""] of forBrowser(MODULES[name] ?? "").matchAll(/\bfrom\s*"\.\/([^"]*)"/g)
  ) {
    neededBy(other, found);
  }
  return found;
}

/** The page names what it begins with, so that a browser asks for it at once and not one after the other. */
function withModules(page: string): string {
  const links = [...neededBy("main.js")].filter((name) => name !== "main.js")
    .map((name) => `<link rel="modulepreload" href="assets/${name}">`);
  return page.replace("<!-- modules -->", links.join("\n    "));
}

/** Every file of the page; `/` is the page itself. */
export const ASSETS: readonly Asset[] = [
  { path: "/", contentType: "text/html; charset=utf-8", text: withModules(index) },
  { path: "/assets/icon.svg", contentType: "image/svg+xml", text: icon },
  {
    path: "/assets/styles.css",
    contentType: "text/css; charset=utf-8",
    text: `${uPlotStyles}\n${styles}`,
  },
  ...Object.entries(MODULES).map(([name, text]) => ({
    path: `/assets/${name}`,
    contentType: "text/javascript; charset=utf-8",
    text: forBrowser(text),
  })),
];
