/** The real service: `KYCVS_BIN` with settings of its own, on free ports of this machine, in a folder that goes with it. */

import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** @import { ChildProcess } from "node:child_process" */

const BIN = process.env.KYCVS_BIN ?? "";
if (!BIN) throw new Error("KYCVS_BIN is the path of the `kycvs` program to test");

/** The people on record: name, number, doses, of how many. */
const RECORDS = `mobile,name,doses,required
+919876543210,Asha R. Verma,2,2
+919876543210,Ravi Verma,1,2
+919123456780,मीरा जोशी,2,2
`;
export const ASHA = { name: "Asha R. Verma", mobile: "98765 43210" };
export const MIRA = { name: "मीरा जोशी", mobile: "९१२३४ ५६७८०" };

/**
 * @typedef {object} Settings
 * @property {string} [delivery] lines of `[delivery]`
 * @property {string} [more] further sections of the settings
 */

export class Service {
  /** @type {ChildProcess | undefined} */
  #process;
  #log = "";

  /** @param {string} folder @param {number} port @param {string} site */
  constructor(folder, port, site) {
    this.folder = folder;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.site = site;
    this.apiKey = "";
  }

  /** @param {string} site the origin of the embedding page @param {Settings} [settings] */
  static async start(site, settings = {}) {
    const folder = mkdtempSync(join(tmpdir(), "kycvs-page-"));
    const service = new Service(folder, await freePort(), site);
    service.kycvs("keygen", "--issuer", "health.example", "--out-dir", folder);
    writeFileSync(join(folder, "secret"), randomBytes(32).toString("hex"), { mode: 0o600 });
    writeFileSync(join(folder, "gateway-secret"), `whsec_${randomBytes(32).toString("base64")}`, { mode: 0o600 });
    writeFileSync(join(folder, "records.csv"), RECORDS);
    writeFileSync(service.config, `
listen = "127.0.0.1:${service.port}"
public_url = "${service.url}"
issuer = "health.example"
display_name = "Health Department"
key_file = "${join(folder, "issuer.pem")}"
secret_file = "${join(folder, "secret")}"
# A service for real people bounds how often one number gets a password; these tests ask often.
specimen = true
database.url = "sqlite:${join(folder, "kycvs.db")}"
passes = { enabled = true, purposes = ["gate-entry", "event"], valid_for = 86400 }
[management]
listen = "127.0.0.1:0"
[delivery]
${settings.delivery ?? 'kind = "inbox"'}
${settings.more ?? ""}
`);
    const added = service.kycvs("entity", "add", "rail.example", "--name", "Sahyadri Rail", "--origin", site, "--config", service.config, "--json");
    service.apiKey = JSON.parse(added).api_key;
    service.kycvs("records", "import", join(folder, "records.csv"), "--config", service.config);
    await service.serve();
    return service;
  }

  get config() {
    return join(this.folder, "kycvs.toml");
  }

  /** Starts it, or starts it again. */
  async serve() {
    const child = spawn(BIN, ["serve", "--config", this.config], { stdio: ["ignore", "pipe", "pipe"], env: environment() });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (this.#log += chunk));
    for (let tries = 0; tries < 200; tries += 1) {
      const ready = await fetch(`${this.url}/readyz`).then((reply) => reply.ok, () => false);
      if (ready) return;
      if (child.exitCode !== null) break;
      await sleep(100);
    }
    throw new Error(`the service did not start:\n${this.#log}`);
  }

  /** Stops it; `serve` starts it again. */
  async halt() {
    await ended(this.#process);
  }

  async stop() {
    await this.halt();
    rmSync(this.folder, { recursive: true });
  }

  /** Runs the command line. @param {...string} args */
  kycvs(...args) {
    return kycvs(...args);
  }

  /** The entity asks, or the one of the key. @param {object} [more] @param {string} [key] @returns {Promise<{id: string, url: string, nonce: string}>} */
  async ask(more = {}, key = this.apiKey) {
    const nonce = randomBytes(16);
    const body = { purpose: "rail-booking", nonce: nonce.toString("base64url"), valid_for: 900, ...more };
    const reply = await fetch(`${this.url}/v1/requests`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (reply.status !== 201) throw new Error(await reply.text());
    return { ...(await reply.json()), nonce: nonce.toString("hex") };
  }

  /** The request, as the entity sees it. @param {string} id */
  async view(id) {
    const reply = await fetch(`${this.url}/v1/requests/${id}`, { headers: { authorization: `Bearer ${this.apiKey}` } });
    return reply.json();
  }

  /** The newest password in the inbox. */
  async password() {
    return password(this.url);
  }

  /** One that is not the newest. */
  async wrongPassword() {
    return (await this.password()) === "111111" ? "222222" : "111111";
  }

  /** The answer is good for the entity. @param {string} presentation @param {string} nonce @param {...string} more */
  verify(presentation, nonce, ...more) {
    const file = join(this.folder, "answer.txt");
    writeFileSync(file, presentation);
    return JSON.parse(kycvs("verify", "--json", "--at-least", "0", "--trust", join(this.folder, "trust.cbor"), "--audience", "rail.example", "--nonce", nonce, "--allow-specimen", ...more, file));
  }
}

/** @param {...string} args */
export function kycvs(...args) {
  const ran = spawnSync(BIN, args, { encoding: "utf8", env: environment() });
  if (ran.status !== 0) throw new Error(`kycvs ${args.join(" ")}: ${ran.status}\n${ran.stdout}${ran.stderr}`);
  return ran.stdout;
}

/** The demonstration, as `kycvs serve --demo` starts it. */
export class Demo {
  /** @param {ChildProcess} child @param {string} folder @param {{booking: string, service: string}} said */
  constructor(child, folder, said) {
    this.child = child;
    this.folder = folder;
    this.url = new URL(said.service).origin;
    this.booking = said.booking;
  }

  static async start() {
    const folder = mkdtempSync(join(tmpdir(), "kycvs-demo-"));
    const args = ["serve", "--demo", "--dir", folder, "--listen", `127.0.0.1:${await freePort()}`, "--json"];
    const child = spawn(BIN, args, { stdio: ["ignore", "pipe", "inherit"], env: environment() });
    let text = "";
    child.stdout?.on("data", (chunk) => (text += chunk));
    for (let tries = 0; tries < 200 && child.exitCode === null; tries += 1) {
      await sleep(100);
      if (text.trimEnd().endsWith("}")) return new Demo(child, folder, JSON.parse(text));
    }
    throw new Error(`the demonstration did not start:\n${text}`);
  }

  async password() {
    return password(this.url);
  }

  async stop() {
    await ended(this.child);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** @param {string} url */
async function password(url) {
  /** @type {{text: string}[]} The newest first. */
  const messages = await (await fetch(`${url}/inbox/messages`)).json();
  const newest = messages[0];
  const found = /\b\d{6}\b/.exec(newest.text);
  if (!found) throw new Error(`no password in: ${newest.text}`);
  return found[0];
}

/** Ends a process that was started here. @param {ChildProcess | undefined} child */
export async function ended(child) {
  if (!child || child.exitCode !== null) return;
  const end = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await end;
}

/** The machine's own proxies and settings have no say here. */
function environment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^KYCVS_(SECRET|KEY|DATABASE|DELIVERY|SMTP)|_proxy$/i.test(name)));
}

/** @returns {Promise<number>} */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || !address) throw new Error("no port");
  return address.port;
}
