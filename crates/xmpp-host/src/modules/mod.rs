//! What the host can do beyond routing, one module per XEP. A module says what it answers and what it advertises; it holds no state.
//!
//! To add one: a folder here, a constructor in [`ALL`].

pub(crate) mod avatar_conversion;
pub mod blocking;
pub(crate) mod caps;
pub(crate) mod carbons;
pub mod contact;
pub(crate) mod csi;
pub(crate) mod disco;
pub(crate) mod legacy_session;
pub(crate) mod mam;
pub(crate) mod offline;
pub mod pep;
pub(crate) mod ping;
pub(crate) mod private_storage;
pub mod register;
pub(crate) mod roster;
pub(crate) mod stable_ids;
pub(crate) mod time;
pub(crate) mod vcard_temp;
pub(crate) mod version;

use xmpp::jid::BareJid;
use xmpp::stanza::{Iq, StanzaError};
use xmpp::time::Now;
use xmpp::xep::data_forms::DataForm;
use xmpp::xep::disco::Identity;
use xmpp::xml::Element;

use crate::config::HostConfig;
use crate::modules::blocking::BlockRequest;
use crate::modules::pep::request::NodeRequest;
use crate::modules::register::AccountChange;
use crate::modules::roster::RosterRequest;
use crate::storage::{OpResult, Query, Rows, StoreOp};

/// A constructor of a module, under the name that the configuration denies it by.
pub type Constructor = (&'static str, fn() -> Box<dyn Module>);

/// Every module there is.
pub const ALL: &[Constructor] = &[
    (roster::NAME, || Box::new(roster::Roster)),
    (blocking::NAME, || Box::new(blocking::Blocking)),
    (carbons::NAME, || Box::new(carbons::Carbons)),
    (csi::NAME, || Box::new(csi::ClientState)),
    (mam::NAME, || Box::new(mam::Mam)),
    (offline::NAME, || Box::new(offline::Offline)),
    (contact::NAME, || Box::new(contact::Contact)),
    (disco::NAME, || Box::new(disco::Disco)),
    (caps::NAME, || Box::new(caps::Caps)),
    (vcard_temp::NAME, || Box::new(vcard_temp::VcardTemp)),
    (private_storage::NAME, || Box::new(private_storage::PrivateStorage)),
    (pep::NAME, || Box::new(pep::Pep)),
    (avatar_conversion::NAME, || Box::new(avatar_conversion::AvatarConversion)),
    (register::NAME, || Box::new(register::Registration)),
    (ping::NAME, || Box::new(ping::Ping)),
    (time::NAME, || Box::new(time::Time)),
    (version::NAME, || Box::new(version::Version)),
    (stable_ids::NAME, || Box::new(stable_ids::StableIds)),
    (legacy_session::NAME, || Box::new(legacy_session::LegacySession)),
];

/// One XEP on the host's side.
pub trait Module: Send + Sync {
    /// What service discovery shows of it (XEP-0030) on the domain or on an account.
    fn features(&self, at: At) -> &'static [&'static str] {
        let _ = at;
        &[]
    }

    /// What else there is at an address because of it.
    fn identities(&self, at: At) -> Vec<Identity> {
        let _ = at;
        Vec::new()
    }

    /// What service discovery shows of it besides (XEP-0128).
    fn forms(&self, at: At, config: &HostConfig) -> Vec<DataForm> {
        let _ = (at, config);
        Vec::new()
    }

    /// The requests it answers.
    fn iq_handlers(&self) -> &'static [IqHandler] {
        &[]
    }

    /// What it adds to the stream features after authentication (RFC 6120 §4.3.2).
    fn stream_features(&self, registry: &Registry, config: &HostConfig) -> Vec<Element> {
        let _ = (registry, config);
        Vec::new()
    }
}

/// Where a request is addressed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The chat domain.
    Domain,
    /// The bare JID of an account.
    Account,
}

/// Who may ask an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Its own sessions.
    Owner,
    /// Those who see its presence, too.
    Subscribers,
    /// Everybody on this host.
    Anyone,
}

