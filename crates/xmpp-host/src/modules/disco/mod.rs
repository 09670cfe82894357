//! XEP-0030: what the domain and the accounts are and can do.

use xmpp::ns;
use xmpp::payload::Payload;
use xmpp::stanza::{Condition, StanzaError};
use xmpp::xep::disco::{DiscoInfo, Identity};
use xmpp::xml::Element;

use crate::config::HostConfig;
use crate::modules::pep::request::NodeRequest;
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
        const ACCOUNT: IqHandler =
            IqHandler { at: At::Account, access: Access::Subscribers, handle: account_info, ..INFO };
        &[INFO, ITEMS, ACCOUNT, IqHandler { ns: ns::DISCO_ITEMS, handle: account_items, ..ACCOUNT }]
    }
}

fn domain_info(request: &Request<'_>, payload: &Element) -> Answer {
    let node = payload.attr("node");
    let known = node.is_none() || node.map(str::to_owned) == request.registry.caps_node(request.config);
    if known { answer(At::Domain, request, node) } else { unknown_node() }
}

fn account_info(request: &Request<'_>, payload: &Element) -> Answer {
    match payload.attr("node") {
        None => answer(At::Account, request, None),
        Some(node) if request.registry.policy().pep => {
            Answer::Node(Box::new(NodeRequest::DiscoNode { node: node.into() }))
        }
        Some(_) => unknown_node(),
    }
}

fn answer(at: At, request: &Request<'_>, node: Option<&str>) -> Answer {
    let info = info(at, request.anonymous, request.registry, request.config);
    Answer::Result(Some(DiscoInfo { node: node.map(str::to_owned), ..info }.write()))
}

/// What there is at an address.
pub(crate) fn info(at: At, anonymous: bool, registry: &Registry, config: &HostConfig) -> DiscoInfo {
    let identity = match at {
        At::Domain => Identity::new("server", "im", Some(&config.software_name)),
        At::Account => Identity::new("account", if anonymous { "anonymous" } else { "registered" }, None),
    };
    let identities = [identity].into_iter().chain(registry.identities(at)).collect();
    let features = registry.features(at).into_iter().map(str::to_owned).collect();
    DiscoInfo { node: None, identities, features, forms: registry.forms(at, config) }
}

fn account_items(request: &Request<'_>, payload: &Element) -> Answer {
    match payload.attr("node") {
        _ if !request.registry.policy().pep => items(request, payload),
        None => Answer::Node(Box::new(NodeRequest::DiscoNodes)),
        Some(node) => Answer::Node(Box::new(NodeRequest::DiscoItems { node: node.into() })),
    }
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
    pub(crate) fn caps_node(&self, config: &HostConfig) -> Option<String> {
        let caps = self.stream_features(config).into_iter().find(|it| it.is("c", ns::CAPS))?;
        Some(format!("{}#{}", caps.attr("node")?, caps.attr("ver")?))
    }
}
