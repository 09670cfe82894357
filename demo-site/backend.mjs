// The site's own back end, as a shop would have it: it knows who is logged in, signs their visitor token and gets them a chat
// session from converse-server. Everything else is passed on, so that pages and chat have one origin, as behind any reverse proxy.
//
//   node backend.mjs --listen 127.0.0.1:8080 --chat http://127.0.0.1:5280 --secret-file prebind.secret
//
// No packages: what a site has to do is short enough to read here.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { parseArgs } from "node:util";

/** The shop's customers. A real site has its own table; the chat never sees these passwords. */
const CUSTOMERS = new Map([
  ["alice", { name: "Alice Archer", password: "wonderland" }],
  ["carol", { name: "Carol Cooper", password: "wonderland" }],
]);
/** Whose chat opens for a customer: the shop's own account on the chat server. */
const STAFF = "bob";
/** How long a visitor token lasts, seconds: it is used at once. */
const TOKEN_LIFE = 60;
const COOKIE = "shop_session";
const LONGEST_FORM = 4_096;

const { values } = parseArgs({
  options: { listen: { type: "string" }, chat: { type: "string" }, "secret-file": { type: "string" }, domain: { type: "string" } },
});
if (!values.listen || !values.chat || !values["secret-file"]) {
  console.error("usage: node backend.mjs --listen ADDRESS:PORT --chat URL --secret-file FILE [--domain DOMAIN]");
  process.exit(2);
}
const chat = new URL(values.chat);
const domain = values.domain ?? "localhost";
const secret = readFileSync(values["secret-file"], "utf8").trim();
const [host, port] = splitAddress(values.listen);

/** Session id to customer; a restart logs everybody out, as befits a demo. */
const sessions = new Map();

const server = createServer((req, res) => {
  route(req, res).catch((error) => {
    console.error(error);
    if (!res.headersSent) json(res, 500, { error: "internal" });
  });
});
server.on("upgrade", passOnUpgrade);
server.on("error", (error) => {
  console.error(error.code === "EADDRINUSE" ? `port ${port} is taken: choose another with --listen` : error.message);
  process.exit(4);
});
server.listen(Number(port), host, () => console.log(`listening on http://${host}:${server.address().port}`));
process.on("SIGTERM", () => process.exit(0));
process.on("SIGINT", () => process.exit(0));

async function route(req, res) {
  const { pathname } = new URL(req.url, "http://site");
  switch (`${req.method} ${pathname}`) {
    case "GET /api/visitor": {
      const customer = customerOf(req);
      return json(res, 200, customer ? { name: customer.name, staff: `${STAFF}@${domain}` } : { name: null });
    }
    case "POST /api/login":
      return login(req, res);
    case "POST /api/logout":
      sessions.delete(cookie(req));
      return redirect(res, "/shop/", `${COOKIE}=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0`);
    case "GET /api/prebind":
      return prebind(req, res);
    default:
      return passOn(req, res);
  }
}

async function login(req, res) {
  const form = new URLSearchParams(await body(req));
  const user = form.get("user") ?? "";
  const customer = CUSTOMERS.get(user);
  if (!customer || !same(customer.password, form.get("password") ?? "")) {
    return redirect(res, "/shop/?login=failed");
  }
  const id = randomBytes(32).toString("base64url");
  sessions.set(id, user);
  return redirect(res, "/shop/", `${COOKIE}=${id}; HttpOnly; SameSite=Lax; Path=/`);
}

/** What `prebind-url` asks: a ready session for the customer who is logged in, and for nobody else. */
async function prebind(req, res) {
  const user = sessions.get(cookie(req));
  if (!user) return json(res, 401, { error: "not-logged-in" });
  const site = req.headers["sec-fetch-site"];
  if (site && site !== "same-origin") return json(res, 403, { error: "cross-site" });
  const answer = await fetch(new URL("/prebind", chat), {
    headers: { authorization: `Bearer ${visitorToken(user, CUSTOMERS.get(user).name)}` },
    redirect: "error",
  });
  res.writeHead(answer.status, { "content-type": "application/json", "cache-control": "no-store" });
  res.end(await answer.text());
}

/** A JWT (RFC 7519), HS256: the name of the visitor under the secret that the site shares with converse-server. */
function visitorToken(user, name) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: user, name, iat: now, exp: now + TOKEN_LIFE })}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

function passOn(req, res) {
  const onward = request(
    { host: chat.hostname, port: chat.port, method: req.method, path: req.url, headers: forwarded(req) },
    (answer) => {
      res.writeHead(answer.statusCode, answer.headers);
      answer.pipe(res);
    },
  );
  onward.on("error", () => {
    if (!res.headersSent) json(res, 502, { error: "the chat server does not answer" });
    else res.destroy();
  });
  res.on("close", () => onward.destroy());
  req.pipe(onward);
}

function passOnUpgrade(req, socket, head) {
  const onward = connect(Number(chat.port), chat.hostname, () => {
    const lines = [`${req.method} ${req.url} HTTP/1.1`];
    for (const [name, value] of Object.entries(forwarded(req))) lines.push(`${name}: ${value}`);
    onward.write(`${lines.join("\r\n")}\r\n\r\n`);
    onward.write(head);
    socket.pipe(onward).pipe(socket);
  });
  const end = () => {
    socket.destroy();
    onward.destroy();
  };
  for (const side of [socket, onward]) side.on("error", end).on("close", end);
}

function forwarded(req) {
  return { ...req.headers, "x-forwarded-for": req.socket.remoteAddress ?? "" };
}

function customerOf(req) {
  return CUSTOMERS.get(sessions.get(cookie(req)));
}

function cookie(req) {
  for (const pair of (req.headers.cookie ?? "").split(";")) {
    const [name, value] = pair.trim().split("=");
    if (name === COOKIE) return value;
  }
  return undefined;
}

async function body(req) {
  let text = "";
  for await (const chunk of req) {
    text += chunk;
    if (text.length > LONGEST_FORM) throw new Error("form too long");
  }
  return text;
}

function same(left, right) {
  const digest = (text) => createHmac("sha256", secret).update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}

function json(res, status, value) {
  res.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
  res.end(JSON.stringify(value));
}

function redirect(res, location, setCookie) {
  res.writeHead(303, { location, ...(setCookie ? { "set-cookie": setCookie } : {}) });
  res.end();
}

function splitAddress(address) {
  const colon = address.lastIndexOf(":");
  return [address.slice(0, colon), address.slice(colon + 1)];
}
