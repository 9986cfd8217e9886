// What `conformance.html` runs: every case of the test vectors.

import * as kycvs from "../../dist/web.js";
import { FILES, read, run } from "../vectors.mjs";

const results = [];
for (const name of FILES) {
  const answer = await fetch(`/test-vectors/${name}`);
  results.push(...run(kycvs, name, read(await answer.text())));
}
Object.assign(globalThis, { results });
