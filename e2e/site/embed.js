// Puts the element into the page with the attributes of the address; `?lang=de&view=overlay`, and `open=` for a bare one.
// A test that needs properties sets `window.configure` before the page loads.
const chat = document.createElement("converse-chat");
for (const [name, value] of new URLSearchParams(location.search)) chat.setAttribute(name, value);

// What the element tells the page, for tests to look at.
window.heard = [];
for (const type of ["ready", "error", "connected", "disconnected", "signed-out", "sign-in-error", "message", "message-sent",
  "unread", "contact-request", "command-error", "open", "close"]) {
  chat.addEventListener(`converse-${type}`, (event) => window.heard.push({ type: event.type, detail: event.detail, at: performance.now() }));
}

window.configure?.(chat);
document.querySelector("main").append(chat);
