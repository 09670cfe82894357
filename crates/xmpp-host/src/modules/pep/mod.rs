//! XEP-0163: Personal Eventing Protocol: every account is a publish-subscribe service (XEP-0060) whose subscribers are those who see its
//! presence. `config` is what a node is like, `request` what is asked, `turn` how it is answered in the account's turn, `notify` who is
//! told. Who wants to be told of what, clients say in their capabilities: `caps/interests.rs`.
//!
//! There are no subscriptions but those by presence, no publishers but the owner.

pub(crate) mod config;
pub(crate) mod notify;
pub(crate) mod request;
pub(crate) mod turn;

use xmpp::ns;
use xmpp::xep::disco::Identity;

use crate::modules::{Access, At, IqHandler, Module};

pub(crate) const NAME: &str = "pep";

pub(crate) struct Pep;

impl Module for Pep {
    fn features(&self, at: At) -> &'static [&'static str] {
        match at {
            At::Domain => &[],
            // XEP-0060 §10
            At::Account => &[
                ns::PUBSUB,
                "http://jabber.org/protocol/pubsub#access-open",
                "http://jabber.org/protocol/pubsub#access-presence",
                "http://jabber.org/protocol/pubsub#access-whitelist",
                "http://jabber.org/protocol/pubsub#auto-create",
                "http://jabber.org/protocol/pubsub#auto-subscribe",
                "http://jabber.org/protocol/pubsub#config-node",
                "http://jabber.org/protocol/pubsub#config-node-max",
                "http://jabber.org/protocol/pubsub#create-and-configure",
                "http://jabber.org/protocol/pubsub#create-nodes",
                "http://jabber.org/protocol/pubsub#delete-items",
                "http://jabber.org/protocol/pubsub#delete-nodes",
                "http://jabber.org/protocol/pubsub#filtered-notifications",
                "http://jabber.org/protocol/pubsub#item-ids",
                "http://jabber.org/protocol/pubsub#last-published",
                "http://jabber.org/protocol/pubsub#meta-data",
                "http://jabber.org/protocol/pubsub#multi-items",
                "http://jabber.org/protocol/pubsub#persistent-items",
                "http://jabber.org/protocol/pubsub#presence-subscribe",
                "http://jabber.org/protocol/pubsub#publish",
                "http://jabber.org/protocol/pubsub#publish-options",
                "http://jabber.org/protocol/pubsub#purge-nodes",
                "http://jabber.org/protocol/pubsub#retract-items",
                "http://jabber.org/protocol/pubsub#retrieve-default",
                "http://jabber.org/protocol/pubsub#retrieve-items",
            ],
        }
    }

    fn identities(&self, at: At) -> Vec<Identity> {
        match at {
            At::Domain => Vec::new(),
            // XEP-0163 §6
            At::Account => vec![Identity::new("pubsub", "pep", None)],
        }
    }

    fn iq_handlers(&self) -> &'static [IqHandler] {
        const GET: IqHandler = IqHandler {
            name: "pubsub",
            ns: ns::PUBSUB,
            set: false,
            at: At::Account,
            access: Access::Anyone,
            handle: request::read,
        };
        const OWNER: IqHandler = IqHandler { ns: ns::PUBSUB_OWNER, handle: request::read_owner, ..GET };
        &[GET, IqHandler { set: true, ..GET }, OWNER, IqHandler { set: true, ..OWNER }]
    }
}