/// One kind of request and the function that answers it.
pub struct IqHandler {
    /// Name of the payload.
    pub name: &'static str,
    /// Its namespace.
    pub ns: &'static str,
    /// `set` or `get`.
    pub set: bool,
    /// Where.
    pub at: At,
    /// Who.
    pub access: Access,
    /// Answers; the element is the payload.
    pub handle: fn(&Request<'_>, &Element) -> Answer,
}

/// A request and what its handler may know.
pub struct Request<'a> {
    /// The stanza, `from` stamped.
    pub iq: &'a Iq,
    /// The account that is asked, or that asks the domain.
    pub account: &'a BareJid,
    /// It is one of the account's own sessions that asks.
    pub owner: bool,
    /// Whoever asks sees the account's presence.
    pub subscriber: bool,
    /// The account is an anonymous one: it has no storage.
    pub anonymous: bool,
    /// What an earlier step of the same handler left for this one.
    pub memo: Option<Element>,
    /// The time of the input that led here.
    pub now: Now,
    /// The host's configuration.
    pub config: &'a HostConfig,
    /// The modules that are on.
    pub registry: &'a Registry,
}

/// Goes on when a read is answered.
pub type LoadThen = fn(&Request<'_>, Rows) -> Answer;
/// Goes on when a write is durable.
pub type StoreThen = fn(&Request<'_>, Vec<OpResult>) -> Answer;

/// What to answer, as data. Failing storage is answered without the module.
pub enum Answer {
    /// Nothing at all.
    Nothing,
    /// A result.
    Result(Option<Element>),
    /// An error.
    Error(StanzaError),
    /// Messages to whoever asked, then a result.
    Messages {
        /// Stanzas, complete.
        messages: Vec<Element>,
        /// The payload of the result.
        result: Element,
    },
    /// Read first.
    Load {
        /// What.
        query: Query,
        /// Handed to `then` in its request.
        memo: Option<Element>,
        /// Then.
        then: LoadThen,
    },
    /// Write first.
    Store {
        /// What, in one transaction.
        ops: Vec<StoreOp>,
        /// Then.
        then: StoreThen,
    },
    /// Change the session that asks; then an empty result.
    Session(Change),
    /// Run in the account's turn with its roster.
    Roster(RosterRequest),
    /// Run in the account's turn with what it has blocked.
    Blocking(BlockRequest),
    /// Run in the account's turn.
    Account(AccountChange),
    /// Run in the account's turn with its nodes.
    Node(Box<NodeRequest>),
}

/// A change of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// XEP-0280 on or off.
    Carbons(bool),
}

/// What routing has to know of the modules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(crate) archive: bool,
    pub(crate) offline: bool,
    pub(crate) carbons: bool,
    pub(crate) blocking: bool,
    pub(crate) csi: bool,
    pub(crate) pep: bool,
    pub(crate) avatars: bool,
}

/// The modules that are on.
pub struct Registry {
    modules: Vec<Box<dyn Module>>,
    policy: Policy,
}

impl Registry {
    /// All modules but those the configuration denies.
    pub fn new(config: &HostConfig) -> Self {
        let allowed = |name: &str| !config.denied_modules.iter().any(|denied| denied == name);
        let policy = Policy {
            archive: allowed(mam::NAME),
            offline: allowed(offline::NAME),
            carbons: allowed(carbons::NAME),
            blocking: allowed(blocking::NAME),
            csi: allowed(csi::NAME),
            pep: allowed(pep::NAME),
            avatars: [avatar_conversion::NAME, pep::NAME, vcard_temp::NAME].into_iter().all(allowed),
        };
        // Without both of what it joins there is nothing to convert.
        let works = |name: &str| allowed(name) && (name != avatar_conversion::NAME || policy.avatars);
        let modules = ALL.iter().filter(|(name, _)| works(name)).map(|(_, construct)| construct()).collect();
        Self { modules, policy }
    }

    pub(crate) fn policy(&self) -> Policy {
        self.policy
    }

    pub(crate) fn handler(&self, at: At, payload: &Element, set: bool) -> Option<&'static IqHandler> {
        let handlers = self.modules.iter().flat_map(|module| module.iq_handlers());
        handlers.into_iter().find(|it| it.at == at && it.set == set && payload.is(it.name, it.ns))
    }

    /// Every feature at an address, sorted, each once.
    pub fn features(&self, at: At) -> Vec<&'static str> {
        let mut features: Vec<_> = self.modules.iter().flat_map(|module| module.features(at)).copied().collect();
        features.sort_unstable();
        features.dedup();
        features
    }

    /// Every identity at an address but its first.
    pub fn identities(&self, at: At) -> Vec<Identity> {
        self.modules.iter().flat_map(|module| module.identities(at)).collect()
    }

    /// Every form at an address.
    pub fn forms(&self, at: At, config: &HostConfig) -> Vec<DataForm> {
        self.modules.iter().flat_map(|module| module.forms(at, config)).collect()
    }

    /// What the modules add to the stream features after authentication.
    pub fn stream_features(&self, config: &HostConfig) -> Vec<Element> {
        self.modules.iter().flat_map(|module| module.stream_features(self, config)).collect()
    }
}
