//! TCP bytes to stream events (RFC 6120 §4): where one top-level element ends and the next begins.
//!
//! The framer looks at no more of XML than it needs to find an element's end, within bounds of size and depth; reading the
//! element is [`xmpp::xml`]'s. Elements come out whole: what they inherit from the stream header is resolved in them.

use xmpp::ns;
use xmpp::stanza::{StreamCondition, StreamError};
use xmpp::xml::{Element, Limits, Scope, XmlError, parse_in, parse_start_scoped};

use crate::StreamHeader;
use crate::{client, server};

/// What the bytes said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FramerEvent {
    /// The start tag of `<stream:stream>`.
    StreamStart(StreamHeader),
    /// One whole child of the stream.
    Element(Element),
    /// The stream's end tag. Nothing comes after it.
    StreamEnd,
    /// One byte of white space between elements: a keep-alive (RFC 6120 §4.6.1).
    Whitespace,
}

impl FramerEvent {
    /// What the client's stream should be told; nothing of a keep-alive.
    #[must_use]
    pub fn into_client_input(self) -> Option<client::Input> {
        match self {
            FramerEvent::StreamStart(header) => Some(client::Input::StreamStart(header)),
            FramerEvent::Element(element) => Some(client::Input::Received(element)),
            FramerEvent::StreamEnd => Some(client::Input::StreamEnd { see_other_uri: None }),
            FramerEvent::Whitespace => None,
        }
    }

    /// What the server's stream should be told; nothing of a keep-alive.
    #[must_use]
    pub fn into_server_input(self) -> Option<server::Input> {
        match self {
            FramerEvent::StreamStart(header) => Some(server::Input::StreamStart(header)),
            FramerEvent::Element(element) => Some(server::Input::Received(element)),
            FramerEvent::StreamEnd => Some(server::Input::StreamEnd),
            FramerEvent::Whitespace => None,
        }
    }
}

/// Why the bytes are no XMPP stream. There is no going on after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramerError {
    /// Not XML, restricted XML, or beyond the limits.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The bytes are not UTF-8 (RFC 6120 §11.6).
    #[error("not utf-8")]
    NotUtf8,
    /// The document is not a stream, or its content is not `jabber:client` (RFC 6120 §4.8).
    #[error("not a client stream")]
    NotAStream,
}

impl From<FramerError> for StreamError {
    fn from(error: FramerError) -> StreamError {
        match error {
            FramerError::Xml(error) => StreamError::from(error),
            FramerError::NotUtf8 => StreamError::new(StreamCondition::UnsupportedEncoding),
            FramerError::NotAStream => StreamError::new(StreamCondition::InvalidNamespace),
        }
    }
}

/// One direction of a TCP stream. After every [`Framer::push`], call [`Framer::next`] until `None`.
pub struct Framer {
    limits: Limits,
    buffer: Vec<u8>,
    /// Where the piece that is not finished begins; what is before it is used up.
    start: usize,
    /// Up to where the bytes have been looked at.
    scan: usize,
    /// Where the last tag, declaration or section began.
    tag: usize,
    lex: Lex,
    /// Open elements, the stream itself included.
    depth: usize,
    scope: Scope,
    /// The stream's name as written, prefix included.
    root: Vec<u8>,
    over: bool,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lex {
    Text,
    /// After `<`.
    Opening,
    /// In a tag; `quote` is the quotation mark of the value it is in, or 0, `slash` whether the last byte was `/`.
    Tag {
        quote: u8,
        slash: bool,
        end: bool,
    },
    /// In an XML declaration.
    Declaration,
    /// After `<!`.
    Bang,
    Cdata,
}

impl Framer {
    /// A framer at the beginning of a stream.
    #[must_use]
    pub fn new(limits: Limits) -> Framer {
        Framer {
            limits,
            buffer: Vec::new(),
            start: 0,
            scan: 0,
            tag: 0,
            lex: Lex::Text,
            depth: 0,
            scope: Scope::new(),
            root: Vec::new(),
            over: false,
        }
    }

    /// Other limits from the next element on, as after authentication.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// A new stream begins in the same connection (RFC 6120 §6.4.6): the next thing is a header. Bytes that are already here
    /// count as the new stream's.
    pub fn restart(&mut self) {
        self.start = self.scan;
        self.lex = Lex::Text;
        self.depth = 0;
        self.scope = Scope::new();
        self.root.clear();
    }

