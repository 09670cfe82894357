//! The command line: accounts, configuration errors, backup, and what must never be in the log.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use base64::Engine as _;
use common::{Raw, Server, body, command, http, run, text, visitor};

fn user(dir: &Path, args: &[&str], input: &str) -> Output {
    let mut all = vec!["user"];
    all.extend(args);
    all.extend(["--data-dir", dir.to_str().unwrap()]);
    run(&all, input)
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// Who is in whose list of contacts, and who sees whose presence.
fn roster(dir: &Path) -> Vec<String> {
    let database = rusqlite::Connection::open(dir.join("converse.sqlite")).unwrap();
    let mut rows = database
        .prepare("SELECT local || ' ' || jid || ' ' || subscription FROM roster JOIN accounts ON id = account WHERE listed ORDER BY 1")
        .unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn accounts_from_the_first_to_the_last() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let added = user(dir, &["add", "Alice", "--name", "Alice Example"], "pencil\n");
    assert_eq!((code(&added), text(&added.stdout).as_str()), (0, "alice@localhost added\n"));
    let again = user(dir, &["add", "alice@localhost"], "other\n");
    assert_eq!(code(&again), 3);
    assert!(text(&again.stderr).contains("alice@localhost: the account exists already"));
    assert_eq!(code(&user(dir, &["add", "alice@elsewhere.example"], "x\n")), 1);
    assert_eq!(code(&user(dir, &["add", "a b"], "x\n")), 1);
    let empty = user(dir, &["add", "carol"], "\n");
    assert_eq!(code(&empty), 1);
    assert!(text(&empty.stderr).contains("empty"));
    assert_eq!(code(&user(dir, &["add", "carol"], "bell\u{7}\n")), 1);

    fs::write(dir.join("password"), "from a file\n").unwrap();
    assert_eq!(code(&user(dir, &["add", "bob", "--password-file", dir.join("password").to_str().unwrap()], "")), 0);
    assert_eq!(code(&user(dir, &["passwd", "bob"], "new\n")), 0);
    assert_eq!(code(&user(dir, &["passwd", "nobody"], "new\n")), 3);
    let generated = user(dir, &["add", "dave", "--generate"], "");
    let password = text(&generated.stdout).lines().next().unwrap().strip_prefix("password: ").unwrap().to_owned();
    assert!(password.len() >= 20);

    let list = text(&user(dir, &["list"], "").stdout);
    assert_eq!(list, "alice@localhost\tAlice Example\nbob@localhost\t\ndave@localhost\t\n");
    assert_eq!(code(&user(dir, &["connect", "alice", "bob"], "")), 0);
    assert_eq!(roster(dir), ["alice bob@localhost both", "bob alice@localhost both"]);
    let unknown = user(dir, &["connect", "alice", "nobody"], "");
    assert_eq!(code(&unknown), 3);
    assert!(text(&unknown.stderr).contains("nobody@localhost"));
    assert_eq!(code(&user(dir, &["remove", "bob"], "")), 0);
    assert_eq!(code(&user(dir, &["remove", "bob"], "")), 3);
    assert!(!text(&user(dir, &["list"], "").stdout).contains("bob"));

    // Neither the passwords nor their reversible forms are anywhere in the files.
    let encoded = base64::engine::general_purpose::STANDARD.encode("pencil");
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("password") {
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for secret in ["pencil", "from a file", &password, &encoded] {
            assert!(
                !bytes.windows(secret.len()).any(|window| window == secret.as_bytes()),
                "{} holds {secret}",
                path.display()
            );
        }
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            path.metadata().unwrap().permissions().mode() & 0o077,
            0,
            "{} is readable by others",
            path.display()
        );
    }
}

#[test]
fn a_password_is_not_an_argument_but_may_be_in_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    let refused = user(dir.path(), &["add", "alice", "--password", "pencil"], "");
    assert_eq!(code(&refused), 2);
    let mut command = command(&["user", "add", "alice", "--data-dir", dir.path().to_str().unwrap()]);
    assert!(command.env("CONVERSE_SERVER_PASSWORD", "pencil").stdin(Stdio::null()).output().unwrap().status.success());
}

