//! XEP-0359: Unique and Stable Stanza IDs (version 0.7.0).

use crate::ids::{ArchiveId, OriginId, StanzaId};
use crate::jid::BareJid;
use crate::ns;
use crate::payload::codec::{Attr, Codec};
use crate::payload::{Payload, PayloadError, expect};
use crate::xml::Element;

/// §3.1: the id that some archive gave to the message.
impl Payload for StanzaId {
    const NAME: &'static str = "stanza-id";
    const NS: &'static str = ns::STANZA_ID;

    fn read(element: &Element) -> Result<Self, PayloadError> {
        expect(element, Self::NAME, Self::NS)?;
        let id = Codec::<ArchiveId>::read(&Attr("id"), element)?;
        let by = Codec::<BareJid>::read(&Attr("by"), element)?;
        Ok(Self { id, by })
    }

    fn write(&self) -> Element {
        Element::new(Self::NAME, Self::NS).with_attr("id", self.id.as_str()).with_attr("by", self.by.as_str())
    }
}

/// §3.2: the id that the sender gave to the message.
impl Payload for OriginId {
    const NAME: &'static str = "origin-id";
    const NS: &'static str = ns::STANZA_ID;

    fn read(element: &Element) -> Result<Self, PayloadError> {
        expect(element, Self::NAME, Self::NS)?;
        Attr("id").read(element)
    }

    fn write(&self) -> Element {
        Element::new(Self::NAME, Self::NS).with_attr("id", self.as_str())
    }
}

/// The id that the archive of `by` gave to a message, among all that claim to be one. Several may be there, by several
/// archives; which `by` can be believed, the caller knows (§6).
pub fn stanza_id_by(payloads: &[Element], by: &BareJid) -> Option<ArchiveId> {
    let ids = payloads.iter().filter(|e| StanzaId::matches(e)).filter_map(|e| StanzaId::read(e).ok());
    ids.filter(|id| id.by == *by).map(|id| id.id).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_id_of_the_archive_asked_for_counts() {
        let [own, other] = ["juliet@capulet.lit", "room@muc.example.com"].map(|jid| BareJid::new(jid).unwrap());
        let forged = StanzaId { id: "forged".into(), by: other.clone() }.write();
        let bad = Element::new("stanza-id", ns::STANZA_ID).with_attr("by", own.as_str());
        let payloads = [forged, bad, StanzaId { id: "right".into(), by: own.clone() }.write()];
        assert_eq!(stanza_id_by(&payloads, &own), Some("right".into()));
        assert_eq!(stanza_id_by(&payloads[..2], &own), None);
        assert_eq!(stanza_id_by(&payloads, &other), Some("forged".into()));
    }
}
