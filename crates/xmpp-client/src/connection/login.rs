//! Who signs in with what, and what of it the tab keeps for a reload.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use xmpp::jid::BareJid;
use xmpp_stream::sasl::{ScramHash, ScramKeys, Secret};

use crate::api::SignIn;

/// What the person or page wants.
#[derive(Clone, Debug)]
pub(super) enum Goal {
    /// A form: refused credentials are final, and so is a server that never answered.
    Form,
    /// The token or keys the tab kept.
    Restore,
    /// The page is asked.
    Callback,
    /// The site makes the session.
    Prebind(String),
    /// No account.
    Anonymous,
}

/// What to authenticate with.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) domain: String,
    /// None for an anonymous one.
    pub(super) jid: Option<BareJid>,
    pub(super) secret: Secret,
    /// Given just now by the person or page, and not yet accepted by a server.
    pub(super) fresh: bool,
}

impl Login {
    pub(super) fn password(jid: BareJid, password: String) -> Self {
        Self { domain: String::from(jid.domain()), jid: Some(jid), secret: Secret::Password(password), fresh: true }
    }

    pub(super) fn anonymous(domain: String) -> Self {
        Self { domain, jid: None, secret: Secret::Anonymous, fresh: true }
    }
}

impl Goal {
    pub(super) fn of(sign_in: &SignIn) -> (Self, Option<Login>) {
        match sign_in {
            SignIn::Password { jid, password } => (Goal::Form, Some(Login::password(jid.clone(), password.0.clone()))),
            SignIn::Callback => (Goal::Callback, None),
            SignIn::Prebind { url } => (Goal::Prebind(url.clone()), None),
            SignIn::Anonymous { domain } => (Goal::Anonymous, Some(Login::anonymous(domain.clone()))),
            SignIn::Restore => (Goal::Restore, None),
        }
    }
}

/// Where the tab keeps the keys, if the server gave no token.
pub(super) const TAB_KEY: &str = "session/keys";
/// What all rows of the tab's session begin with.
pub(super) const SESSION: &str = "session/";

/// The keys and the resource as one row of the tab's store: one field a line.
pub(super) fn write_tab(jid: &BareJid, resource: &str, keys: &ScramKeys) -> String {
    let [salt, client, server] = [&keys.salt, &keys.client_key, &keys.server_key].map(|bytes| STANDARD.encode(bytes));
    let iterations = keys.iterations.to_string();
    [jid.as_str(), resource, keys.hash.name(), &iterations, &salt, &client, &server].join("\n")
}

/// The reverse of [`write_tab`].
pub(super) fn read_tab(row: &str) -> Option<(Login, String)> {
    let fields: Vec<&str> = row.split('\n').collect();
    let [jid, resource, hash, iterations, salt, client_key, server_key] = fields.try_into().ok()?;
    let jid = BareJid::new(jid).ok()?;
    let bytes = |text: &str| STANDARD.decode(text).ok();
    let keys = ScramKeys {
        hash: ScramHash::from_name(hash)?,
        salt: bytes(salt)?,
        iterations: iterations.parse().ok()?,
        client_key: bytes(client_key)?,
        server_key: bytes(server_key)?,
    };
    let login =
        Login { domain: String::from(jid.domain()), jid: Some(jid), secret: Secret::ScramKeys(keys), fresh: false };
    Some((login, String::from(resource)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_from_the_tab() {
        let keys = ScramKeys::new(ScramHash::Sha256, vec![1, 2, 3], 4096, &[9; 32]);
        let jid = BareJid::new("me@x.y").expect("a jid");
        let row = write_tab(&jid, "tab-1", &keys);
        let (login, resource) = read_tab(&row).expect("reads");
        assert_eq!((login.jid, resource.as_str(), login.domain.as_str()), (Some(jid), "tab-1", "x.y"));
        assert!(matches!(login.secret, Secret::ScramKeys(read) if read == keys));
        for broken in ["", "a\nb", "me@x.y\nr\nSHA-9\n1\n\n\n", &row.replace("me@x.y", "@")] {
            assert!(read_tab(broken).is_none(), "{broken}");
        }
    }
}
