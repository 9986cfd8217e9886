// What the booking page does with the issuer's widget: it carries the answer to its own server, which verifies it.

const request = document.querySelector("kycvs-request");
const state = document.querySelector("#state");

request.addEventListener("kycvs-answer", async (event) => {
  const { presentation } = event.detail;
  // A page that was loaded again after the answer: the server gets it from the issuer.
  if (!presentation) return location.reload();
  try {
    const reply = await fetch(`${location.pathname}/answer`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ presentation }),
    });
    // The widget stays: the person can still read there what was told, and keep the receipt.
    state.textContent = (await reply.json()).text;
  } catch {
    state.textContent = "The answer was given, and could not be taken here. Please load this page again.";
  }
});

// The server asks the issuer what became of the request; the page need not be believed.
for (const name of ["kycvs-declined", "kycvs-failed", "kycvs-expired"]) {
  request.addEventListener(name, () => location.reload());
}

request.addEventListener("kycvs-error", (event) => {
  state.textContent = event.detail.message;
});
