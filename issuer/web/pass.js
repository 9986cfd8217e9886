/** An open pass: for what, the same steps as every answer, and then the QR code to show, save or print. */

import { Failure, get, post } from "./api.js";
import { button, el, save } from "./dom.js";
import { Flow } from "./flow.js";
import { duration, has, load, t } from "./i18n.js";

/** @import { Answer, Consent, Passes } from "./types" */

const root = /** @type {HTMLElement} */ (document.querySelector("main"));

const again = () => button(t("tryAgain"), () => location.reload());

/** Says what went wrong, and what to do. @param {unknown} error */
function wrong(error) {
  if (!(error instanceof Failure)) console.error(error);
  // The texts themselves did not come: what the page says without its scripts is seen at once.
  if (!has("tryAgain")) return document.querySelector(".late")?.classList.remove("late");
  const key = `problem.${error instanceof Failure ? error.problem.code : "internal"}`;
  const text = t(has(key) ? key : "problem.internal", { issuer: location.host });
  root.replaceChildren(el("div", { role: "alert" }, el("p", {}, text)), again());
}

/** What the pass is for. @param {Passes} passes */
function choose(passes) {
  const purpose = el("select", { id: "purpose", required: true }, ...passes.purposes.map((one) => el("option", { value: one }, one)));
  let busy = false;
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    try {
      const { id } = await post("/v1/passes", { purpose: purpose.value });
      /** @type {Consent} */
      const consent = await get(`/v1/requests/${id}/consent`);
      new Flow(root, consent, ({ type }) => type !== "answer" && root.append(again()), shown).start();
    } catch (error) {
      wrong(error);
    }
  };
  root.replaceChildren(
    el("h1", {}, t("pass.title")),
    el("p", {}, t("pass.about", { time: duration(passes.valid_for) })),
    el("p", { class: "warning" }, t("pass.copied")),
    el("form", { submit },
      el("div", { class: "field" }, el("label", { for: "purpose" }, t("pass.for")), purpose),
      el("p", { class: "row" }, el("button", { type: "submit" }, t("continue")))),
  );
}

/** The pass itself. @param {Answer} answer */
function shown({ qr = "", text = "" }) {
  const picture = new Blob([qr], { type: "image/svg+xml" });
  const image = el("img", { class: "qr", alt: t("pass.qr"), src: URL.createObjectURL(picture) });
  return [
    image,
    el("p", { class: "warning" }, t("pass.copied")),
    el("p", { class: "row" },
      button(t("pass.png"), async () => save("kycvs-pass.png", await asPng(image))),
      button(t("pass.svg"), () => save("kycvs-pass.svg", picture), "second")),
    el("details", {}, el("summary", {}, t("pass.text")), el("p", { class: "text" }, text)),
  ];
}

/** Large enough to be printed. @param {HTMLImageElement} image @returns {Promise<Blob>} */
async function asPng(image) {
  await image.decode();
  const canvas = el("canvas", { width: 1200, height: 1200 });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.imageSmoothingEnabled = false;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, 1200, 1200);
  context.drawImage(image, 0, 0, 1200, 1200);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture")))));
}

try {
  await load(new URLSearchParams(location.search).get("lang"));
  document.title = t("pass.title");
  choose(await get("/v1/passes"));
} catch (error) {
  wrong(error);
}
