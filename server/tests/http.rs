//! The real binary over plain HTTP: discovery, files, prebind, CORS, limits.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use std::time::Duration;

use common::{PATIENCE, SECRET, Server, http, token, unix_time, visitor};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::test]
async fn health_and_host_meta() {
    let server = Server::start();
    let health = http(server.address, "GET", "/healthz", &[], "").await;
    assert_eq!((health.status, health.text().as_str()), (200, "ok\n"));
    assert_eq!(health.header("cache-control"), Some("no-store"));

    let host = [("host", "chat.example:5280")];
    let xrd = http(server.address, "GET", "/.well-known/host-meta", &host, "").await;
    assert_eq!(xrd.header("content-type"), Some("application/xrd+xml; charset=utf-8"));
    assert_eq!(xrd.header("access-control-allow-origin"), Some("*"));
    let element = xmpp::xml::parse(xrd.text().trim()).unwrap();
    let links: Vec<_> = element
        .children()
        .map(|link| (link.attr("rel").unwrap().to_owned(), link.attr("href").unwrap().to_owned()))
        .collect();
    let expected = [
        ("urn:xmpp:alt-connections:websocket", "ws://chat.example:5280/xmpp-websocket"),
        ("urn:xmpp:alt-connections:xbosh", "http://chat.example:5280/http-bind"),
    ];
    assert_eq!(links, expected.map(|(rel, href)| (rel.to_owned(), href.to_owned())));

    let json = http(server.address, "GET", "/.well-known/host-meta.json", &host, "").await;
    assert_eq!(json.header("content-type"), Some("application/json"));
    assert_eq!(json.json()["links"][0], serde_json::json!({ "rel": expected[0].0, "href": expected[0].1 }));
    let bad = http(server.address, "GET", "/.well-known/host-meta", &[("host", "a\"<b>")], "").await;
    assert_eq!(bad.status, 400);
}

#[tokio::test]
async fn host_meta_behind_a_proxy_and_with_a_public_url() {
    let server = Server::with(&[], &[("CONVERSE_SERVER_HTTP_TRUSTED_PROXIES", "127.0.0.1")]);
    let headers = [("host", "chat.example"), ("x-forwarded-proto", "https"), ("x-forwarded-for", "203.0.113.5")];
    let json = http(server.address, "GET", "/.well-known/host-meta.json", &headers, "").await;
    assert_eq!(json.json()["links"][0]["href"], "wss://chat.example/xmpp-websocket");
    let server = Server::with(&[], &[("CONVERSE_SERVER_HTTP_PUBLIC_URL", "https://talk.example")]);
    let json = http(server.address, "GET", "/.well-known/host-meta.json", &[], "").await;
    assert_eq!(json.json()["links"][1]["href"], "https://talk.example/http-bind");
}

