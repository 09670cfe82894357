//! XEP-0092: Software Version. The operating system is nobody's business (§4).

use xmpp::ns;
use xmpp::xml::Element;

use crate::modules::{Access, Answer, At, IqHandler, Module, Request};

pub(crate) const NAME: &str = "version";

pub(crate) struct Version;

impl Module for Version {
    fn features(&self, at: At) -> &'static [&'static str] {
        match at {
            At::Domain => &[ns::VERSION],
            At::Account => &[],
        }
    }

    fn iq_handlers(&self) -> &'static [IqHandler] {
        &[IqHandler {
            name: "query",
            ns: ns::VERSION,
            set: false,
            at: At::Domain,
            access: Access::Anyone,
            handle: tell,
        }]
    }
}

fn tell(request: &Request<'_>, _: &Element) -> Answer {
    let text = |name: &'static str, text: &str| Element::new(name, ns::VERSION).with_text(text);
    let query = Element::new("query", ns::VERSION)
        .with_child(text("name", &request.config.software_name))
        .with_child(text("version", &request.config.software_version));
    Answer::Result(Some(query))
}
