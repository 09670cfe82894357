//! What goes into a [`ServerStream`](super::ServerStream) and what comes out.

use xmpp::jid::BareJid;
use xmpp::stanza::StreamError;
use xmpp::time::Mono;
use xmpp::xml::Element;

use super::inline::Inline;
use super::register::{Password, RegistrationRefused};
use crate::StreamHeader;
use crate::sasl::{Kdf, Mechanism, SaslCondition, ScramHash, StoredKeys, TokenChange, Tokens};

/// What the transport and the shell tell the stream.
#[derive(Clone, Debug)]
pub enum Input {
    /// The transport is open: from now on the client has limited time.
    Opened,
    /// The client's stream header: `<open/>`, `<stream:stream>`, or a BOSH creation or restart.
    StreamStart(StreamHeader),
    /// One whole top-level element.
    Received(Element),
    /// What [`Output::LoadCredentials`] asked for.
    Credentials {
        /// The token of the request.
        token: u32,
        /// `Ok(None)`: there is no such account, it has no such keys, or it may not sign in. `Err`: storage cannot say now.
        result: Result<Option<StoredKeys>, CredentialsUnavailable>,
    },
    /// The salted password that [`Output::Derive`] asked for; empty when it could not be derived.
    Derived {
        /// The token of the request.
        token: u32,
        /// As many bytes as the hash has.
        salted_password: Vec<u8>,
    },
    /// What [`Output::LoadTokens`] asked for; empty when there are none.
    Tokens {
        /// The token of the request.
        token: u32,
        /// `Err`: storage cannot say now.
        result: Result<Tokens, CredentialsUnavailable>,
    },
    /// What came of [`Output::ChangeTokens`].
    TokensChanged {
        /// The token of the request.
        token: u32,
        /// What [`Tokens::apply`] answered, when that is durable. `Err`: storage cannot now.
        result: Result<bool, CredentialsUnavailable>,
    },
    /// What came of [`Output::Register`].
    Registered {
        /// The token of the request.
        token: u32,
        /// The account is durable, or why there is none.
        result: Result<(), RegistrationRefused>,
    },
    /// The client ended the stream: `<close/>`, `</stream:stream>`, or BOSH `terminate`.
    StreamEnd,
    /// What came in was not XML, or not framed as it must be: ends the stream with this error.
    Malformed(StreamError),
    /// The transport is gone.
    Closed,
    /// The time of the last [`Output::SetTimer`] has come.
    Timer,
}

/// Storage could not say whether there is such an account: a temporary failure for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CredentialsUnavailable;

/// What the stream wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Send this stream header: [`StreamHeader::to_websocket`] or [`StreamHeader::to_tcp`]; BOSH has its attributes in the body.
    OpenReply(StreamHeader),
    /// Send this element.
    Transmit(Element),
    /// The next thing from the client is a new stream header (RFC 6120 §6.4.6): a TCP framer begins anew.
    Restarted,
    /// Send what is before this, drop whatever the client has sent beyond its last element, and do the TLS handshake
    /// (RFC 6120 §5.4.3). The next thing from the client is a new stream header.
    StartTls,
    /// Load the account's keys and answer with [`Input::Credentials`].
    LoadCredentials {
        /// To be repeated in the answer.
        token: u32,
        /// Whose.
        account: BareJid,
        /// For which hash.
        hash: ScramHash,
    },
    /// Load the tokens of one client of the account and answer with [`Input::Tokens`].
    LoadTokens {
        /// To be repeated in the answer.
        token: u32,
        /// Whose.
        account: BareJid,
        /// The client's id of itself (XEP-0388 §2.3).
        agent: String,
    },
    /// Change the tokens of one client by [`Tokens::apply`], in one transaction, and answer with [`Input::TokensChanged`].
    ChangeTokens {
        /// To be repeated in the answer.
        token: u32,
        /// Whose.
        account: BareJid,
        /// The client's id of itself.
        agent: String,
        /// How.
        change: TokenChange,
    },
    /// Make an account and answer with [`Input::Registered`].
    Register {
        /// To be repeated in the answer.
        token: u32,
        /// Whose.
        account: BareJid,
        /// Not empty.
        password: Password,
    },
    /// Run PBKDF2 (to check a PLAIN password) and answer with [`Input::Derived`].
    Derive {
        /// To be repeated in the answer.
        token: u32,
        /// What to derive.
        kdf: Kdf,
    },
    /// Tell the owner.
    Event(ServerEvent),
    /// Send the stream error, if there is one, end the stream and then the transport. The last output.
    Close(Option<StreamError>),
    /// Call back with [`Input::Timer`] at this time, or not at all. Replaces the one before.
    SetTimer(Option<Mono>),
}

/// What the owner learns.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerEvent {
    /// The client has proven who it is. Elements follow once it has restarted the stream; with SASL2, at once.
    Authenticated {
        /// The account; for ANONYMOUS that of the configuration.
        account: BareJid,
        /// How.
        mechanism: Mechanism,
        /// SASL2: what the host answers, and with what.
        inline: Option<Box<Inline>>,
    },
    /// An element of the authenticated client.
    Element(Element),
    /// An attempt failed; for the log and for limits per address.
    AuthFailed {
        /// Who the client said it was, if it came to that.
        account: Option<BareJid>,
        /// What it was told.
        condition: SaslCondition,
    },
}
