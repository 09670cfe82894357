//! Every namespace the project speaks, by one name each.

macro_rules! namespaces {
    ($($(#[$doc:meta])* $name:ident = $value:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $value;)*
    };
}

namespaces! {
    /// The prefix `xml`, as in `xml:lang` (Namespaces in XML §3).
    XML = "http://www.w3.org/XML/1998/namespace";
    /// Namespace declarations themselves (Namespaces in XML §3).
    XMLNS = "http://www.w3.org/2000/xmlns/";

    // RFC 6120, RFC 6121, RFC 7395
    /// Stream header, features and errors (RFC 6120 §4.8.1).
    STREAM = "http://etherx.jabber.org/streams";
    /// Conditions of stream errors (RFC 6120 §4.9.2).
    STREAM_ERROR = "urn:ietf:params:xml:ns:xmpp-streams";
    /// Conditions of stanza errors (RFC 6120 §8.3.2).
    STANZA_ERROR = "urn:ietf:params:xml:ns:xmpp-stanzas";
    /// Stanzas between client and server (RFC 6120 §4.8.2).
    CLIENT = "jabber:client";
    /// Stanzas between servers (RFC 6120 §4.8.2).
    SERVER = "jabber:server";
    /// STARTTLS (RFC 6120 §5).
    TLS = "urn:ietf:params:xml:ns:xmpp-tls";
    /// SASL (RFC 6120 §6).
    SASL = "urn:ietf:params:xml:ns:xmpp-sasl";
    /// Resource binding (RFC 6120 §7).
    BIND = "urn:ietf:params:xml:ns:xmpp-bind";
    /// The session that RFC 3921 asked for and servers still offer as optional.
    SESSION = "urn:ietf:params:xml:ns:xmpp-session";
    /// Roster (RFC 6121 §2).
    ROSTER = "jabber:iq:roster";
    /// Stream feature: roster versioning (RFC 6121 §2.6).
    ROSTER_VERSIONING = "urn:xmpp:features:rosterver";
    /// Stream feature: subscription pre-approval (RFC 6121 §3.4).
    PRE_APPROVAL = "urn:xmpp:features:pre-approval";
    /// Framing of WebSocket streams (RFC 7395 §3.3).
    FRAMING = "urn:ietf:params:xml:ns:xmpp-framing";

    // XEPs, by number
    /// XEP-0004: Data Forms.
    DATA_FORMS = "jabber:x:data";
    /// XEP-0012: Last Activity.
    LAST = "jabber:iq:last";
    /// XEP-0030: Service Discovery, what an entity is and can do.
    DISCO_INFO = "http://jabber.org/protocol/disco#info";
    /// XEP-0030: Service Discovery, what an entity has.
    DISCO_ITEMS = "http://jabber.org/protocol/disco#items";
    /// XEP-0045: Multi-User Chat.
    MUC = "http://jabber.org/protocol/muc";
    /// XEP-0045: Multi-User Chat, what occupants are told.
    MUC_USER = "http://jabber.org/protocol/muc#user";
    /// XEP-0048/0402: private storage of bookmarks.
    BOOKMARKS = "storage:bookmarks";
    /// XEP-0049: Private XML Storage.
    PRIVATE = "jabber:iq:private";
    /// XEP-0054: vcard-temp.
    VCARD = "vcard-temp";
    /// XEP-0059: Result Set Management.
    RSM = "http://jabber.org/protocol/rsm";
    /// XEP-0060: Publish-Subscribe.
    PUBSUB = "http://jabber.org/protocol/pubsub";
    /// XEP-0060: Publish-Subscribe, conditions of errors.
    PUBSUB_ERRORS = "http://jabber.org/protocol/pubsub#errors";
    /// XEP-0060: Publish-Subscribe, what subscribers are told.
    PUBSUB_EVENT = "http://jabber.org/protocol/pubsub#event";
    /// XEP-0060: Publish-Subscribe, forms that configure a node.
    PUBSUB_NODE_CONFIG = "http://jabber.org/protocol/pubsub#node_config";
    /// XEP-0060: Publish-Subscribe, what owners of nodes ask for.
    PUBSUB_OWNER = "http://jabber.org/protocol/pubsub#owner";
    /// XEP-0060: Publish-Subscribe, forms that say what a node must be like.
    PUBSUB_PUBLISH_OPTIONS = "http://jabber.org/protocol/pubsub#publish-options";
    /// XEP-0066: Out of Band Data, in messages.
    OOB = "jabber:x:oob";
    /// XEP-0077: In-Band Registration.
    REGISTER = "jabber:iq:register";
    /// XEP-0077: In-Band Registration, stream feature.
    REGISTER_FEATURE = "http://jabber.org/features/iq-register";
    /// XEP-0084: User Avatar, the picture.
    AVATAR_DATA = "urn:xmpp:avatar:data";
    /// XEP-0084: User Avatar, which pictures there are.
    AVATAR_METADATA = "urn:xmpp:avatar:metadata";
    /// XEP-0085: Chat State Notifications.
    CHAT_STATES = "http://jabber.org/protocol/chatstates";
    /// XEP-0092: Software Version.
    VERSION = "jabber:iq:version";
    /// XEP-0106: JID Escaping, as a disco feature.
    JID_ESCAPING = "jid\\20escaping";
    /// XEP-0115: Entity Capabilities.
    CAPS = "http://jabber.org/protocol/caps";
    /// XEP-0124: BOSH.
    HTTPBIND = "http://jabber.org/protocol/httpbind";
    /// XEP-0153: vCard-Based Avatars.
    VCARD_UPDATE = "vcard-temp:x:update";
    /// XEP-0156: Discovering Alternative XMPP Connection Methods; relation of a BOSH link.
    ALT_CONNECTIONS_XBOSH = "urn:xmpp:alt-connections:xbosh";
    /// XEP-0156: Discovering Alternative XMPP Connection Methods; relation of a WebSocket link.
    ALT_CONNECTIONS_WEBSOCKET = "urn:xmpp:alt-connections:websocket";
    /// RFC 6415 host-meta documents, XRD 1.0.
    XRD = "http://docs.oasis-open.org/ns/xri/xrd-1.0";
    /// XEP-0157: Contact Addresses for XMPP Services, forms in disco.
    SERVER_INFO = "http://jabber.org/network/serverinfo";
    /// XEP-0160: Best Practices for Handling Offline Messages, as a disco feature.
    MSG_OFFLINE = "msgoffline";
    /// XEP-0172: User Nickname.
    NICK = "http://jabber.org/protocol/nick";
    /// XEP-0184: Message Delivery Receipts.
    RECEIPTS = "urn:xmpp:receipts";
    /// XEP-0191: Blocking Command.
    BLOCKING = "urn:xmpp:blocking";
    /// XEP-0191: Blocking Command, conditions of errors.
    BLOCKING_ERRORS = "urn:xmpp:blocking:errors";
    /// XEP-0198: Stream Management.
    SM = "urn:xmpp:sm:3";
    /// XEP-0199: XMPP Ping.
    PING = "urn:xmpp:ping";
    /// XEP-0202: Entity Time.
    TIME = "urn:xmpp:time";
    /// XEP-0203: Delayed Delivery.
    DELAY = "urn:xmpp:delay";
    /// XEP-0206: XMPP Over BOSH.
    XBOSH = "urn:xmpp:xbosh";
    /// XEP-0280: Message Carbons.
    CARBONS = "urn:xmpp:carbons:2";
    /// XEP-0297: Stanza Forwarding.
    FORWARD = "urn:xmpp:forward:0";
    /// XEP-0308: Last Message Correction.
    CORRECTION = "urn:xmpp:message-correct:0";
    /// XEP-0313: Message Archive Management.
    MAM = "urn:xmpp:mam:2";
    /// XEP-0313: Message Archive Management, extended queries.
    MAM_EXTENDED = "urn:xmpp:mam:2#extended";
    /// XEP-0333: Displayed Markers.
    CHAT_MARKERS = "urn:xmpp:chat-markers:0";
    /// XEP-0334: Message Processing Hints.
    HINTS = "urn:xmpp:hints";
    /// XEP-0352: Client State Indication.
    CSI = "urn:xmpp:csi:0";
    /// XEP-0359: Unique and Stable Stanza IDs.
    STANZA_ID = "urn:xmpp:sid:0";
    /// XEP-0363: HTTP File Upload.
    HTTP_UPLOAD = "urn:xmpp:http:upload:0";
    /// XEP-0386: Bind 2.
    BIND2 = "urn:xmpp:bind:0";
    /// XEP-0388: Extensible SASL Profile.
    SASL2 = "urn:xmpp:sasl:2";
    /// XEP-0398: User Avatar to vCard-Based Avatars Conversion, as a disco feature.
    AVATAR_CONVERSION = "urn:xmpp:pep-vcard-conversion:0";
    /// XEP-0421: Occupant identifiers for semi-anonymous MUCs.
    OCCUPANT_ID = "urn:xmpp:occupant-id:0";
    /// XEP-0440: SASL Channel-Binding Type Capability.
    SASL_CHANNEL_BINDING = "urn:xmpp:sasl-cb:0";
    /// XEP-0444: Message Reactions.
    REACTIONS = "urn:xmpp:reactions:0";
    /// XEP-0484: Fast Authentication Streamlining Tokens.
    FAST = "urn:xmpp:fast:0";
}
