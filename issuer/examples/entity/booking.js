// What the booking page does with the issuer's widget: it carries the answer to its own server, which verifies it.

const request = document.querySelector("kycvs-request");
const state = document.querySelector("#state");

request.addEventListener("kycvs-answer", async (event) => {
  const { presentation } = event.detail;
  // The answer was given before this page was loaded, and so the server has just tried to take it from the issuer.
  if (!presentation) {
    state.textContent = "You have answered; it could not be taken here yet. Please load this page again in a minute.";
    return;
  }
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

// The server asks the issuer what became of the request; the page need not be believed. One load is enough for that:
// where the server cannot ask, the widget says the same after the next.
for (const name of ["kycvs-declined", "kycvs-failed", "kycvs-expired"]) {
  request.addEventListener(name, () => {
    if (sessionStorage.getItem(location.pathname) === name) {
      state.textContent = "This has ended; it could not be seen here yet. Please load this page again in a minute.";
      return;
    }
    sessionStorage.setItem(location.pathname, name);
    location.reload();
  });
}

request.addEventListener("kycvs-error", (event) => {
  // Without a message, the person reads it in the frame.
  state.textContent = event.detail.message ?? state.textContent;
});
