//! Reading the configuration: file, then environment, then flags; and the checks between values.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::value::{Domain, Secret, Setting};
use super::{Config, schema::BadValue, upstream};

/// The prefix of the environment's names: `CONVERSE_SERVER_HTTP_LISTEN` is `listen` in `[http]`.
const PREFIX: &str = "CONVERSE_SERVER_";

/// One mistake in the configuration: where, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file or the environment variable.
    pub place: String,
    /// The key with its section (`http.listen`); empty for the file as a whole.
    pub key: String,
    /// What is wrong and what to do.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_empty() {
            write!(f, "{}: {}", self.place, self.what)
        } else {
            write!(f, "{}: {}: {}", self.place, self.key, self.what)
        }
    }
}

/// Everything that is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError(pub Vec<Problem>);

/// Flags of the command line that override file and environment.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--listen`
    pub listen: Option<SocketAddr>,
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
    /// `--domain`
    pub domain: Option<String>,
    /// `--element-dir`
    pub element_dir: Option<PathBuf>,
    /// `--site-dir`
    pub site_dir: Option<PathBuf>,
}

impl Config {
    /// Reads `file` (if one is named), the environment's variables and the flags, in this order of rising weight.
    ///
    /// # Errors
    /// All mistakes found, not only the first.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: Overrides,
    ) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        let mut problems = Vec::new();
        if let Some(path) = file {
            config.read_file(path, &mut problems);
        }
        config.read_environment(environment, &mut problems);
        config.read_flags(flags, &mut problems);
        config.read_secret_file(&mut problems);
        let place = file.map_or_else(|| "configuration".to_owned(), |path| path.display().to_string());
        config.check(&place, &mut problems);
        if problems.is_empty() { Ok(config) } else { Err(ConfigError(problems)) }
    }

    /// Reads the text of a configuration file; `place` names it in messages.
    pub fn read_text(&mut self, place: &str, text: &str, problems: &mut Vec<Problem>) {
        let table = match text.parse::<toml::Table>() {
            Ok(table) => table,
            Err(error) => {
                problems.push(Problem { place: place.to_owned(), key: String::new(), what: syntax(text, &error) });
                return;
            }
        };
        for (name, value) in &table {
            match value {
                _ if name == "upstream" => self.upstream = upstream::read(place, value, problems),
                toml::Value::Table(section) if is_section(name) => {
                    for (key, value) in section {
                        let result = self.set(name, key, value);
                        self.note(place, name, key, result, problems);
                    }
                }
                _ => {
                    let result = self.set("", name, value);
                    self.note(place, "", name, result, problems);
                }
            }
        }
    }

    fn read_file(&mut self, path: &Path, problems: &mut Vec<Problem>) {
        let place = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => self.read_text(&place, &text, problems),
            Err(error) => problems.push(Problem {
                place,
                key: String::new(),
                what: format!("cannot be read ({error}); name the file with --config, or write one with: converse-server sample-config"),
            }),
        }
    }

    fn read_environment(
        &mut self,
        environment: impl IntoIterator<Item = (String, String)>,
        problems: &mut Vec<Problem>,
    ) {
        for (variable, text) in environment {
            // CONFIG itself names the file and is read by the command line.
            let Some(name) = variable.strip_prefix(PREFIX).filter(|name| *name != "CONFIG" && *name != "PASSWORD")
            else {
                continue;
            };
            let name = name.to_ascii_lowercase();
            let (section, key) = match name.split_once('_') {
                Some((section, key)) if is_section(section) => (section, key),
                _ => ("", name.as_str()),
            };
            match self.set_text(section, key, &text) {
                Some(Ok(())) => {}
                Some(Err(BadValue { problem })) => problems.push(Problem {
                    place: format!("environment variable {variable}"),
                    key: String::new(),
                    what: problem,
                }),
                None => {
                    let known = Self::sections().into_iter().flat_map(|(section, _, keys)| {
                        keys.into_iter().map(move |key| variable_name(section, key.name))
                    });
                    let what = format!("there is no such setting{}", suggestion(&variable, known));
                    problems.push(Problem {
                        place: format!("environment variable {variable}"),
                        key: String::new(),
                        what,
                    });
                }
            }
        }
    }

    fn read_flags(&mut self, flags: Overrides, problems: &mut Vec<Problem>) {
        if let Some(listen) = flags.listen {
            self.http.listen = listen;
        }
        if let Some(data_dir) = flags.data_dir {
            self.top.data_dir = data_dir;
        }
        if let Some(domain) = flags.domain {
            match Domain::from_text(&domain) {
                Ok(domain) => self.top.domain = domain,
                Err(reason) => problems.push(Problem {
                    place: "flag --domain".to_owned(),
                    key: String::new(),
                    what: format!("{reason}; it must be {}", Domain::EXPECTS),
                }),
            }
        }
        if flags.element_dir.is_some() {
            self.http.element_dir = flags.element_dir;
        }
        if flags.site_dir.is_some() {
            self.http.site_dir = flags.site_dir;
        }
    }

    fn read_secret_file(&mut self, problems: &mut Vec<Problem>) {
        let Some(path) = &self.prebind.secret_file else { return };
        let place = path.display().to_string();
        let mut complain =
            |what: String| problems.push(Problem { place: place.clone(), key: "prebind.secret_file".to_owned(), what });
        if self.prebind.secret.is_some() {
            return complain("prebind.secret is set as well; keep one of the two".to_owned());
        }
        match std::fs::read_to_string(path) {
            Ok(text) => match Secret::from_text(text.trim()) {
                Ok(secret) => self.prebind.secret = Some(secret),
                Err(reason) => complain(format!("{reason}; it must hold {}", Secret::EXPECTS)),
            },
            Err(error) => complain(format!("the file cannot be read ({error}); create it or correct the path")),
        }
    }

    /// Checks that need more than one value or more than a type.
    pub(super) fn check(&self, place: &str, problems: &mut Vec<Problem>) {
        let mut complain = |key: &str, what: &str| {
            problems.push(Problem { place: place.to_owned(), key: key.to_owned(), what: what.to_owned() })
        };
        // RFC 5802 §5.1 and RFC 7677 §4 say 4096 at least; the upper bound keeps a typing error from locking everybody out.
        if !(10_000..=10_000_000).contains(&self.accounts.scram_iterations) {
            complain("accounts.scram_iterations", "must be from 10000 to 10000000");
        }
        if self.limits.frame.0 < 10_000 {
            complain(
                "limits.frame",
                "must be 10000B at least (RFC 6120 §13.12: a stanza of 10000 bytes must be accepted)",
            );
        }
        let positive = [
            ("limits.stanzas_per_second", self.limits.stanzas_per_second),
            ("limits.stanza_burst", self.limits.stanza_burst),
            ("limits.sign_in_failures_per_address", self.limits.sign_in_failures_per_address),
            ("limits.sign_in_failures_per_account", self.limits.sign_in_failures_per_account),
            ("limits.registrations_per_address", self.limits.registrations_per_address),
            ("limits.sessions_per_address", self.limits.sessions_per_address),
            ("limits.sessions", self.limits.sessions),
            ("limits.connections", self.limits.connections),
            ("limits.connections_per_address", self.limits.connections_per_address),
            ("limits.outbox", self.limits.outbox),
            ("prebind.per_minute", self.prebind.per_minute),
        ];
        for (key, value) in positive {
            if value == 0 {
                complain(key, "must not be 0; choose a high number if you want no limit");
            }
        }
        let spans = [
            ("limits.sign_in_time", self.limits.sign_in_time),
            ("limits.ping", self.limits.ping),
            ("limits.write_time", self.limits.write_time),
            ("limits.bosh_inactivity", self.limits.bosh_inactivity),
            ("limits.bosh_wait", self.limits.bosh_wait),
            ("limits.sign_in_window", self.limits.sign_in_window),
            ("limits.registration_window", self.limits.registration_window),
            ("prebind.max_token_age", self.prebind.max_token_age),
        ];
        for (key, value) in spans {
            if value.millis() < 100 {
                complain(key, "must be 100ms at least");
            }
        }
        for (key, dir) in [("http.element_dir", &self.http.element_dir), ("http.site_dir", &self.http.site_dir)] {
            if let Some(dir) = dir
                && !dir.is_dir()
            {
                complain(
                    key,
                    &format!("{} is not a directory; build the files first or correct the path", dir.display()),
                );
            }
        }
        upstream::check(&self.upstream, &self.top.domain, &mut complain);
        if self.tcp.certificate.is_some() != self.tcp.key.is_some() {
            complain("tcp.certificate", "tcp.certificate and tcp.key belong together; set both or none");
        }
        for (key, file) in [("tcp.certificate", &self.tcp.certificate), ("tcp.key", &self.tcp.key)] {
            if let Some(file) = file
                && !file.is_file()
            {
                complain(key, &format!("{} is not a file; correct the path", file.display()));
            }
        }
        if let Some(policy) = &self.http.content_security_policy
            && axum::http::HeaderValue::from_str(policy).is_err()
        {
            complain("http.content_security_policy", "must be one line of plain text");
        }
        if self.accounts.registration && self.prebind.secret.is_some() && self.prebind.auto_create {
            complain(
                "accounts.registration",
                "cannot be on while prebind makes accounts: a stranger could register a visitor's name first and read along; set prebind.auto_create = false, or leave one of them off",
            );
        }
        if self.log.filter.parse::<tracing_subscriber::EnvFilter>().is_err() {
            complain(
                "log.filter",
                "is not a filter; write a level such as \"info\", or \"converse_server=debug,warn\"",
            );
        }
    }

    fn note(
        &self,
        place: &str,
        section: &str,
        key: &str,
        result: Option<Result<(), BadValue>>,
        problems: &mut Vec<Problem>,
    ) {
        let full = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
        let what = match result {
            Some(Ok(())) => return,
            Some(Err(BadValue { problem })) => problem,
            None => {
                let known = Self::sections().into_iter().flat_map(|(section, _, keys)| {
                    let own = (!section.is_empty()).then(|| format!("[{section}]"));
                    let keys = keys.into_iter().map(move |key| {
                        if section.is_empty() { key.name.to_owned() } else { format!("{section}.{}", key.name) }
                    });
                    own.into_iter().chain(keys)
                });
                format!("there is no such setting{}", suggestion(&full, known))
            }
        };
        problems.push(Problem { place: place.to_owned(), key: full, what });
    }
}

fn is_section(name: &str) -> bool {
    Config::sections().iter().any(|(section, ..)| *section == name && !section.is_empty())
}

fn variable_name(section: &str, key: &str) -> String {
    let middle = if section.is_empty() { String::new() } else { format!("{section}_") };
    format!("{PREFIX}{middle}{key}").to_ascii_uppercase()
}

/// The nearest of the `known` names, if one is near enough to be meant. The right key in the wrong section counts too.
fn suggestion(name: &str, known: impl Iterator<Item = String>) -> String {
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    let distance = |candidate: &str| {
        let whole = strsim::damerau_levenshtein(name, candidate);
        whole.min(strsim::damerau_levenshtein(&last(name), &last(candidate)) + 1)
    };
    known
        .map(|candidate| (distance(&candidate), candidate))
        .min()
        .filter(|(distance, _)| *distance <= 2 + name.len() / 5)
        .map_or_else(
            || "; see converse-server sample-config for all of them".to_owned(),
            |(_, candidate)| format!("; did you mean {candidate}?"),
        )
}

fn syntax(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map(|span| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1);
    match line {
        Some(line) => format!("line {line} is not TOML: {}", error.message()),
        None => format!("is not TOML: {}", error.message()),
    }
}
