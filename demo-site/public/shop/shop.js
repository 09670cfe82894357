// Who is logged in to the shop gets the chat; the shop's back end signs them in to it (`prebind-url`).
const show = (id) => document.getElementById(id).removeAttribute("hidden");

const visitor = await fetch("/api/visitor").then((answer) => answer.json());
if (visitor.name) {
  document.getElementById("visitor-name").textContent = visitor.name;
  show("visitor");
  show("ask");

  const chat = document.createElement("converse-chat");
  chat.setAttribute("view", "overlay");
  chat.setAttribute("service", "/");
  chat.setAttribute("prebind-url", "/api/prebind");
  chat.setAttribute("chat", visitor.staff);
  chat.setAttribute("label", "Halden Cycles");
  document.body.append(chat);

  document.getElementById("ask").addEventListener("click", () => {
    chat.open = true;
  });
} else {
  show("login");
  if (new URLSearchParams(location.search).get("login") === "failed") show("login-failed");
}