    /// Adds bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.over {
            return;
        }
        self.buffer.drain(..self.start);
        self.scan -= self.start;
        self.tag = self.tag.saturating_sub(self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next event; `None` when more bytes are needed, and for ever after an error or the stream's end.
    #[expect(clippy::should_implement_trait, reason = "an iterator that ends and goes on after a push would mislead")]
    pub fn next(&mut self) -> Option<Result<FramerEvent, FramerError>> {
        while !self.over && self.scan < self.buffer.len() {
            let event = self.byte();
            if event.is_err() || event == Ok(Some(FramerEvent::StreamEnd)) {
                self.over = true;
                self.buffer = Vec::new();
                (self.start, self.scan) = (0, 0);
            }
            if let Some(event) = event.transpose() {
                return Some(event);
            }
        }
        None
    }

    /// Looks at one byte.
    fn byte(&mut self) -> Result<Option<FramerEvent>, FramerError> {
        let at = self.scan;
        let byte = self.buffer[at];
        self.scan += 1;
        if self.scan - self.start > self.limits.bytes {
            return Err(XmlError::TooLarge.into());
        }
        match self.lex {
            Lex::Text if byte == b'<' => {
                self.lex = Lex::Opening;
                self.tag = at;
            }
            // Inside an element the text is its reader's business.
            Lex::Text if self.depth > 1 => {}
            Lex::Text if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') => {
                // A declaration before it stays, for the header's reader.
                if self.start == at {
                    self.start = self.scan;
                }
                return Ok((self.depth == 1).then_some(FramerEvent::Whitespace));
            }
            Lex::Text => return Err(XmlError::NotWellFormed.into()),
            Lex::Opening => {
                self.lex = match byte {
                    b'/' if self.depth > 0 => Lex::Tag { quote: 0, slash: false, end: true },
                    // Only in front of the header, and only once.
                    b'?' if self.depth == 0 && self.start == self.tag => Lex::Declaration,
                    b'?' => return Err(XmlError::ProcessingInstruction.into()),
                    b'!' => Lex::Bang,
                    b'/' | b'>' | b'<' => return Err(XmlError::NotWellFormed.into()),
                    _ => Lex::Tag { quote: 0, slash: false, end: false },
                }
            }
            Lex::Tag { quote, slash, end } => return self.tag_byte(byte, quote, slash, end),
            Lex::Declaration => {
                if byte == b'>' {
                    if self.buffer[at - 1] != b'?' || !self.buffer[self.tag..].starts_with(b"<?xml") {
                        return Err(XmlError::ProcessingInstruction.into());
                    }
                    // It stays in front of the header, whose reader knows it.
                    self.lex = Lex::Text;
                }
            }
            Lex::Bang => {
                let written = &self.buffer[self.tag..self.scan];
                const CDATA: &[u8] = b"<![CDATA[";
                if !CDATA.starts_with(written) {
                    let comment = written.starts_with(b"<!-");
                    return Err(if comment { XmlError::Comment } else { XmlError::DocumentType }.into());
                }
                if self.depth < 2 {
                    return Err(XmlError::NotWellFormed.into());
                }
                if written.len() == CDATA.len() {
                    self.lex = Lex::Cdata;
                }
            }
            Lex::Cdata => {
                // `<![CDATA[` is nine bytes.
                if self.buffer[self.tag + 9..self.scan].ends_with(b"]]>") {
                    self.lex = Lex::Text;
                }
            }
        }
        Ok(None)
    }

    fn tag_byte(&mut self, byte: u8, quote: u8, slash: bool, end: bool) -> Result<Option<FramerEvent>, FramerError> {
        match byte {
            _ if quote != 0 => {
                let quote = if byte == quote { 0 } else { quote };
                self.lex = Lex::Tag { quote, slash: false, end };
            }
            b'"' | b'\'' => self.lex = Lex::Tag { quote: byte, slash: false, end },
            b'<' => return Err(XmlError::NotWellFormed.into()),
            b'>' => {
                self.lex = Lex::Text;
                return if end {
                    self.end_tag()
                } else if slash {
                    self.empty_tag()
                } else {
                    self.start_tag()
                };
            }
            _ => self.lex = Lex::Tag { quote, slash: byte == b'/', end },
        }
        Ok(None)
    }

