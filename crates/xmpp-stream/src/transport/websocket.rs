//! WebSocket messages as RFC 7395 frames a stream: one whole element each.

use xmpp::ns;
use xmpp::stanza::{StreamCondition, StreamError};
use xmpp::xml::{Element, Limits, XmlError, parse_with};

use crate::StreamHeader;
use crate::{client, server};

/// The subprotocol's name (RFC 7395 §3.1).
pub const SUBPROTOCOL: &str = "xmpp";

/// What one text message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// `<open/>`: a stream header.
    Open(StreamHeader),
    /// `<close/>`: the stream's end.
    Close {
        /// Where the sender wants the client to go (§3.6.1), unchecked.
        see_other_uri: Option<String>,
    },
    /// Anything else.
    Element(Element),
}

impl Frame {
    /// What the client's stream should be told.
    #[must_use]
    pub fn into_client_input(self) -> client::Input {
        match self {
            Frame::Open(header) => client::Input::StreamStart(header),
            Frame::Close { see_other_uri } => client::Input::StreamEnd { see_other_uri },
            Frame::Element(element) => client::Input::Received(element),
        }
    }

    /// What the server's stream should be told.
    #[must_use]
    pub fn into_server_input(self) -> server::Input {
        match self {
            Frame::Open(header) => server::Input::StreamStart(header),
            Frame::Close { .. } => server::Input::StreamEnd,
            Frame::Element(element) => server::Input::Received(element),
        }
    }
}

/// Why a text message is no frame. Answer it with the stream error it turns into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Not exactly one element from the first character on (§3.3.3), not XML, or beyond the limits.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// `<stream:stream>` belongs to TCP (§3.3.2).
    #[error("a stream header of tcp")]
    TcpHeader,
    /// An element of the framing's namespace other than `<open/>` and `<close/>`.
    #[error("an unknown framing element")]
    UnknownFraming,
}

impl From<FrameError> for StreamError {
    fn from(error: FrameError) -> StreamError {
        match error {
            FrameError::Xml(error) => StreamError::from(error),
            FrameError::TcpHeader => StreamError::new(StreamCondition::InvalidNamespace),
            FrameError::UnknownFraming => StreamError::new(StreamCondition::UnsupportedStanzaType),
        }
    }
}

/// Reads one text message. Binary messages are a policy-violation, which the shell says without asking.
///
/// # Errors
/// When the frame is not exactly one element (§3.3.3), not XML, or beyond the limits.
pub fn parse(text: &str, limits: &Limits) -> Result<Frame, FrameError> {
    // §3.3.3: the first character is `<`; white-space keep-alives do not exist here.
    if !text.starts_with('<') {
        return Err(XmlError::NotWellFormed.into());
    }
    let element = parse_with(text, limits)?;
    if let Some(header) = StreamHeader::read(&element) {
        return if element.ns() == ns::FRAMING { Ok(Frame::Open(header)) } else { Err(FrameError::TcpHeader) };
    }
    if element.ns() == ns::FRAMING {
        return if element.name() == "close" {
            Ok(Frame::Close { see_other_uri: element.attr("see-other-uri").map(str::to_owned) })
        } else {
            Err(FrameError::UnknownFraming)
        };
    }
    Ok(Frame::Element(element))
}

/// The text of a message with this element; it declares every namespace it needs (§3.3.3).
#[must_use]
pub fn write(element: &Element) -> String {
    element.to_xml()
}

/// The text of `<close/>` (§3.6), with an address to go to instead if there is one.
#[must_use]
pub fn close(see_other_uri: Option<&str>) -> String {
    Element::new("close", ns::FRAMING).with_opt_attr("see-other-uri", see_other_uri).to_xml()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Frame, StreamCondition> {
        parse(text, &Limits::default()).map_err(|error| StreamError::from(error).condition)
    }

    #[test]
    fn rfc_7395_examples() {
        let open =
            read("<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='example.com' version='1.0' xml:lang='en'/>");
        let header = StreamHeader {
            to: Some("example.com".into()),
            version: Some("1.0".into()),
            lang: Some("en".into()),
            ..StreamHeader::default()
        };
        assert_eq!(open, Ok(Frame::Open(header.clone())));
        assert_eq!(read(&header.to_websocket()), Ok(Frame::Open(header)));
        assert_eq!(
            read(
                "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing' see-other-uri='wss://otherendpoint.example/xmpp-bind'/>"
            ),
            Ok(Frame::Close { see_other_uri: Some("wss://otherendpoint.example/xmpp-bind".into()) })
        );
        assert_eq!(read(&close(None)), Ok(Frame::Close { see_other_uri: None }));
        assert_eq!(read(&close(Some("wss://a/?b&c"))), Ok(Frame::Close { see_other_uri: Some("wss://a/?b&c".into()) }));
        assert!(matches!(read("<?xml version='1.0'?><message xmlns='jabber:client'/>"), Ok(Frame::Element(_))));
    }

    #[test]
    fn what_is_not_one_element_is_refused() {
        assert_eq!(read(""), Err(StreamCondition::NotWellFormed));
        assert_eq!(read(" "), Err(StreamCondition::NotWellFormed));
        assert_eq!(read("hello"), Err(StreamCondition::NotWellFormed));
        assert!(read("<message xmlns='jabber:client'/><message xmlns='jabber:client'/>").is_err());
        assert!(read("<stream:features/>").is_err());
        assert_eq!(read("<!-- a --><a xmlns='b'/>"), Err(StreamCondition::RestrictedXml));
        assert_eq!(
            read("<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client'/>"),
            Err(StreamCondition::InvalidNamespace)
        );
        assert_eq!(
            read("<other xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>"),
            Err(StreamCondition::UnsupportedStanzaType)
        );
    }
}