fn check(config: &str, environment: &[(&str, &str)]) -> (i32, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("server.toml");
    fs::write(&file, config).unwrap();
    let output = command(&["check-config", "--config", file.to_str().unwrap()])
        .envs(environment.iter().copied())
        .output()
        .unwrap();
    (code(&output), text(&output.stderr).replace(file.to_str().unwrap(), "FILE"))
}

#[test]
fn configuration_errors_name_file_key_and_remedy() {
    assert_eq!(check("domain = \"chat.example\"\n[limits]\nframe = \"1MiB\"\n", &[]).0, 0);
    let cases = [
        ("domian = \"x\"", "FILE: domian: there is no such setting; did you mean domain?"),
        ("[http]\norigin = []", "FILE: http.origin: there is no such setting; did you mean http.origins?"),
        ("[limts]\nframe = \"1MiB\"", "FILE: limts: there is no such setting; did you mean [limits]?"),
        ("listen = \"[::]:80\"", "did you mean http.listen?"),
        ("[zzzzzzzzzz]", "FILE: zzzzzzzzzz: there is no such setting; see converse-server sample-config"),
        ("domain = 5", "FILE: domain: 5 is of type integer; it must be a domain such as"),
        ("domain = \"a@b\"", "is an account, not a domain"),
        (
            "[http]\nlisten = \"5280\"",
            "FILE: http.listen: \"5280\" is not an address with a port; it must be an IP address with a port such as",
        ),
        ("[http]\norigins = [\"shop.example\"]", "FILE: http.origins: \"shop.example\" is not an origin"),
        (
            "[http]\nsite_dir = \"/does/not/exist\"",
            "FILE: http.site_dir: /does/not/exist is not a directory; build the files first",
        ),
        ("[limits]\nping = \"30\"", "FILE: limits.ping: \"30\" is not a duration; it must be a duration with its unit"),
        ("[limits]\nping = 30", "FILE: limits.ping: 30 is of type integer"),
        ("[limits]\nframe = \"100B\"", "FILE: limits.frame: must be 10000B at least (RFC 6120 §13.12"),
        ("[limits]\nsessions = 0", "FILE: limits.sessions: must not be 0"),
        ("[accounts]\nscram_iterations = 4096", "FILE: accounts.scram_iterations: must be from 10000"),
        ("[accounts]\nplain = \"yes\"", "FILE: accounts.plain: \"yes\" is of type string; it must be true or false"),
        ("[log]\nformat = \"xml\"", "FILE: log.format: \"xml\" is not a log format; it must be \"text\" or \"json\""),
        ("[log]\nfilter = \"a=b=c\"", "FILE: log.filter: is not a filter"),
        (
            "[prebind]\nsecret_file = \"/does/not/exist\"",
            "/does/not/exist: prebind.secret_file: the file cannot be read",
        ),
        ("a = = b", "FILE: line 1 is not TOML"),
        ("\n\ndomain = \"x", "FILE: line 3 is not TOML"),
    ];
    for (config, expected) in cases {
        let (code, message) = check(config, &[]);
        assert_eq!(code, 2, "{config}: {message}");
        assert!(message.contains(expected), "{config}\n  says {message}  not  {expected}");
    }
    let (_, both) = check("domian = \"x\"\n[log]\nformat = \"xml\"\n", &[("CONVERSE_SERVER_LIMITS_PNG", "1s")]);
    assert_eq!(both.lines().count(), 3, "all mistakes at once: {both}");
    assert!(both.contains("environment variable CONVERSE_SERVER_LIMITS_PNG: there is no such setting; did you mean CONVERSE_SERVER_LIMITS_PING?"));
}

