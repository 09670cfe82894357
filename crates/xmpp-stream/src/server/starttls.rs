//! STARTTLS (RFC 6120 §5): the stream asks for the change, the shell makes it.

use xmpp::ns;
use xmpp::stanza::StreamCondition;
use xmpp::xml::Element;

use super::event::Output;
use super::machine::{ServerStream, State};
use crate::sasl::SaslCondition;

impl ServerStream {
    /// Offers STARTTLS, on a transport that is bare TCP. Where the connection is not
    /// [`secure`](super::ServerStreamConfig::secure) without it, nothing else is offered until it is done.
    #[must_use]
    pub fn with_starttls(mut self) -> ServerStream {
        self.starttls = true;
        self
    }

    /// Whether nothing but `<starttls/>` may come (RFC 6120 §5.3.1).
    pub(super) fn requires_tls(&self) -> bool {
        self.starttls && !self.config.secure
    }

    /// The feature, if it is to be offered.
    pub(super) fn starttls_feature(&self) -> Option<Element> {
        let feature = Element::new("starttls", ns::TLS);
        self.starttls.then(|| match self.requires_tls() {
            true => feature.with_child(Element::new("required", ns::TLS)),
            false => feature,
        })
    }

    /// An element of STARTTLS's namespace.
    pub(super) fn received_tls(&mut self, element: &Element) {
        let offered = self.starttls && matches!(self.state, State::Mechanisms);
        if element.name() != "starttls" || !offered {
            // RFC 6120 §5.4.2.2: the failure, then the end of the stream.
            self.out.push_back(Output::Transmit(Element::new("failure", ns::TLS)));
            return self.close(None);
        }
        self.starttls = false;
        self.config.secure = true;
        // RFC 6120 §5.4.3.3: what the client said before is forgotten; §4.7.3: the new stream has an id of its own.
        self.config.stream_id.push_str("-tls");
        self.state = State::New;
        self.out.push_back(Output::Transmit(Element::new("proceed", ns::TLS)));
        self.out.push_back(Output::StartTls);
    }

    /// Anything else where TLS has to come first.
    pub(super) fn received_before_tls(&mut self, element: &Element) {
        if element.ns() == ns::SASL {
            self.failed(SaslCondition::EncryptionRequired);
        } else {
            self.close_with(StreamCondition::NotAuthorized);
        }
    }
}
