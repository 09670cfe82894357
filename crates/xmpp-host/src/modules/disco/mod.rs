//! XEP-0030: what the domain and the accounts are and can do.

use xmpp::ns;
use xmpp::stanza::{Condition, StanzaError};
use xmpp::xml::Element;

use crate::modules::{Access, Answer, At, IqHandler, Module, Registry, Request};

pub(crate) const NAME: &str = "disco";

pub(crate) struct Disco;

impl Module for Disco {
    fn features(&self, _: At) -> &'static [&'static str] {
        &[ns::DISCO_INFO, ns::DISCO_ITEMS]
    }

    fn iq_handlers(&self) -> &'static [IqHandler] {
        const INFO: IqHandler = IqHandler {
            name: "query",
            ns: ns::DISCO_INFO,
            set: false,
            at: At::Domain,
            access: Access::Anyone,
            handle: domain_info,
        };
        const ITEMS: IqHandler = IqHandler { ns: ns::DISCO_ITEMS, handle: items, ..INFO };
        // §8: an account tells only those who may see it anyway.
        const ACCOUNT: IqHandler = IqHandler { at: At::Account, access: Access::Subscribers, handle: account_info, ..INFO };
        &[INFO, ITEMS, ACCOUNT, IqHandler { ns: ns::DISCO_ITEMS, handle: items, ..ACCOUNT }]
    }
}

/// Category and type of the identity at an address.
pub(crate) fn identity(at: At) -> (&'static str, &'static str) {
    match at {
        At::Domain => ("server", "im"),
        At::Account => ("account", "registered"),
    }
}

fn domain_info(request: &Request<'_>, payload: &Element) -> Answer {
    let node = payload.attr("node");
    let known = node.is_none() || node.map(str::to_owned) == request.registry.caps_node(request.config);
    if known { info(At::Domain, request, node) } else { unknown_node() }
}

fn account_info(request: &Request<'_>, payload: &Element) -> Answer {
    if payload.attr("node").is_some() { unknown_node() } else { info(At::Account, request, None) }
}

fn info(at: At, request: &Request<'_>, node: Option<&str>) -> Answer {
    let (category, type_) = match (at, request.anonymous) {
        (At::Account, true) => ("account", "anonymous"),
        _ => identity(at),
    };
    let identity = Element::new("identity", ns::DISCO_INFO)
        .with_attr("category", category)
        .with_attr("type", type_)
        .with_opt_attr("name", (at == At::Domain).then(|| request.config.software_name.clone()));
    let query = Element::new("query", ns::DISCO_INFO)
        .with_opt_attr("node", node)
        .with_child(identity)
        .with_children(request.registry.features(at).into_iter().map(feature));
    Answer::Result(Some(query))
}

fn feature(var: &'static str) -> Element {
    Element::new("feature", ns::DISCO_INFO).with_attr("var", var)
}

fn items(_: &Request<'_>, payload: &Element) -> Answer {
    match payload.attr("node") {
        None => Answer::Result(Some(Element::new("query", ns::DISCO_ITEMS))),
        Some(_) => unknown_node(),
    }
}

/// §7: there is no such node.
fn unknown_node() -> Answer {
    Answer::Error(StanzaError::from(Condition::ItemNotFound))
}

impl Registry {
    /// The node that capabilities advertise, while that module is on.
    pub(crate) fn caps_node(&self, config: &crate::config::HostConfig) -> Option<String> {
        let caps = self.stream_features(config).into_iter().find(|it| it.is("c", ns::CAPS))?;
        Some(format!("{}#{}", caps.attr("node")?, caps.attr("ver")?))
    }
}
