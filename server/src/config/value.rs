//! The kinds of value a setting can have: how each is read, from TOML and from the environment, and written.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use toml::Value;

/// A kind of value. The errors are clauses ("5x is not a duration") that the reader completes.
pub trait Setting: Sized {
    /// What a value must be, after "it must be".
    const EXPECTS: &'static str;
    /// A value to show in the sample where there is no default, as TOML.
    const EXAMPLE: &'static str = "\"\"";
    /// Reads text: an environment variable, or the inside of a TOML string.
    fn from_text(text: &str) -> Result<Self, String>;
    /// Reads a TOML value; strings go through [`Setting::from_text`] unless a kind says otherwise.
    fn from_toml(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Self::from_text(text),
            other => Err(format!("{} is of type {}", short(other), other.type_str())),
        }
    }
    /// The value as TOML, `None` when unset.
    fn to_toml(&self) -> Option<Value>;
}

fn short(value: &Value) -> String {
    let mut text = value.to_string();
    if text.chars().count() > 40 {
        text = text.chars().take(40).chain("…".chars()).collect();
    }
    text
}

impl Setting for bool {
    const EXPECTS: &'static str = "true or false";
    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(format!("{text:?} is not a truth value")),
        }
    }
    fn from_toml(value: &Value) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| format!("{} is of type {}", short(value), value.type_str()))
    }
    fn to_toml(&self) -> Option<Value> {
        Some(Value::Boolean(*self))
    }
}

impl Setting for u32 {
    const EXPECTS: &'static str = "a whole number from 0 to 4294967295";
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| format!("{text:?} is not such a number"))
    }
    fn from_toml(value: &Value) -> Result<Self, String> {
        let number = value.as_integer().ok_or_else(|| format!("{} is of type {}", short(value), value.type_str()))?;
        number.try_into().map_err(|_| format!("{number} is out of range"))
    }
    fn to_toml(&self) -> Option<Value> {
        Some(Value::Integer(i64::from(*self)))
    }
}

impl Setting for String {
    const EXPECTS: &'static str = "text in quotes";
    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(self.clone()))
    }
}

impl Setting for SocketAddr {
    const EXPECTS: &'static str = "an IP address with a port such as \"127.0.0.1:5280\" or \"[::]:5280\"";
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| format!("{text:?} is not an address with a port"))
    }
    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(self.to_string()))
    }
}

impl Setting for IpAddr {
    const EXPECTS: &'static str = "an IP address";
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| format!("{text:?} is not an IP address"))
    }
    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(self.to_string()))
    }
}

impl Setting for PathBuf {
    const EXPECTS: &'static str = "a path in quotes";
    fn from_text(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("the path is empty".to_owned()) } else { Ok(PathBuf::from(text)) }
    }
    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(self.display().to_string()))
    }
}

impl<T: Setting> Setting for Option<T> {
    const EXPECTS: &'static str = T::EXPECTS;
    const EXAMPLE: &'static str = T::EXAMPLE;
    fn from_text(text: &str) -> Result<Self, String> {
        T::from_text(text).map(Some)
    }
    fn from_toml(value: &Value) -> Result<Self, String> {
        T::from_toml(value).map(Some)
    }
    fn to_toml(&self) -> Option<Value> {
        self.as_ref().and_then(Setting::to_toml)
    }
}

/// A list. In the environment its items are separated by commas.
impl<T: Setting> Setting for Vec<T> {
    const EXPECTS: &'static str = "a list; each item in quotes, or in the environment separated by commas";
    fn from_text(text: &str) -> Result<Self, String> {
        text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(T::from_text).collect()
    }
    fn from_toml(value: &Value) -> Result<Self, String> {
        let items = value.as_array().ok_or_else(|| format!("{} is of type {}", short(value), value.type_str()))?;
        items.iter().map(T::from_toml).collect()
    }
    fn to_toml(&self) -> Option<Value> {
        Some(Value::Array(self.iter().filter_map(Setting::to_toml).collect()))
    }
}