    fn start_tag(&mut self) -> Result<Option<FramerEvent>, FramerError> {
        self.depth += 1;
        // The stream itself does not count.
        if self.depth > self.limits.depth.saturating_add(1) {
            return Err(XmlError::TooDeep.into());
        }
        if self.depth > 1 {
            return Ok(None);
        }
        let (element, scope) = parse_start_scoped(text(&self.buffer[self.start..self.scan])?, &self.limits)?;
        let header =
            StreamHeader::read(&element).filter(|_| element.ns() == ns::STREAM).ok_or(FramerError::NotAStream)?;
        let content = parse_in("<content/>", &scope, &self.limits)?;
        if content.ns() != ns::CLIENT {
            return Err(FramerError::NotAStream);
        }
        let tag = &self.buffer[self.tag + 1..self.scan];
        let name_len = tag.iter().position(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b'>')).unwrap_or(tag.len());
        self.root = tag[..name_len].to_vec();
        self.scope = scope;
        self.start = self.scan;
        Ok(Some(FramerEvent::StreamStart(header)))
    }

    fn empty_tag(&mut self) -> Result<Option<FramerEvent>, FramerError> {
        match self.depth {
            0 => Err(FramerError::NotAStream),
            1 => self.element().map(Some),
            depth if depth > self.limits.depth => Err(XmlError::TooDeep.into()),
            _ => Ok(None),
        }
    }

    fn end_tag(&mut self) -> Result<Option<FramerEvent>, FramerError> {
        self.depth -= 1;
        match self.depth {
            0 => {
                let name = self.buffer[self.tag + 2..self.scan - 1].trim_ascii_end();
                if name != self.root {
                    return Err(XmlError::NotWellFormed.into());
                }
                Ok(Some(FramerEvent::StreamEnd))
            }
            1 => self.element().map(Some),
            _ => Ok(None),
        }
    }

    /// A child of the stream is complete.
    fn element(&mut self) -> Result<FramerEvent, FramerError> {
        let element = parse_in(text(&self.buffer[self.start..self.scan])?, &self.scope, &self.limits)?;
        self.start = self.scan;
        Ok(FramerEvent::Element(element))
    }
}

