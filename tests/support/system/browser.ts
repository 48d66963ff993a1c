/** Debian's Chromium, driven by Playwright, which looks at the page as a person's browser does. */
import assert from "node:assert/strict";
import fs from "node:fs";
import axe from "axe-core";
import type { Browser as Driven, BrowserContext, Page } from "playwright-core";
import { z } from "zod";
import { programPath } from "./parts.ts";

/** How long a browser is waited for. */
const BROWSER_TIMEOUT_MS = 60_000;

/** The rules that are checked: WCAG 2.1 AA. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];

const axeResult = z.object({
  violations: z.array(z.object({
    id: z.string(),
    help: z.string(),
    nodes: z.array(z.object({ html: z.string() })),
  })),
});

/** The size and the colours of a screen. */
export interface Screen {
  readonly width: number;
  readonly height: number;
  readonly colours: "light" | "dark";
}

export const DESKTOP: Screen = { width: 1280, height: 860, colours: "light" };

/** A browser: `await using browser = await Browser.start()`. */
export class Browser implements AsyncDisposable {
  readonly #browser: Driven;

  private constructor(browser: Driven) {
    this.#browser = browser;
  }

  static async start(): Promise<Browser> {
    const executablePath = programPath("chromium") ?? programPath("chromium-browser") ??
      assert.fail("no Chromium");
    const { chromium } = await playwright();
    return new Browser(
      await chromium.launch({
        executablePath,
        timeout: BROWSER_TIMEOUT_MS,
        // Its sandbox does not start as root, and it opens this machine's own page alone.
        args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
      }),
    );
  }

  /** Opens a tab, with a profile of its own. */
  async tab({ width, height, colours }: Screen = DESKTOP): Promise<Tab> {
    const context = await this.#browser.newContext({
      viewport: { width, height },
      colorScheme: colours,
      permissions: ["clipboard-read", "clipboard-write"],
    });
    context.setDefaultTimeout(BROWSER_TIMEOUT_MS);
    return new Tab(context, await context.newPage());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

/** One page, and what went wrong in it. */
export class Tab implements AsyncDisposable {
  readonly page: Page;
  /** Errors and warnings of its console, and errors that were not caught. */
  readonly problems: string[] = [];
  /** Every address that it asked for. */
  readonly requests: string[] = [];
  readonly #context: BrowserContext;

  constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    page.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      this.problems.push(`${message.type()}: ${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => this.problems.push(`uncaught: ${error.message}`));
    page.on("request", (request) => this.requests.push(request.url()));
  }

  /** What axe-core finds against WCAG 2.1 AA. */
  async violations(): Promise<string[]> {
    await this.page.evaluate(axe.source);
    const found = axeResult.parse(
      await this.page.evaluate(
        `axe.run(document, { runOnly: ${JSON.stringify(RULES)}, resultTypes: ["violations"] })`,
      ),
    );
    return found.violations.map(({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}

/**
 * Playwright looks for files that show on what kind of machine it is. Those that a test may not read do not
 * exist for it.
 */
async function playwright() {
  const exists = fs.existsSync;
  fs.existsSync = (path) => {
    try {
      return exists(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) return false;
      throw error;
    }
  };
  try {
    return await import("playwright-core");
  } finally {
    fs.existsSync = exists;
  }
}
