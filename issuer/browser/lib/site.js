/** A page of an entity that embeds the widget and keeps the events that it gets, under a strict policy of its own. */

import { createServer } from "node:http";

/** @import { Page } from "playwright-core" */

const PAGE = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>A page that asks</title><script type="module" src="/site.js"></script></head>
<body><main id="place"><h1>A page that asks</h1></main></body></html>`;

const SCRIPT = `
const asked = new URL(location.href).searchParams;
const src = asked.get("src");
window.words = [];
for (const type of ["answer", "declined", "failed", "expired", "error"]) {
  addEventListener("kycvs-" + type, (event) => window.words.push({ type, ...event.detail }));
}
await import(new URL("/embed.js", src).href);
const request = document.createElement("kycvs-request");
request.setAttribute("src", src);
if (asked.has("lang")) request.setAttribute("lang", asked.get("lang"));
document.getElementById("place").append(request);
`;

/** What a site sends that isolates itself from others, as `SharedArrayBuffer` needs it. */
const ISOLATED = { "cross-origin-embedder-policy": "require-corp", "cross-origin-opener-policy": "same-origin" };

export class Site {
  #server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://site");
    const script = pathname === "/site.js";
    const issuer = searchParams.get("src") ? new URL(searchParams.get("src") ?? "").origin : "";
    response.writeHead(200, {
      ...(searchParams.has("isolated") && ISOLATED),
      "content-type": script ? "text/javascript" : "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; script-src 'self' ${issuer}; frame-src ${issuer}; connect-src ${issuer}; img-src data:`,
    });
    response.end(script ? SCRIPT : PAGE);
  });
  port = 0;

  static async start() {
    const site = new Site();
    await new Promise((resolve) => site.#server.listen(0, "127.0.0.1", () => resolve(undefined)));
    const address = site.#server.address();
    if (typeof address === "object" && address) site.port = address.port;
    return site;
  }

  /** As it is registered. */
  get origin() {
    return `http://localhost:${this.port}`;
  }

  /** The same page at an origin that is not. */
  get wrongOrigin() {
    return `http://127.0.0.1:${this.port}`;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

/** What the page heard from the widget. @param {Page} page @returns {Promise<{type: string, presentation?: string, code?: string, message?: string}[]>} */
export const words = (page) => page.evaluate("window.words");

/** Waits for the page to hear a word. @param {Page} page @param {string} type */
export async function heard(page, type) {
  await page.waitForFunction((type) => /** @type {any} */ (window).words?.some((/** @type {any} */ word) => word.type === type), type);
  const found = (await words(page)).find((word) => word.type === type);
  if (!found) throw new Error(type);
  return found;
}