fn text(bytes: &[u8]) -> Result<&str, FramerError> {
    core::str::from_utf8(bytes).map_err(|_| FramerError::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "<?xml version='1.0'?>\n<stream:stream xmlns='jabber:client' to='im.example' \
        xmlns:stream='http://etherx.jabber.org/streams' xmlns:x='urn:x' version=\"1.0\">";

    fn events(chunks: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<Result<FramerEvent, FramerError>> {
        let mut framer = Framer::new(Limits { depth: 4, ..Limits::default() });
        let mut all = Vec::new();
        for chunk in chunks {
            framer.push(chunk.as_ref());
            while let Some(event) = framer.next() {
                all.push(event);
            }
        }
        all
    }

    fn error_of(text: &str) -> Option<FramerError> {
        events([[HEADER, text].concat()]).pop().and_then(Result::err)
    }

    #[test]
    fn every_cut_gives_the_same_events() {
        let stream = [
            HEADER,
            " <stream:features><a xmlns='urn:a' b='>' c=\"'/>\"/></stream:features>",
            "<message><body>Gr\u{FC}\u{DF}e &lt; <![CDATA[</body>]]]]></body><x:y/></message>\n\n",
            "<r xmlns='urn:xmpp:sm:3'/><presence/></stream:stream >more",
        ]
        .concat();
        let stream = stream.as_bytes();
        let whole = events([stream]);
        assert!(whole.iter().all(Result::is_ok), "{whole:?}");
        let kinds: String = whole
            .iter()
            .map(|event| match event {
                Ok(FramerEvent::StreamStart(_)) => 'S',
                Ok(FramerEvent::Element(_)) => 'e',
                Ok(FramerEvent::StreamEnd) => 'E',
                Ok(FramerEvent::Whitespace) => '.',
                Err(_) => '!',
            })
            .collect();
        assert_eq!(kinds, "S.ee..eeE");
        for cut in 0..=stream.len() {
            assert_eq!(events([&stream[..cut], &stream[cut..]]), whole, "cut at {cut}");
        }
        assert_eq!(events(stream.chunks(1)), whole);
    }

    #[test]
    fn elements_stand_alone() {
        let all = events([[HEADER, "<message><x:y/></message><stream:features/>"].concat()]);
        let [
            Ok(FramerEvent::StreamStart(header)),
            Ok(FramerEvent::Element(message)),
            Ok(FramerEvent::Element(features)),
        ] = &all[..]
        else {
            panic!("{all:?}");
        };
        assert_eq!(header.to.as_deref(), Some("im.example"));
        assert!(message.is("message", ns::CLIENT) && message.child("y", "urn:x").is_some());
        assert!(features.is("features", ns::STREAM));
        assert_eq!(xmpp::xml::parse(&message.to_xml()).as_ref(), Ok(message));
        assert_eq!(xmpp::xml::parse(&features.to_xml()).as_ref(), Ok(features));
    }

    #[test]
    fn a_restart_expects_a_header_and_forgets_the_old_one() {
        let mut framer = Framer::new(Limits::default());
        framer.push(HEADER.as_bytes());
        assert!(matches!(framer.next(), Some(Ok(FramerEvent::StreamStart(_)))));
        framer.push(["<a xmlns='b'/>", HEADER, "<c xmlns='d'/>"].concat().as_bytes());
        assert!(matches!(framer.next(), Some(Ok(FramerEvent::Element(_)))));
        framer.restart();
        assert!(matches!(framer.next(), Some(Ok(FramerEvent::StreamStart(_)))));
        assert!(matches!(framer.next(), Some(Ok(FramerEvent::Element(_)))));
        assert!(framer.next().is_none());
        framer.restart();
        framer.push(b"<a/>");
        assert_eq!(framer.next(), Some(Err(FramerError::NotAStream)));
        assert!(framer.next().is_none());
    }

    #[test]
    fn restricted_xml_and_what_is_no_stream() {
        assert_eq!(error_of("<!-- c -->"), Some(XmlError::Comment.into()));
        assert_eq!(error_of("<a xmlns='b'><!-- c --></a>"), Some(XmlError::Comment.into()));
        assert_eq!(error_of("<!DOCTYPE a>"), Some(XmlError::DocumentType.into()));
        assert_eq!(error_of("<?xml version='1.0'?>"), Some(XmlError::ProcessingInstruction.into()));
        assert_eq!(error_of("<a><?pi?></a>"), Some(XmlError::ProcessingInstruction.into()));
        assert_eq!(error_of("text"), Some(XmlError::NotWellFormed.into()));
        assert_eq!(error_of("<![CDATA[text]]>"), Some(XmlError::NotWellFormed.into()));
        assert_eq!(error_of("<a><b></a></b>"), Some(XmlError::NotWellFormed.into()));
        assert_eq!(error_of("</other>"), Some(XmlError::NotWellFormed.into()));
        assert_eq!(error_of("<a><<"), Some(XmlError::NotWellFormed.into()));
        assert_eq!(error_of("<y:a/>"), Some(XmlError::UndeclaredPrefix.into()));
        assert_eq!(events([b"<a>\xFF</a>"]).pop(), Some(Err(FramerError::NotAStream)));
        assert_eq!(events([HEADER.as_bytes(), b"<a>\xFF</a>"]).pop(), Some(Err(FramerError::NotUtf8)));
        assert_eq!(
            events(["<?xml version='1.0'?><?xml version='1.0'?>"]).pop(),
            Some(Err(XmlError::ProcessingInstruction.into()))
        );
        assert_eq!(events(["<?evil?>"]).pop(), Some(Err(XmlError::ProcessingInstruction.into())));
        assert_eq!(events(["</a>"]).pop(), Some(Err(XmlError::NotWellFormed.into())));
        assert_eq!(
            events(["<stream:stream xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:server'>"]).pop(),
            Some(Err(FramerError::NotAStream))
        );
        assert_eq!(
            events(["<open xmlns='urn:ietf:params:xml:ns:xmpp-framing'>"]).pop(),
            Some(Err(FramerError::NotAStream))
        );
    }

    #[test]
    fn size_and_depth_are_bounded() {
        assert_eq!(error_of("<a><a><a><a/></a></a></a>"), None);
        assert_eq!(error_of("<a><a><a><a><a/>"), Some(XmlError::TooDeep.into()));
        assert_eq!(error_of("<a><a><a><a><a>"), Some(XmlError::TooDeep.into()));
        let mut framer = Framer::new(Limits::default());
        framer.push(HEADER.as_bytes());
        assert!(matches!(framer.next(), Some(Ok(_))));
        framer.push(b"<a>");
        let mut error = None;
        for _ in 0..400 {
            framer.push(&[b'x'; 1024]);
            error = error.or_else(|| framer.next());
        }
        assert_eq!(error, Some(Err(XmlError::TooLarge.into())));
        assert!(framer.buffer.is_empty());
    }
}