#[test]
fn sample_secrets_are_refused_and_not_repeated() {
    for secret in ["change-me-change-me-change-me-change-me", "short", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let (code, message) = check(&format!("[prebind]\nsecret = {secret:?}\n"), &[]);
        assert_eq!(code, 2);
        assert!(
            message.contains("prebind.secret") && message.contains("openssl rand -hex 32") && !message.contains(secret),
            "{message}"
        );
    }
    let (code, message) = check("", &[("CONVERSE_SERVER_PREBIND_SECRET", "secret-secret-secret-secret-secret")]);
    assert_eq!(code, 2);
    assert!(message.contains("CONVERSE_SERVER_PREBIND_SECRET") && !message.contains("secret-secret"), "{message}");
}

#[test]
fn the_environment_overrides_the_file_and_flags_override_both() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("server.toml");
    fs::write(&file, "domain = \"file.example\"\n[http]\nlisten = \"127.0.0.1:1\"\n").unwrap();
    let file = file.to_str().unwrap();
    let said = |args: &[&str], environment: &[(&str, &str)]| {
        text(&command(args).envs(environment.iter().copied()).output().unwrap().stdout)
    };
    assert_eq!(
        said(&["check-config", "--config", file], &[]),
        "the configuration is fine; domain file.example, listening on 127.0.0.1:1\n"
    );
    let environment = [
        ("CONVERSE_SERVER_DOMAIN", "env.example"),
        ("CONVERSE_SERVER_HTTP_LISTEN", "127.0.0.1:2"),
        ("CONVERSE_SERVER_CONFIG", file),
    ];
    assert_eq!(
        said(&["check-config"], &environment),
        "the configuration is fine; domain env.example, listening on 127.0.0.1:2\n"
    );
    assert!(said(&["check-config", "--listen", "127.0.0.1:3"], &environment).ends_with("listening on 127.0.0.1:3\n"));
}

#[test]
fn the_sample_is_a_configuration() {
    let sample = text(&run(&["sample-config"], "").stdout);
    assert!(sample.contains("# listen = \"127.0.0.1:5280\""));
    assert_eq!(check(&sample, &[]), (0, String::new()));
}

#[test]
fn databases_that_are_not_ours_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let database = dir.path().join("converse.sqlite");
    fs::write(&database, "not a database at all, but a text that is somewhat long ".repeat(40)).unwrap();
    let before = fs::read(&database).unwrap();
    let output = run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", dir.path().to_str().unwrap()], "");
    assert_eq!(code(&output), 1);
    assert!(text(&output.stderr).contains("this is not an SQLite database; move it away"), "{}", text(&output.stderr));
    assert_eq!(fs::read(&database).unwrap(), before);
}

#[tokio::test]
async fn a_taken_port_and_a_taken_directory_are_said() {
    let server = Server::start();
    let address = server.address.to_string();
    let other = tempfile::tempdir().unwrap();
    let output = run(&["serve", "--listen", &address, "--data-dir", other.path().to_str().unwrap()], "");
    assert_eq!(code(&output), 4);
    assert!(text(&output.stderr).contains("is in use by another program"));
    let output = run(&["serve", "--listen", "127.0.0.1:0", "--data-dir", server.data().to_str().unwrap()], "");
    assert_eq!(code(&output), 1);
    assert!(text(&output.stderr).contains("another converse-server is running"), "{}", text(&output.stderr));
}

