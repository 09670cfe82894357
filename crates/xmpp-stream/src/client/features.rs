//! What a client needs to know of `<stream:features/>` (RFC 6120 §4.3.2).

use xmpp::ns;
use xmpp::xml::Element;

use crate::sasl::Mechanism;

/// The mechanisms offered that this crate speaks; `None` when there is no `<mechanisms/>` at all.
pub(super) fn mechanisms(features: &Element) -> Option<Vec<Mechanism>> {
    let mechanisms = features.child("mechanisms", ns::SASL)?;
    Some(
        mechanisms
            .children_named("mechanism", ns::SASL)
            .filter_map(|mechanism| Mechanism::from_name(mechanism.text().trim()))
            .collect(),
    )
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