#[tokio::test]
async fn files_are_negotiated_tagged_and_confined() {
    let dir = tempfile::tempdir().unwrap();
    let (element, site) = (dir.path().join("element"), dir.path().join("site"));
    std::fs::create_dir_all(element.join("assets")).unwrap();
    std::fs::create_dir_all(site.join("article")).unwrap();
    let wasm = element.join("assets/chat-3f9c2a1b.wasm");
    std::fs::write(&wasm, b"\0asm plain").unwrap();
    std::fs::write(element.join("assets/chat-3f9c2a1b.wasm.br"), b"brotli bytes").unwrap();
    std::fs::write(element.join("assets/chat-3f9c2a1b.wasm.gz"), b"gzip bytes").unwrap();
    std::fs::write(element.join("converse-chat.js"), b"export {}").unwrap();
    std::fs::write(site.join("index.html"), b"<!doctype html><title>shop</title>").unwrap();
    std::fs::write(site.join("article/index.html"), b"<!doctype html><title>article</title>").unwrap();
    std::fs::write(dir.path().join("secret.txt"), b"secret").unwrap();
    std::os::unix::fs::symlink(dir.path().join("secret.txt"), site.join("link.txt")).unwrap();
    let server = Server::with(&["--element-dir", element.to_str().unwrap(), "--site-dir", site.to_str().unwrap()], &[]);
    let get = async |path: &str, headers: &[(&str, &str)]| http(server.address, "GET", path, headers, "").await;

    let path = "/element/assets/chat-3f9c2a1b.wasm";
    let plain = get(path, &[]).await;
    assert_eq!(
        (plain.status, plain.body.as_slice(), plain.header("content-encoding")),
        (200, b"\0asm plain".as_slice(), None)
    );
    assert_eq!(plain.header("content-type"), Some("application/wasm"));
    assert_eq!(plain.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(plain.header("vary"), Some("accept-encoding"));
    assert_eq!(plain.header("access-control-allow-origin"), Some("*"));
    let brotli = get(path, &[("accept-encoding", "gzip, deflate, br")]).await;
    assert_eq!(
        (brotli.text().as_str(), brotli.header("content-encoding"), brotli.header("content-type")),
        ("brotli bytes", Some("br"), Some("application/wasm"))
    );
    let gzip = get(path, &[("accept-encoding", "gzip")]).await;
    assert_eq!((gzip.text().as_str(), gzip.header("content-encoding")), ("gzip bytes", Some("gzip")));
    let tags = [plain.header("etag").unwrap(), brotli.header("etag").unwrap(), gzip.header("etag").unwrap()];
    assert!(tags.iter().all(|tag| tag.starts_with('"')) && tags[0] != tags[1] && tags[1] != tags[2], "{tags:?}");

    let script = get("/element/converse-chat.js", &[("accept-encoding", "br")]).await;
    assert_eq!((script.header("cache-control"), script.header("content-encoding")), (Some("no-cache"), None));
    let tag = script.header("etag").unwrap();
    let fresh = get("/element/converse-chat.js", &[("if-none-match", tag)]).await;
    assert_eq!((fresh.status, fresh.body.len(), fresh.header("etag")), (304, 0, Some(tag)));
    std::fs::write(element.join("converse-chat.js"), b"export { changed }").unwrap();
    let changed = get("/element/converse-chat.js", &[("if-none-match", tag)]).await;
    assert_eq!((changed.status, changed.text().as_str()), (200, "export { changed }"));

    let page = get("/", &[]).await;
    assert!(page.text().contains("shop"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.contains("script-src 'self' 'wasm-unsafe-eval'; style-src 'self'")
            && policy.contains("default-src 'self'")
            && !policy.contains("unsafe-inline"),
        "{policy}"
    );
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert!(get("/article/", &[]).await.text().contains("article"));
    assert_eq!(get("/article", &[]).await.header("location"), Some("article/"));
    let head = http(server.address, "HEAD", "/", &[], "").await;
    assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, Some("34")));
    assert_eq!(http(server.address, "POST", "/", &[], "").await.status, 405);

    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/link.txt",
        "/element/../secret.txt",
        "/element/..%2f..%2fsecret.txt",
        "/absent",
        "//etc/passwd",
        "/%2fetc/passwd",
    ] {
        let answer = get(path, &[]).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
    }
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[tokio::test]
async fn prebind_answers_exactly_the_three_keys() {
    let server = Server::start();
    for method in ["GET", "POST"] {
        let answer =
            http(server.address, method, "/prebind", &[("authorization", &bearer(&visitor("alice")))], "").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(
            (answer.header("cache-control"), answer.header("content-type")),
            (Some("no-store"), Some("application/json"))
        );
        let json = answer.json();
        let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["jid", "rid", "sid"]);
        assert!(json["jid"].as_str().unwrap().starts_with("alice@localhost/"));
        assert!(json["sid"].as_str().unwrap().len() >= 32);
        assert!(json["rid"].as_str().unwrap().parse::<u64>().unwrap() < 1 << 53);
    }
}