#[tokio::test]
async fn a_backup_of_a_running_server_holds_what_was_acknowledged() {
    let server = Server::start();
    let (mut alice, _) = Raw::online(server.address, "alice").await;
    alice
        .send("<message xmlns='jabber:client' to='bob@localhost' type='chat' id='m'><body>keep me</body></message>")
        .await;
    alice.send("<iq xmlns='jabber:client' type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>").await;
    alice.until(|element| element.attr("id") == Some("p")).await;
    // The ping does not wait for the message; its archive does.
    alice.send("<iq xmlns='jabber:client' type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>").await;
    alice.until(|element| element.to_xml().contains("keep me")).await;

    let restored = tempfile::tempdir().unwrap();
    fs::create_dir(restored.path().join("data")).unwrap();
    let copy = restored.path().join("data/converse.sqlite");
    let backup =
        |file: &Path| run(&["backup", file.to_str().unwrap(), "--data-dir", server.data().to_str().unwrap()], "");
    let output = backup(&copy);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let again = backup(&copy);
    assert_eq!(code(&again), 1);
    assert!(text(&again.stderr).contains("never overwrites"));
    assert!(!restored.path().join("data/converse.sqlite.partial").exists());
    // Unharmed, and a database to run on.
    Raw::online(server.address, "alice").await;
    let second = Server::on(restored, &[], &[]);
    let (mut bob, _) = Raw::online(second.address, "bob").await;
    let message = bob.until(|element| element.name() == "message").await;
    assert_eq!(body(&message).as_deref(), Some("keep me"));
}

#[tokio::test]
async fn the_log_holds_no_secrets_even_at_its_most_talkative() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    common::add_user(dir.path(), "alice");
    for format in ["text", "json"] {
        let log = fs::File::create(dir.path().join(format!("log-{format}"))).unwrap();
        let mut child = command(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()])
            .envs([
                ("CONVERSE_SERVER_PREBIND_SECRET", common::SECRET),
                ("CONVERSE_SERVER_LOG_FORMAT", format),
                ("CONVERSE_SERVER_LOG_FILTER", "trace"),
            ])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().parse().unwrap();

        let (mut alice, _) = Raw::online(address, "alice").await;
        alice
            .send(
                "<message xmlns='jabber:client' to='alice@localhost' type='chat'><body>between us two</body></message>",
            )
            .await;
        alice.until(|element| element.name() == "message").await;
        let token = visitor("alice");
        let answer = http(address, "POST", "/prebind", &[("authorization", &format!("Bearer {token}"))], "").await;
        let sid = answer.json()["sid"].as_str().unwrap().to_owned();
        let request = format!(
            "<body rid='{}' sid='{sid}' xmlns='http://jabber.org/protocol/httpbind'><presence xmlns='jabber:client'/></body>",
            answer.json()["rid"].as_str().unwrap()
        );
        http(address, "POST", "/http-bind", &[], &request).await;
        child.kill().unwrap();
        child.wait().unwrap();

        let log = fs::read_to_string(dir.path().join(format!("log-{format}"))).unwrap();
        assert!(log.contains("signed in") && log.contains("alice@localhost"), "the log says something: {log}");
        if format == "json" {
            assert!(log.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
        }
        let plain = base64::engine::general_purpose::STANDARD.encode("\0alice\0alice-password");
        for secret in ["alice-password", plain.as_str(), token.as_str(), sid.as_str(), common::SECRET, "between us two"]
        {
            assert!(!log.contains(secret), "{format}: the log holds {secret}");
        }
    }
}

#[test]
fn the_files_that_the_configuration_names_are_checked() {
    let dir = tempfile::tempdir().unwrap();
    let (file, other) = (dir.path().join("config.toml"), dir.path().join("other.pem"));
    std::fs::write(&other, "nonsense").unwrap();
    let name = other.display();
    let check = |config: String| {
        std::fs::write(&file, config).unwrap();
        let output = run(&["check-config", "--config", file.to_str().unwrap()], "");
        (output.status.code(), text(&output.stderr))
    };
    let (code, said) = check(format!("[[upstream]]\ndomain = 'a.example'\nca_file = '{name}'\n"));
    assert!(code == Some(2) && said.contains("upstream.ca_file") && said.contains("other.pem"), "{said}");
    let (code, said) = check(format!("[tcp]\ncertificate = '{name}'\nkey = '{name}'\n"));
    assert!(code == Some(2) && said.contains("no certificate"), "{said}");
    let (code, said) = check("[[upstream]]\ndomain = 'a.example'\ndns_server = '127.0.0.1:53'\n".to_owned());
    assert_eq!(code, Some(0), "{said}");
}
