//! The configuration: one [`Config`] struct, read from a TOML file, then the environment, then flags.
//!
//! Unknown keys are refused with the nearest name; all mistakes are reported at once, each with its place, key and remedy.
//! [`sample`] writes the commented sample file from the same declarations. Start with the sections below.

mod load;
mod sample;
mod schema;
mod upstream;
mod value;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

pub use load::{ConfigError, Overrides, Problem};
pub use sample::sample;
use schema::{Section, settings};
pub use upstream::Upstream;
pub use value::{Bytes, Domain, HostPort, LogFormat, Secret, Setting, Span, UpstreamTls, Uri, WebOrigin};
use xmpp_host::modules::contact::Role;

settings! {
    /// What stands outside every section.
    pub struct Top {
        /// The XMPP domain that this server hosts: the part after the @ of every account.
        domain: Domain = Domain("localhost".to_owned());
        /// The directory with the database. It is created when absent.
        data_dir: PathBuf = PathBuf::from("data");
    }
}

settings! {
    /// The web side: addresses, origins, files.
    pub struct Http {
        /// The address to listen on. TLS is the business of a reverse proxy in front.
        listen: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5280);
        /// The address under which browsers reach this server, for host-meta: "https://chat.example.com".
        /// Unset: what the request's Host header says.
        public_url: Option<WebOrigin> = None;
        /// Origins of other sites whose pages may connect. Pages of the same host always may.
        origins: Vec<WebOrigin> = Vec::new();
        /// Addresses of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto headers are believed.
        trusted_proxies: Vec<IpAddr> = Vec::new();
        /// The directory with the element's built files, served below /element/.
        element_dir: Option<PathBuf> = None;
        /// The directory with a site to serve at /, such as the demo site.
        site_dir: Option<PathBuf> = None;
        /// The site's own content security policy, when the built-in strict one does not fit.
        content_security_policy: Option<String> = None;
    }
}

settings! {
    /// Native clients over TCP. Off until an address is set; browsers do not need it.
    pub struct Tcp {
        /// The address for clients that begin bare and change to TLS (STARTTLS), usually "0.0.0.0:5222" or "[::]:5222".
        /// Nobody can sign in there before TLS, except over loopback.
        listen: Option<SocketAddr> = None;
        /// The address for clients that begin with TLS (XEP-0368), usually "0.0.0.0:5223" or "[::]:5223".
        tls_listen: Option<SocketAddr> = None;
        /// The file with the certificate for the domain and those between it and its authority, as PEM. It is read again when it changes,
        /// and at SIGHUP. Unset: a self-signed one is made in the data directory, which is good for development only.
        certificate: Option<PathBuf> = None;
        /// The file with its private key, as PEM.
        key: Option<PathBuf> = None;
    }
}

settings! {
    /// Accounts and how they sign in.
    pub struct Accounts {
        /// PBKDF2 iterations for newly set passwords. RFC 5802 asks for 4096 at least, RFC 7677 the same in 2015;
        /// 10000 is what XMPP clients and servers commonly use today and costs a phone about 15 ms in a browser's WebCrypto.
        /// A stolen database is guessed this much slower; clients may refuse to sign in above their own cap.
        scram_iterations: u32 = 10_000;
        /// Whether visitors may sign in without an account (SASL ANONYMOUS). Such sessions leave nothing in the database.
        anonymous: bool = false;
        /// Whether strangers may make themselves an account in their client (XEP-0077), over TLS or loopback only, and whoever has an account
        /// may delete it with everything in it. Passwords can be changed either way, unless the account has none.
        /// Not together with prebind.auto_create: a stranger could register a visitor's name first.
        registration: bool = false;
        /// Whether the password itself may be sent (SASL PLAIN). Only offered over TLS or loopback, never otherwise.
        plain: bool = true;
    }
}

settings! {
    /// Whom people write to about the service (XEP-0157), each a URI: "mailto:", "xmpp:" or "https://". Clients show it.
    pub struct Contact {
        /// About abuse.
        abuse: Vec<Uri> = Vec::new();
        /// About the service itself.
        admin: Vec<Uri> = Vec::new();
        /// With opinions.
        feedback: Vec<Uri> = Vec::new();
        /// About business.
        sales: Vec<Uri> = Vec::new();
        /// About security.
        security: Vec<Uri> = Vec::new();
        /// Where it is said whether the service runs.
        status: Vec<Uri> = Vec::new();
        /// For help.
        support: Vec<Uri> = Vec::new();
    }
}

impl Contact {
    /// The addresses by role, where there are any.
    pub fn by_role(&self) -> Vec<(Role, Vec<String>)> {
        let all = [
            (Role::Abuse, &self.abuse),
            (Role::Admin, &self.admin),
            (Role::Feedback, &self.feedback),
            (Role::Sales, &self.sales),
            (Role::Security, &self.security),
            (Role::Status, &self.status),
            (Role::Support, &self.support),
        ];
        let set = all.into_iter().filter(|(_, uris)| !uris.is_empty());
        set.map(|(role, uris)| (role, uris.iter().map(|uri| uri.0.clone()).collect())).collect()
    }
}

settings! {
    /// Prebind: the site's back end signs a token for its visitor, and the page starts with a session that is signed in.
    pub struct Prebind {
        /// The secret that signs visitor tokens (JWT with HS256). Unset: /prebind is off.
        secret: Option<Secret> = None;
        /// A file that holds the secret instead, so that it need not stand in this file. White space around it is dropped.
        secret_file: Option<PathBuf> = None;
        /// Whether an account is created for a visitor that has none.
        auto_create: bool = true;
        /// The longest life of a token that is accepted, from now to its `exp`.
        max_token_age: Span = Span::seconds(24 * 3600);
        /// Sessions one visitor may start per minute.
        per_minute: u32 = 20;
    }
}