/// A length of time, written with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Span {
    /// So many seconds.
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
    /// In milliseconds, for the machines.
    pub fn millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Setting for Span {
    const EXPECTS: &'static str = "a duration with its unit such as \"500ms\", \"30s\", \"5m\" or \"2h\"";
    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a duration");
        let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(unit_at);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let milliseconds_per_unit = match unit.trim() {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        let milliseconds =
            number.checked_mul(milliseconds_per_unit).filter(|ms| *ms <= 366 * 86_400_000).ok_or_else(wrong)?;
        Ok(Self(Duration::from_millis(milliseconds)))
    }
    fn to_toml(&self) -> Option<Value> {
        let milliseconds = self.millis();
        let text = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")]
            .into_iter()
            .find(|(size, _)| milliseconds.is_multiple_of(*size) && milliseconds >= *size)
            .map_or_else(|| "0s".to_owned(), |(size, unit)| format!("{}{unit}", milliseconds / size));
        Some(Value::String(text))
    }
}

/// A number of bytes, written with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub usize);

impl Setting for Bytes {
    const EXPECTS: &'static str = "a size with its unit such as \"4096B\", \"256KiB\" or \"1MiB\"";
    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a size");
        let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, unit) = text.split_at(unit_at);
        let number: usize = number.parse().map_err(|_| wrong())?;
        let unit = match unit.trim() {
            "B" => 1,
            "KiB" => 1024,
            "MiB" => 1024 * 1024,
            _ => return Err(wrong()),
        };
        number.checked_mul(unit).filter(|size| *size <= 1 << 30).map(Self).ok_or_else(wrong)
    }
    fn to_toml(&self) -> Option<Value> {
        let text = match self.0 {
            size if size >= 1 << 20 && size % (1 << 20) == 0 => format!("{}MiB", size >> 20),
            size if size >= 1 << 10 && size % (1 << 10) == 0 => format!("{}KiB", size >> 10),
            size => format!("{size}B"),
        };
        Some(Value::String(text))
    }
}

/// A URI, of whatever scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uri(pub String);

impl Setting for Uri {
    const EXPECTS: &'static str =
        "a URI such as \"mailto:help@example.com\", \"xmpp:help@example.com\" or \"https://example.com/help\"";
    const EXAMPLE: &'static str = "\"mailto:help@example.com\"";
    fn from_text(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once(':').unwrap_or_default();
        let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(letters);
        let spelled = !rest.is_empty() && rest.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"'));
        if named && spelled { Ok(Self(text.to_owned())) } else { Err(format!("{text:?} is not a URI")) }
    }
    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(self.0.clone()))
    }
}

/// An origin as browsers send it: scheme, host and port, nothing more. `*` stands for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOrigin(pub String);

impl Setting for WebOrigin {
    const EXPECTS: &'static str =
        "an origin such as \"https://www.example.com\" (scheme and host, no path), or \"*\" for every site";
    fn from_text(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self(text.to_owned()));
        }
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        match host {
            Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ', '*']) => {
                Ok(Self(text.to_ascii_lowercase()))
            }
            _ => Err(format!("{text:?} is not an origin")),
        }
    }
    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(self.0.clone()))
    }
}

/// A host, by name or address, with a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// The host's name or address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Setting for HostPort {
    const EXPECTS: &'static str = "a host with a port such as \"xmpp.example.com:5222\" or \"[::1]:5222\"";
    fn from_text(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a host with a port");
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let plain = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match plain {
            Some(address) => address.parse::<std::net::Ipv6Addr>().map_err(|_| wrong())?.to_string(),
            None if host.is_empty() || host.contains([':', '/', '@', ' ', '[']) => return Err(wrong()),
            None => host.to_owned(),
        };
        Ok(Self { host, port: port.parse().map_err(|_| wrong())? })
    }
    fn to_toml(&self) -> Option<Value> {
        let brackets = self.host.contains(':');
        let text =
            if brackets { format!("[{}]:{}", self.host, self.port) } else { format!("{}:{}", self.host, self.port) };
        Some(Value::String(text))
    }
}

/// How a connection to another server gets its TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamTls {
    /// It begins bare and changes (RFC 6120 §5).
    StartTls,
    /// From the first byte (XEP-0368).
    Direct,
}

