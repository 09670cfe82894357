//! What a client of SASL2 asked for together with its sign-in (XEP-0388 §2.1), on its way to the host, which answers.

use xmpp::ns;
use xmpp::xml::Element;

/// The half of `<success/>` that the stream knows, and what the other half is to answer.
///
/// The host does it in this order: `resume`, and if that is nothing, `bind`; then it sends `success` with the client's address
/// and what came of both, and after that `features`, unless the session was resumed (XEP-0198 §9.2).
#[derive(Clone, Debug, PartialEq)]
pub struct Inline {
    /// `<success/>` without `<authorization-identifier/>`.
    pub success: Element,
    /// `<resume/>` of XEP-0198 §9.2.
    pub resume: Option<Element>,
    /// `<bind/>` of XEP-0386.
    pub bind: Option<Bind>,
    /// `<stream:features/>` for a session that is new.
    pub features: Element,
}

/// A resource to bind (XEP-0386 §3.2).
#[derive(Clone, Debug, PartialEq)]
pub struct Bind {
    /// The resource, the same for each sign-in of one client; `None`: any.
    pub resource: Option<String>,
    /// `<enable/>` of stream management.
    pub sm: Option<Element>,
    /// Carbons (XEP-0280) from the start.
    pub carbons: bool,
    /// Whether somebody is looking (XEP-0352); `None`: not said.
    pub active: Option<bool>,
}

impl Bind {
    /// What the request says; the resource is made of its tag and of `stable`, which tells nothing of what it is made of.
    pub(super) fn read(bind: &Element, stable: Option<&str>) -> Bind {
        // The tag is what others see; a longer one than this is no word.
        let tag = bind.child("tag", ns::BIND2).map(Element::text);
        let tag = tag.as_deref().map(str::trim).filter(|tag| !tag.is_empty() && tag.len() <= 64);
        let resource = stable.map(|stable| match tag {
            Some(tag) => [tag, "/", stable].concat(),
            None => stable.to_owned(),
        });
        Bind {
            resource,
            sm: bind.child("enable", ns::SM).cloned(),
            carbons: bind.child("enable", ns::CARBONS).is_some(),
            active: bind.children().filter(|child| child.ns() == ns::CSI).find_map(|child| match child.name() {
                "active" => Some(true),
                "inactive" => Some(false),
                _ => None,
            }),
        }
    }
}