#[tokio::test]
async fn prebind_refuses_with_json_and_never_redirects() {
    let server = Server::start();
    let now = unix_time();
    let cases = [
        (None, 401, "missing-token"),
        (Some("Basic YTpi".to_owned()), 401, "missing-token"),
        (Some(bearer("rubbish")), 401, "invalid-token"),
        (Some(bearer(&token(&format!(r#"{{"sub":"alice","exp":{}}}"#, now - 60)))), 401, "invalid-token"),
        (Some(bearer(&token(r#"{"sub":"alice"}"#))), 401, "invalid-token"),
        (Some(bearer(&token(&format!(r#"{{"sub":"alice","exp":{}}}"#, now + 30 * 86400)))), 401, "invalid-token"),
        (Some(bearer(&visitor("alice@elsewhere.example"))), 403, "subject"),
        (Some(bearer(&visitor("alice@localhost/phone"))), 403, "subject"),
    ];
    for (authorization, status, code) in cases {
        let headers: Vec<_> = authorization.as_deref().map(|value| ("authorization", value)).into_iter().collect();
        let answer = http(server.address, "POST", "/prebind", &headers, "").await;
        assert_eq!((answer.status, answer.json()["error"].as_str().unwrap()), (status, code), "{authorization:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("location"), None);
        assert!(!answer.text().contains(SECRET));
    }
    let answer = http(server.address, "DELETE", "/prebind", &[], "").await;
    assert_eq!(answer.status, 405);
}

#[tokio::test]
async fn prebind_makes_accounts_only_if_it_may_and_not_too_many_sessions() {
    let strict = Server::with(
        &[],
        &[("CONVERSE_SERVER_PREBIND_AUTO_CREATE", "false"), ("CONVERSE_SERVER_PREBIND_PER_MINUTE", "2")],
    );
    let prebind = async |subject: &str| {
        http(strict.address, "POST", "/prebind", &[("authorization", &bearer(&visitor(subject)))], "").await
    };
    let answer = prebind("stranger").await;
    assert_eq!((answer.status, answer.json()["error"].as_str().unwrap()), (403, "no-account"));
    assert_eq!((prebind("alice").await.status, prebind("alice").await.status), (200, 200));
    let answer = prebind("alice").await;
    assert_eq!((answer.status, answer.json()["error"].as_str().unwrap()), (429, "too-many"));
    assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() <= 60);
    assert_eq!(prebind("bob").await.status, 200, "the limit is the visitor's own");

    let server = Server::start();
    let answer =
        http(server.address, "POST", "/prebind", &[("authorization", &bearer(&visitor("Stranger")))], "").await;
    assert!(answer.json()["jid"].as_str().unwrap().starts_with("stranger@localhost/"));
    let list = common::run(&["user", "list", "--data-dir", server.data().to_str().unwrap()], "");
    assert!(
        common::text(&list.stdout).contains("stranger@localhost\t\t(no password)"),
        "{}",
        common::text(&list.stdout)
    );
}

#[tokio::test]
async fn cors_on_every_answer_and_only_for_allowed_origins() {
    let server = Server::with(&[], &[("CONVERSE_SERVER_HTTP_ORIGINS", "https://shop.example,https://blog.example")]);
    let allowed = [("origin", "https://shop.example")];
    for (method, path, status) in [
        ("OPTIONS", "/http-bind", 204),
        ("POST", "/http-bind", 200),
        ("GET", "/http-bind", 405),
        ("OPTIONS", "/prebind", 204),
        ("POST", "/prebind", 401),
        ("PUT", "/prebind", 405),
    ] {
        let answer = http(server.address, method, path, &allowed, "").await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://shop.example"), "{method} {path}");
        assert!(answer.header("vary").unwrap().contains("origin"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
    let preflight = http(server.address, "OPTIONS", "/prebind", &allowed, "").await;
    assert!(preflight.header("access-control-allow-headers").unwrap().contains("authorization"));
    for path in ["/http-bind", "/prebind"] {
        let answer = http(
            server.address,
            "POST",
            path,
            &[("origin", "https://evil.example"), ("authorization", &bearer(&visitor("alice")))],
            "",
        )
        .await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (403, None), "{path}");
    }
}

#[tokio::test]
async fn large_bodies_and_slow_heads_are_cut_off() {
    let server = Server::start();
    let answer = http(server.address, "POST", "/http-bind", &[], &"x".repeat(300 * 1024)).await;
    assert_eq!(answer.status, 413);

    // A head that is too large, and one that never ends.
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(1 << 20)).as_bytes()).await.unwrap_or(());
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap();
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{}", common::text(&answer));
}

#[tokio::test]
async fn one_address_cannot_take_all_connections() {
    let server = Server::with(&[], &[("CONVERSE_SERVER_LIMITS_CONNECTIONS_PER_ADDRESS", "2")]);
    let held = [TcpStream::connect(server.address).await.unwrap(), TcpStream::connect(server.address).await.unwrap()];
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut third = TcpStream::connect(server.address).await.unwrap();
    let mut answer = Vec::new();
    // Closed at once, before anything was read.
    let _ = tokio::time::timeout(Duration::from_secs(5), third.read_to_end(&mut answer)).await.unwrap();
    assert!(answer.is_empty());
    drop(held);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(http(server.address, "GET", "/healthz", &[], "").await.status, 200);
}

#[tokio::test]
async fn connections_above_the_limit_wait_for_a_place() {
    let server = Server::with(&[], &[("CONVERSE_SERVER_LIMITS_CONNECTIONS", "2")]);
    let first = TcpStream::connect(server.address).await.unwrap();
    let second = TcpStream::connect(server.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let waiting = tokio::spawn(async move { http(server.address, "GET", "/healthz", &[], "").await.status });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    drop((first, second));
    // The server lives in the task; its answer shows that the place was given on.
    assert_eq!(tokio::time::timeout(PATIENCE, waiting).await.unwrap().unwrap(), 200);
}