impl Setting for UpstreamTls {
    const EXPECTS: &'static str = "\"starttls\" or \"direct\"";
    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "starttls" => Ok(Self::StartTls),
            "direct" => Ok(Self::Direct),
            _ => Err(format!("{text:?} is not a way to TLS")),
        }
    }
    fn to_toml(&self) -> Option<Value> {
        let text = match self {
            Self::StartTls => "starttls",
            Self::Direct => "direct",
        };
        Some(Value::String(text.to_owned()))
    }
}

/// The XMPP domain that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain(pub String);

impl Setting for Domain {
    const EXPECTS: &'static str = "a domain such as \"chat.example.com\"";
    fn from_text(text: &str) -> Result<Self, String> {
        let parsed = xmpp::jid::BareJid::new(text).map_err(|error| format!("{text:?} is not a domain ({error})"))?;
        if parsed.local().is_some() {
            Err(format!("{text:?} is an account, not a domain"))
        } else {
            Ok(Self(parsed.domain().to_owned()))
        }
    }
    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(self.0.clone()))
    }
}

/// A shared secret. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The bytes of the secret, for keying a MAC and nothing else.
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// RFC 7518 §3.2: a key for HS256 has at least the size of the hash, 256 bits.
const SECRET_MIN: usize = 32;

impl Setting for Secret {
    const EXPECTS: &'static str = "at least 32 random characters; make one with: openssl rand -hex 32";
    fn from_text(text: &str) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        let sample = [
            "changeme",
            "change-me",
            "change_me",
            "secret",
            "password",
            "example",
            "placeholder",
            "sample",
            "xxxx",
            "0123456789",
            "insert",
            "your-",
        ];
        if sample.iter().any(|word| lower.contains(word)) {
            return Err("the secret looks like a placeholder".to_owned());
        }
        if text.len() < SECRET_MIN {
            return Err(format!("the secret has only {} characters", text.len()));
        }
        let mut seen = [false; 256];
        text.bytes().for_each(|byte| seen[usize::from(byte)] = true);
        if seen.iter().filter(|seen| **seen).count() < 8 {
            return Err("the secret repeats a few characters".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
    fn from_toml(value: &Value) -> Result<Self, String> {
        // The message must not quote the value, whatever its type.
        value.as_str().ok_or_else(|| format!("the secret is of type {}", value.type_str())).and_then(Self::from_text)
    }
    fn to_toml(&self) -> Option<Value> {
        None
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Setting for LogFormat {
    const EXPECTS: &'static str = "\"text\" or \"json\"";
    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("{text:?} is not a log format")),
        }
    }
    fn to_toml(&self) -> Option<Value> {
        Some(Value::String(
            match self {
                Self::Text => "text",
                Self::Json => "json",
            }
            .to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_round_trip() {
        for text in ["500ms", "30s", "5m", "2h", "7d"] {
            let span = Span::from_text(text).unwrap();
            assert_eq!(span.to_toml().unwrap().as_str(), Some(text));
        }
        for text in ["1000B", "256KiB", "1MiB"] {
            assert_eq!(Bytes::from_text(text).unwrap().to_toml().unwrap().as_str(), Some(text));
        }
        for text in ["", "5", "s", "-1s", "5 fortnights", "99999999999999999999s"] {
            assert!(Span::from_text(text).is_err(), "{text}");
        }
        assert!(Bytes::from_text("4GiB").is_err());
    }

    #[test]
    fn sample_secrets_are_refused_and_never_shown() {
        for text in ["short", "change-me-change-me-change-me-change-me", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
            let error = Secret::from_text(text).unwrap_err();
            assert!(!error.contains(text), "{error}");
        }
        let secret = Secret::from_text("9f2c4be1a07d43c2b6f3e8d1905a7c64").unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn origins_are_scheme_and_host_only() {
        assert_eq!(WebOrigin::from_text("https://Shop.example").unwrap().0, "https://shop.example");
        for text in ["shop.example", "https://", "https://a/b", "ftp://a", "https://*.a"] {
            assert!(WebOrigin::from_text(text).is_err(), "{text}");
        }
    }
}