settings! {
    /// What strangers may use up. Every limit is always on.
    pub struct Limits {
        /// The largest WebSocket frame or message and the largest BOSH body.
        frame: Bytes = Bytes(256 * 1024);
        /// Stanzas a session may send per second, on average. Faster senders are read more slowly, not cut off.
        stanzas_per_second: u32 = 50;
        /// Stanzas a session may send at once before that rate applies.
        stanza_burst: u32 = 200;
        /// Failed sign-ins from one address within `sign_in_window` before it must wait.
        sign_in_failures_per_address: u32 = 30;
        /// Failed sign-ins for one account within `sign_in_window` before it must wait.
        sign_in_failures_per_account: u32 = 10;
        /// See above.
        sign_in_window: Span = Span::seconds(300);
        /// Accounts that one address may register within `registration_window`, or try to (see accounts.registration).
        registrations_per_address: u32 = 10;
        /// See above.
        registration_window: Span = Span::seconds(3600);
        /// Sessions from one address at a time. Behind a proxy set http.trusted_proxies, or all share one address.
        sessions_per_address: u32 = 200;
        /// Sessions in all.
        sessions: u32 = 10_000;
        /// TCP connections in all. Stay below the limit of open files.
        connections: u32 = 15_000;
        /// TCP connections from one address at a time; trusted proxies are not counted. BOSH needs two for each session.
        connections_per_address: u32 = 1000;
        /// Stanzas that may wait for one slow reader before its connection is dropped; its session can be resumed. A resumed session gets
        /// all it has missed at once, so keep this above 5000, the most that the host keeps for one.
        outbox: u32 = 6000;
        /// What may wait for all slow readers together.
        outbox_total: Bytes = Bytes(256 * 1024 * 1024);
        /// How long a write to a WebSocket may take. A peer that reads nothing for so long is dropped; its session can be resumed.
        write_time: Span = Span::seconds(30);
        /// How long a connection may take to sign in.
        sign_in_time: Span = Span::seconds(60);
        /// How long a lost session can be resumed (XEP-0198).
        resume_time: Span = Span::seconds(300);
        /// How often a silent WebSocket is probed. Without an answer until the next probe it is dropped.
        ping: Span = Span::seconds(30);
        /// How long a BOSH session without a request lives (XEP-0124 inactivity).
        bosh_inactivity: Span = Span::seconds(60);
        /// How long a BOSH request waits for something to say (XEP-0124 wait).
        bosh_wait: Span = Span::seconds(55);
    }
}

settings! {
    /// The log. It never holds passwords, tokens, session ids or message text.
    pub struct Log {
        /// "text" for people or "json" for collectors.
        format: LogFormat = LogFormat::Text;
        /// What is logged, in the syntax of tracing's EnvFilter: "info", "converse_server=debug,warn" …
        filter: String = "info".to_owned();
    }
}

/// The whole configuration of the server.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Keys outside every section.
    pub top: Top,
    /// `[http]`
    pub http: Http,
    /// `[tcp]`
    pub tcp: Tcp,
    /// `[[upstream]]`
    pub upstream: Vec<Upstream>,
    /// `[accounts]`
    pub accounts: Accounts,
    /// `[contact]`
    pub contact: Contact,
    /// `[prebind]`
    pub prebind: Prebind,
    /// `[limits]`
    pub limits: Limits,
    /// `[log]`
    pub log: Log,
}

impl Config {
    /// The sections with their names, keys and title lines. The nameless one comes first.
    fn sections() -> Vec<(&'static str, &'static str, Vec<schema::Key>)> {
        vec![
            ("", "", Top::keys()),
            ("http", "The web side: addresses, origins, files.", Http::keys()),
            ("tcp", "Native clients over TCP. Off until an address is set; browsers do not need it.", Tcp::keys()),
            ("accounts", "Accounts and how they sign in.", Accounts::keys()),
            (
                "contact",
                "Whom people write to about the service (XEP-0157), each a URI: \"mailto:\", \"xmpp:\" or \"https://\".",
                Contact::keys(),
            ),
            (
                "prebind",
                "Prebind: pages of a site start signed in, by a token that the site's back end signs.",
                Prebind::keys(),
            ),
            ("limits", "What strangers may use up. Every limit is always on.", Limits::keys()),
            ("log", "The log. It never holds passwords, tokens, session ids or message text.", Log::keys()),
        ]
    }

    fn set(&mut self, section: &str, key: &str, value: &toml::Value) -> Option<Result<(), schema::BadValue>> {
        match section {
            "" => self.top.set(key, value),
            "http" => self.http.set(key, value),
            "tcp" => self.tcp.set(key, value),
            "accounts" => self.accounts.set(key, value),
            "contact" => self.contact.set(key, value),
            "prebind" => self.prebind.set(key, value),
            "limits" => self.limits.set(key, value),
            "log" => self.log.set(key, value),
            _ => None,
        }
    }

    fn set_text(&mut self, section: &str, key: &str, text: &str) -> Option<Result<(), schema::BadValue>> {
        match section {
            "" => self.top.set_text(key, text),
            "http" => self.http.set_text(key, text),
            "tcp" => self.tcp.set_text(key, text),
            "accounts" => self.accounts.set_text(key, text),
            "contact" => self.contact.set_text(key, text),
            "prebind" => self.prebind.set_text(key, text),
            "limits" => self.limits.set_text(key, text),
            "log" => self.log.set_text(key, text),
            _ => None,
        }
    }

    /// The path of the database file.
    pub fn database(&self) -> PathBuf {
        self.top.data_dir.join("converse.sqlite")
    }
}
