//! XEP-0202: Entity Time, of the host, in UTC.

use xmpp::ns;
use xmpp::xml::Element;

use crate::modules::{Access, Answer, At, IqHandler, Module, Request};

pub(crate) const NAME: &str = "time";

pub(crate) struct Time;

impl Module for Time {
    fn features(&self, at: At) -> &'static [&'static str] {
        match at {
            At::Domain => &[ns::TIME],
            At::Account => &[],
        }
    }

    fn iq_handlers(&self) -> &'static [IqHandler] {
        &[IqHandler { name: "time", ns: ns::TIME, set: false, at: At::Domain, access: Access::Anyone, handle: tell }]
    }
}

fn tell(request: &Request<'_>, _: &Element) -> Answer {
    let text = |name: &'static str, text: String| Element::new(name, ns::TIME).with_text(text);
    let time = Element::new("time", ns::TIME)
        .with_child(text("tzo", "+00:00".to_owned()))
        .with_child(text("utc", request.now.wall.format()));
    Answer::Result(Some(time))
}
