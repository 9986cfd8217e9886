/** The verifying entity in Python (`examples/entity`), registered and started as its own page tells. */

import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ended, freePort } from "./service.js";

/** @import { ChildProcess } from "node:child_process" */
/** @import { Service } from "./service.js" */

/** A Python that has the `kycvs` wheel. */
const PYTHON = process.env.KYCVS_PYTHON ?? "python3";
const SERVER = fileURLToPath(new URL("../../examples/entity/server.py", import.meta.url));

export class Entity {
  /** @type {ChildProcess | undefined} */
  #process;
  #log = "";

  /** @param {Service} service @param {number} port */
  constructor(service, port) {
    this.service = service;
    this.port = port;
    this.apiKey = "";
  }

  /** Without webhooks, so that there is no news but by its page. @param {Service} service */
  static async start(service) {
    const entity = new Entity(service, await freePort());
    const added = service.kycvs("entity", "add", "irctc.example", "--name", "Train seats", "--origin", entity.origin, "--config", service.config, "--json");
    entity.apiKey = JSON.parse(added).api_key;
    const trust = await fetch(`${service.url}/.well-known/kycvs/trust.cbor`);
    writeFileSync(entity.#file("trust.cbor"), Buffer.from(await trust.arrayBuffer()));
    await entity.serve();
    return entity;
  }

  /** As it is registered. */
  get origin() {
    return `http://localhost:${this.port}`;
  }

  /** The same server at an origin that is not. */
  get wrongOrigin() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it, or starts it again. @param {string} [apiKey] another key than its own */
  async serve(apiKey = this.apiKey) {
    await this.stop();
    const env = {
      PATH: process.env.PATH,
      KYCVS_URL: this.service.url,
      KYCVS_ENTITY: "irctc.example",
      KYCVS_API_KEY: apiKey,
      KYCVS_WEBHOOK_SECRET: `whsec_${randomBytes(24).toString("base64")}`,
      KYCVS_TRUST: this.#file("trust.cbor"),
      KYCVS_SPECIMENS: "1",
      ENTITY_DATABASE: this.#file("bookings.sqlite"),
      ENTITY_PORT: String(this.port),
    };
    const child = spawn(PYTHON, ["-B", SERVER], { stdio: ["ignore", "inherit", "pipe"], env });
    this.#process = child;
    child.stderr?.on("data", (chunk) => (this.#log += chunk));
    for (let tries = 0; tries < 200 && child.exitCode === null; tries += 1) {
      if (await fetch(this.origin).then((reply) => reply.ok, () => false)) return;
      await sleep(100);
    }
    throw new Error(`the example did not start; ${PYTHON} needs the kycvs wheel:\n${this.#log}`);
  }

  async stop() {
    await ended(this.#process);
  }

  /** @param {string} name */
  #file(name) {
    return join(this.service.folder, `entity-${name}`);
  }
}
