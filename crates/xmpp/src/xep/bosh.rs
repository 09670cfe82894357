//! XEP-0124: Bidirectional-streams Over Synchronous HTTP (BOSH) (version 1.11.2), with what XEP-0206: XMPP Over BOSH
//! (version 1.4) adds.

use crate::ids::{Sid, StreamId};
use crate::jid::Jid;
use crate::ns;
use crate::payload::codec::{Codec, OptAttr};
use crate::payload::{Payload, PayloadError, TextValue};
use crate::xml::Element;
use crate::{payload, text_enum};

text_enum! {
    /// What a body is, if not just a carrier (XEP-0124 §17).
    pub enum BodyType {
        /// The session ends.
        Terminate = "terminate",
        /// A recoverable error: the client repeats its requests (XEP-0124 §17.3).
        Error = "error",
    }

    /// Why a session ends (XEP-0124 §17.2).
    pub enum BoshCondition {
        /// The format of an HTTP header or element is unacceptable.
        BadRequest = "bad-request",
        /// The target domain is no longer served here.
        HostGone = "host-gone",
        /// The target domain is unknown here.
        HostUnknown = "host-unknown",
        /// A needed attribute of the initialisation is missing.
        ImproperAddressing = "improper-addressing",
        /// The connection manager failed.
        InternalServerError = "internal-server-error",
        /// No such session, a request out of the window, or no valid key.
        ItemNotFound = "item-not-found",
        /// Another request of the same client ended the session.
        OtherRequest = "other-request",
        /// The client broke the rules, such as polling too often.
        PolicyViolation = "policy-violation",
        /// The connection manager could not reach the server.
        RemoteConnectionFailed = "remote-connection-failed",
        /// The body holds the stream error of the server.
        RemoteStreamError = "remote-stream-error",
        /// The connection manager is no longer at this URI.
        SeeOtherUri = "see-other-uri",
        /// The connection manager shuts down.
        SystemShutdown = "system-shutdown",
        /// None of these; and what an unknown condition is read as.
        UndefinedCondition = "undefined-condition",
    }
}

payload! {
    /// The wrapper of every request and response. Times are in seconds.
    #[derive(Default)]
    pub struct Body("body", ns::HTTPBIND) {
        /// Request id (XEP-0124 §14.1).
        rid: Option<u64> = OptAttr("rid"),
        /// Session id (XEP-0124 §7.2).
        sid: Option<Sid> = OptAttr("sid"),
        /// Terminate or error.
        type_: Option<BodyType> = OptAttr("type"),
        /// Why, if terminating.
        condition: Option<BoshCondition> = OptCondition,
        /// The highest request id received in sequence; in the client's first request, `1` (XEP-0124 §9).
        ack: Option<u64> = OptAttr("ack"),
        /// A response to this request seems lost (XEP-0124 §9.3).
        report: Option<u64> = OptAttr("report"),
        /// How long ago the response to `report` was sent, in milliseconds (XEP-0124 §9.3).
        time: Option<u64> = OptAttr("time"),
        /// The target domain, or, from the server, the client.
        to: Option<Jid> = OptAttr("to"),
        /// The client's account, or, from the server, the domain.
        from: Option<Jid> = OptAttr("from"),
        /// How long a response may wait.
        wait: Option<u32> = OptAttr("wait"),
        /// How many requests may wait at a time.
        hold: Option<u32> = OptAttr("hold"),
        /// How many requests the client may have open at once (XEP-0124 §11).
        requests: Option<u32> = OptAttr("requests"),
        /// The shortest interval between two empty requests of a polling client.
        polling: Option<u32> = OptAttr("polling"),
        /// How long the client may have no request open.
        inactivity: Option<u32> = OptAttr("inactivity"),
        /// The longest pause the client may ask for (XEP-0124 §10).
        maxpause: Option<u32> = OptAttr("maxpause"),
        /// The pause the client asks for (XEP-0124 §10).
        pause: Option<u32> = OptAttr("pause"),
        /// The version of BOSH, such as `1.11`.
        ver: Option<String> = OptAttr("ver"),
        /// The stream id, where the server tells it early (XEP-0124 §7.2).
        authid: Option<StreamId> = OptAttr("authid"),
        /// The character sets the server can translate (XEP-0124 §7.2).
        charsets: Option<String> = OptAttr("charsets"),
        /// The content encodings the server understands (XEP-0124 §7.2).
        accept: Option<String> = OptAttr("accept"),
        /// The content type the client wants (XEP-0124 §7.1).
        content: Option<String> = OptAttr("content"),
        /// The server the client wants to be connected to (XEP-0124 §7.1).
        route: Option<String> = OptAttr("route"),
        /// Key of the sequence (XEP-0124 §15).
        key: Option<String> = OptAttr("key"),
        /// First key of the next sequence (XEP-0124 §15).
        newkey: Option<String> = OptAttr("newkey"),
        /// One of several streams in a session (XEP-0124 §16).
        stream: Option<String> = OptAttr("stream"),
        /// The default language of what the client sends.
        lang: Option<String> = Lang,
        /// The XMPP version, `1.0` (XEP-0206 §3).
        xmpp_version: Option<String> = OptAttrNs(ns::XBOSH, "version"),
        /// The client asks for the stream to be restarted (XEP-0206 §5).
        restart: Option<bool> = OptAttrNs(ns::XBOSH, "restart"),
        /// The server can restart streams (XEP-0206 §5).
        restartlogic: Option<bool> = OptAttrNs(ns::XBOSH, "restartlogic"),
        /// The elements carried.
        payloads: Vec<Element> = Any,
    }
}

impl Body {
    /// As [`Payload::read`], but moves the carried elements instead of copying them.
    pub fn from_element(mut element: Element) -> Result<Self, PayloadError> {
        let payloads = element.take_children();
        Ok(Self { payloads, ..Self::read(&element)? })
    }

    /// As [`Payload::write`], but moves the carried elements instead of copying them.
    pub fn into_element(mut self) -> Element {
        let payloads = std::mem::take(&mut self.payloads);
        self.write().with_children(payloads)
    }

    /// Where to connect instead, with condition see-other-uri (XEP-0124 §17.2).
    pub fn see_other_uri(&self) -> Option<String> {
        self.payloads.iter().find(|e| e.is("uri", ns::HTTPBIND)).map(Element::text)
    }
}

/// An unknown condition still is one.
struct OptCondition;

impl Codec<Option<BoshCondition>> for OptCondition {
    fn read(&self, element: &Element) -> Result<Option<BoshCondition>, PayloadError> {
        let word = element.attr("condition");
        Ok(word.map(|word| BoshCondition::from_text(word).unwrap_or(BoshCondition::UndefinedCondition)))
    }

    fn write(&self, value: &Option<BoshCondition>, element: &mut Element) {
        OptAttr("condition").write(value, element);
    }
}
