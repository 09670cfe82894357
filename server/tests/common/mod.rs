//! What the tests of the real binary share: a running server in a directory of its own, a raw HTTP client, a raw XMPP client.
#![allow(dead_code, reason = "every test file uses its own part of this")]
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "helpers of tests")]

pub mod bosh;
pub mod machine;
pub mod other;
pub mod tcp;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::{SinkExt as _, StreamExt as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use xmpp::Element;

pub const BINARY: &str = env!("CARGO_BIN_EXE_converse-server");
pub const SECRET: &str = "4c1f9b7a2e6d80f35b9c7e1a6d42f0832c7be519";
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A command of the binary with a clean environment.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(args);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CONVERSE_SERVER_")) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command to its end, with `input` on standard input.
pub fn run(args: &[&str], input: &str) -> Output {
    let mut child = command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that does not read its input may have closed it.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub const TCP_LISTEN: &str = "CONVERSE_SERVER_TCP_LISTEN";
pub const TCP_TLS_LISTEN: &str = "CONVERSE_SERVER_TCP_TLS_LISTEN";

/// A running server. It is killed when dropped.
pub struct Server {
    pub dir: tempfile::TempDir,
    pub address: SocketAddr,
    /// For native clients that begin bare, if that is on.
    pub xmpp: Option<SocketAddr>,
    /// For native clients that begin with TLS, if that is on.
    pub xmpps: Option<SocketAddr>,
    child: Child,
}

impl Server {
    /// Starts with accounts alice and bob, whose passwords are their names with "-password".
    pub fn start() -> Self {
        Self::with(&[], &[])
    }

    pub fn with(args: &[&str], environment: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for user in ["alice", "bob"] {
            add_user(dir.path(), user);
        }
        Self::on(dir, args, environment)
    }

    /// Starts on a directory that exists.
    pub fn on(dir: tempfile::TempDir, args: &[&str], environment: &[(&str, &str)]) -> Self {
        let data = dir.path().join("data");
        let mut command = command(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()]);
        command
            .args(args)
            .env("CONVERSE_SERVER_PREBIND_SECRET", SECRET)
            .env("CONVERSE_SERVER_LOG_FILTER", std::env::var("TEST_LOG").unwrap_or("warn".into()));
        command.envs(environment.iter().copied());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut address = |scheme: &str| {
            let line = lines.next().unwrap_or_default();
            let address = line.strip_prefix(&format!("listening on {scheme}://"));
            address.unwrap_or_else(|| panic!("unexpected line {line:?}")).parse().unwrap()
        };
        let set = |name: &str| environment.iter().any(|(key, _)| *key == name);
        let http = address("http");
        let xmpp = set(TCP_LISTEN).then(|| address("xmpp"));
        let xmpps = set(TCP_TLS_LISTEN).then(|| address("xmpps"));
        Self { dir, address: http, xmpp, xmpps, child }
    }

    /// Starts with native clients on, over both STARTTLS and TLS from the start.
    pub fn with_tcp(environment: &[(&str, &str)]) -> Self {
        let tcp = [(TCP_LISTEN, "127.0.0.1:0"), (TCP_TLS_LISTEN, "127.0.0.1:0")];
        Self::with(&[], &[environment, &tcp].concat())
    }

    /// The certificate that native clients see.
    pub fn certificate(&self) -> PathBuf {
        self.data().join("tcp-certificate.pem")
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn database(&self) -> PathBuf {
        self.data().join("converse.sqlite")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by the name that `kill` knows.
    pub fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([format!("-{name}"), self.pid().to_string()]).status().unwrap().success());
    }

    /// Waits for the end by itself.
    pub fn wait(&mut self) -> std::process::ExitStatus {
        self.child.wait().unwrap()
    }

    /// Kills the process as a power failure would, and gives its directory back.
    pub fn kill(mut self) -> tempfile::TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn add_user(dir: &Path, user: &str) {
    let data = dir.join("data");
    let output = run(&["user", "add", user, "--data-dir", data.to_str().unwrap()], &format!("{user}-password\n"));
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// Seconds since 1970.
pub fn unix_time() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// A visitor token with this payload.
pub fn token(payload: &str) -> String {
    let signed =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#), URL_SAFE_NO_PAD.encode(payload));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// A token for this visitor that is good for a minute.
pub fn visitor(subject: &str) -> String {
    token(&serde_json::json!({ "sub": subject, "exp": unix_time() + 60 }).to_string())
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    pub fn text(&self) -> String {
        text(&self.body)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

/// One request on a connection of its own.
pub async fn http(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        request.push_str(&format!("host: {address}\r\n"));
    }
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    // A server that answers before it has read everything may reset the connection after its answer.
    let _ =
        tokio::time::timeout(Duration::from_secs(70), stream.read_to_end(&mut bytes)).await.expect("an answer in time");
    let split = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap_or_else(|| panic!("no head in {:?}", text(&bytes)));
    let head = text(&bytes[..split]);
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head, body: bytes[split + 4..].to_vec() }
}

/// A raw RFC 7395 client.
pub struct Raw {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

pub const FRAMING: &str = "urn:ietf:params:xml:ns:xmpp-framing";

impl Raw {
    pub async fn connect(address: SocketAddr) -> Self {
        let mut request = format!("ws://{address}/xmpp-websocket").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "xmpp".parse().unwrap());
        let (socket, response) = tokio_tungstenite::connect_async(request).await.unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], "xmpp");
        Self { socket }
    }

    pub async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next element; `None` when the socket is closed.
    pub async fn try_next(&mut self) -> Option<Element> {
        loop {
            match tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a frame in time") {
                Some(Ok(Message::Text(text))) => {
                    let element = xmpp::xml::parse_with(text.as_str(), &xmpp::xml::Limits::OWN_SERVER);
                    return Some(element.unwrap_or_else(|error| panic!("{error}: {text}")));
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    pub async fn next(&mut self) -> Element {
        self.try_next().await.expect("the socket is open")
    }

    /// Skips what comes until an element fits.
    pub async fn until(&mut self, wanted: impl Fn(&Element) -> bool) -> Element {
        loop {
            let element = self.next().await;
            if wanted(&element) {
                return element;
            }
        }
    }

    pub async fn open(&mut self) -> Element {
        self.send(&format!("<open xmlns='{FRAMING}' to='localhost' version='1.0'/>")).await;
        let open = self.next().await;
        assert!(open.is("open", FRAMING), "{}", open.to_xml());
        assert_eq!(open.attr("from"), Some("localhost"));
        self.next().await
    }

    /// Signs in with PLAIN.
    pub async fn sign_in(address: SocketAddr, user: &str) -> Self {
        let mut raw = Self::connect(address).await;
        raw.authenticate(user).await;
        raw
    }

    async fn authenticate(&mut self, user: &str) {
        let features = self.open().await;
        assert!(features.to_xml().contains("SCRAM-SHA-512"), "{}", features.to_xml());
        self.send(&plain(user, &password(user))).await;
        let answer = self.next().await;
        assert_eq!(answer.name(), "success", "{}", answer.to_xml());
        let features = self.open().await;
        assert!(features.to_xml().contains("urn:ietf:params:xml:ns:xmpp-bind"), "{}", features.to_xml());
    }

    /// Signs in and binds on a socket that is connected; returns the full JID.
    pub async fn sign_in_here(&mut self, user: &str) -> String {
        self.authenticate(user).await;
        self.send(
            "<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
        )
        .await;
        let bound = self.next().await;
        assert_eq!(bound.attr("type"), Some("result"), "{}", bound.to_xml());
        bound.children().next().unwrap().children().next().unwrap().text()
    }

    /// Signs in and binds; returns the full JID.
    pub async fn bind(address: SocketAddr, user: &str) -> (Self, String) {
        let mut raw = Self::connect(address).await;
        let jid = raw.sign_in_here(user).await;
        (raw, jid)
    }

    /// Signs in, binds and becomes available.
    pub async fn online(address: SocketAddr, user: &str) -> (Self, String) {
        let (mut raw, jid) = Self::bind(address, user).await;
        raw.send("<presence xmlns='jabber:client'/>").await;
        raw.until(|element| element.name() == "presence" && element.attr("from") == Some(jid.as_str())).await;
        (raw, jid)
    }
}

pub fn body(element: &Element) -> Option<String> {
    element.child("body", "jabber:client").map(Element::text)
}

/// The password of an account of the tests.
pub fn password(user: &str) -> String {
    format!("{user}-password")
}

/// A sign-in with PLAIN (RFC 4616).
pub fn plain(user: &str, password: &str) -> String {
    let data = STANDARD.encode(format!("\0{user}\0{password}"));
    format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{data}</auth>")
}
