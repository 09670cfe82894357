//! What a client needs to know of `<stream:features/>` (RFC 6120 §4.3.2).

use xmpp::ns;
use xmpp::xml::Element;

use crate::sasl::Mechanism;

/// The mechanisms in an element that this crate speaks.
pub(super) fn mechanisms(element: &Element) -> Vec<Mechanism> {
    let names = element.children_named("mechanism", element.ns());
    names.filter_map(|mechanism| Mechanism::from_name(mechanism.text().trim())).collect()
}

/// What a server does together with SASL2 (XEP-0388 §2.1).
#[derive(Clone, Copy)]
pub(super) struct Inline {
    pub(super) sm: bool,
    pub(super) bind: bool,
    /// It takes tokens, and gives them.
    pub(super) token: bool,
}

impl Inline {
    /// What is assumed of a server that gave a token.
    pub(super) const ALL: Inline = Inline { sm: true, bind: true, token: true };

    pub(super) fn read(authentication: &Element) -> Inline {
        let child = |name, ns| authentication.child("inline", ns::SASL2).and_then(|inline| inline.child(name, ns));
        let takes = |fast: &Element| {
            let mut names = fast.children_named("mechanism", ns::FAST);
            names.any(|mechanism| mechanism.text().trim() == Mechanism::Token.name())
        };
        Inline {
            sm: child("sm", ns::SM).is_some(),
            bind: child("bind", ns::BIND2).is_some(),
            token: child("fast", ns::FAST).is_some_and(takes),
        }
    }
}

/// Whether the server wants the session of RFC 3921: offered, and not marked optional.
pub(super) fn wants_session(features: &Element) -> bool {
    features.child("session", ns::SESSION).is_some_and(|session| session.child("optional", ns::SESSION).is_none())
}

/// Whether the server has stream management.
pub(super) fn has_sm(features: &Element) -> bool {
    features.child("sm", ns::SM).is_some()
}

/// Whether the server binds resources.
pub(super) fn has_bind(features: &Element) -> bool {
    features.child("bind", ns::BIND).is_some()
}
