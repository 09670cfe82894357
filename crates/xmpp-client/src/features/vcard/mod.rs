//! XEP-0054 and XEP-0153: names and pictures of people, fetched when they are needed and kept on the device.

mod image;

use std::collections::VecDeque;
use std::sync::Arc;

use xmpp::Payload;
use xmpp::collections::VecMap;
use xmpp::jid::BareJid;
use xmpp::stanza::{Presence, PresenceType};
use xmpp::xep::vcard_temp::VCard;
use xmpp::xep::vcard_update::VCardUpdate;
use xmpp::xml::Element;

use crate::api::{Command, ConversationKind, Profile};
use crate::cx::Cx;
use crate::feature::{Feature, Flow, Inbound, Label, RequestError, SessionChange, Signal};

/// The feature.
#[derive(Default)]
pub struct VCards {
    /// The picture's hash at the time of the last fetch, by person; empty for none.
    fetched: VecMap<BareJid, String>,
    wanted: VecDeque<Wanted>,
    running: Vec<(Label, Wanted)>,
    labels: u32,
    /// The own one, as the server has it.
    own: Option<VCard>,
    own_hash: Option<String>,
    /// A name to set as soon as the own vCard is known, so that nothing else of it is lost.
    rename: Option<Option<String>>,
}

struct Wanted {
    jid: BareJid,
    hash: String,
}

const OWN: Label = Label(1);
const SET: Label = Label(2);
const FIRST: u32 = 10;
const MAX_RUNNING: usize = 2;
const MAX_WANTED: usize = 2_000;
/// So many contacts of whom this device knows nothing are asked for in a session; the others have their turn in the next.
const MAX_UNKNOWN: usize = 200;
/// Pictures up to this many characters are kept on the device.
const MAX_KEPT: usize = 64 * 1024;

impl VCards {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self::default())
    }

    fn want(&mut self, cx: &mut Cx<'_>, jid: &BareJid, hash: &str) {
        if let Some(waiting) = self.wanted.iter_mut().find(|wanted| wanted.jid == *jid) {
            // Their presence may come while they wait, with the hash that will be the picture's.
            waiting.hash = String::from(hash);
        } else if !self.running.iter().any(|(_, wanted)| wanted.jid == *jid) && self.wanted.len() < MAX_WANTED {
            self.wanted.push_back(Wanted { jid: jid.clone(), hash: String::from(hash) });
        }
        self.ask(cx);
    }

    fn ask(&mut self, cx: &mut Cx<'_>) {
        while cx.online()
            && self.running.len() < MAX_RUNNING
            && let Some(wanted) = self.wanted.pop_front()
        {
            self.labels += 1;
            let label = Label(FIRST + self.labels);
            cx.get(Some(wanted.jid.clone().into()), Element::new(VCard::NAME, VCard::NS), label);
            self.running.push((label, wanted));
        }
    }

    fn got(&mut self, cx: &mut Cx<'_>, wanted: Wanted, vcard: &VCard) {
        let (name, avatar) = (name(vcard), image::checked(vcard.photo.as_ref()).map(|image| image.url));
        let kept = avatar.as_deref().filter(|url| url.len() <= MAX_KEPT);
        let row = [&wanted.hash, name.as_deref().unwrap_or_default(), kept.unwrap_or_default()].join("\n");
        cx.put(wanted.jid.as_str(), row, None);
        self.show(cx, &wanted.jid, name, avatar.map(Arc::from));
        self.fetched.insert(wanted.jid, wanted.hash);
    }

    fn show(&self, cx: &mut Cx<'_>, jid: &BareJid, name: Option<String>, avatar: Option<Arc<str>>) {
        let person = cx.state_mut().person_mut(jid);
        (person.vcard_name, person.avatar) = (name, avatar);
    }

    fn got_own(&mut self, cx: &mut Cx<'_>, vcard: VCard) {
        let image = image::checked(vcard.photo.as_ref());
        let profile = Profile { name: name(&vcard), avatar: image.as_ref().map(|image| Arc::from(image.url.as_str())) };
        cx.state_mut().set_profile(profile);
        let hash = image.map(|image| image.hash);
        if hash.is_some() && self.own_hash != hash {
            cx.signal(Signal::PresenceChanged);
        }
        self.own_hash = hash;
        self.own = Some(vcard);
        if let Some(name) = self.rename.take() {
            self.set_name(cx, name);
        }
    }

    fn set_name(&mut self, cx: &mut Cx<'_>, name: Option<String>) {
        let name = name.map(|name| String::from(name.trim())).filter(|name| !name.is_empty());
        match &mut self.own {
            Some(own) => {
                own.full_name = name;
                let vcard = own.write();
                cx.set(None, vcard, SET);
            }
            None => {
                self.rename = Some(name);
                cx.get(None, Element::new(VCard::NAME, VCard::NS), OWN);
            }
        }
    }
}

impl Feature for VCards {
    fn id(&self) -> &'static str {
        "vcard"
    }

    fn after(&self) -> &'static [&'static str] {
        &["presence"]
    }

    fn disco(&self) -> &'static [&'static str] {
        &[xmpp::ns::VCARD]
    }

    fn on_rows(&mut self, cx: &mut Cx<'_>, rows: &[(&str, &str)]) {
        for (key, row) in rows {
            let mut fields = row.splitn(3, '\n');
            let (Ok(jid), Some(hash), Some(name), Some(url)) =
                (BareJid::new(key), fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            let text = |text: &str| (!text.is_empty()).then(|| String::from(text));
            self.show(cx, &jid, text(name), image::is_url(url).then(|| Arc::from(url)));
            self.fetched.insert(jid, String::from(hash));
        }
    }

    fn on_session(&mut self, _cx: &mut Cx<'_>, change: SessionChange) {
        if change == SessionChange::Bound {
            self.wanted.clear();
        }
    }

    fn on_signal(&mut self, cx: &mut Cx<'_>, signal: &Signal) {
        if *signal == Signal::Roster {
            cx.get(None, Element::new(VCard::NAME, VCard::NS), OWN);
            // Who is offline sends no presence, and would stand in the lists without a name until somebody looks closer.
            let mut unknown = Vec::new();
            for (jid, person) in cx.state().people() {
                if person.roster.is_some() && !self.fetched.contains_key(jid) && unknown.len() < MAX_UNKNOWN {
                    unknown.push(jid.clone());
                }
            }
            for jid in unknown {
                self.want(cx, &jid, "");
            }
        }
    }

    fn on_own_presence(&mut self, _cx: &mut Cx<'_>, presence: &mut Presence) {
        // XEP-0153 §3.1: who does not know yet says nothing of a photo.
        if presence.type_ == PresenceType::Available {
            let photo = self.own.as_ref().map(|_| self.own_hash.clone().unwrap_or_default());
            presence.payloads.push(VCardUpdate { photo }.write());
        }
    }

    fn on_presence(&mut self, cx: &mut Cx<'_>, presence: &Presence) -> Flow {
        let Some(jid) = presence.from.as_ref().map(xmpp::Jid::to_bare) else { return Flow::Continue };
        let known = cx.state().person(&jid).is_some_and(|person| person.roster.is_some());
        if presence.type_ != PresenceType::Available || !known {
            return Flow::Continue;
        }
        let Some(Ok(VCardUpdate { photo: Some(hash) })) = presence.payload::<VCardUpdate>() else {
            return Flow::Continue;
        };
        let hash = hash.trim();
        if self.fetched.get(&jid).is_none_or(|fetched| fetched != hash) {
            self.want(cx, &jid, hash);
        }
        Flow::Continue
    }

    fn on_message(&mut self, cx: &mut Cx<'_>, inbound: &mut Inbound) -> Flow {
        // Somebody who is in no list and says something has a name as well.
        if !inbound.own && !self.fetched.contains_key(&inbound.peer) && inbound.message.body().is_some() {
            let peer = inbound.peer.clone();
            self.want(cx, &peer, "");
        }
        Flow::Continue
    }

    fn on_reply(&mut self, cx: &mut Cx<'_>, label: Label, result: Result<Option<&Element>, &RequestError>) {
        let vcard = result.as_ref().ok().copied().flatten().and_then(|element| VCard::read(element).ok());
        match label {
            OWN => {
                let none = matches!(result, Ok(_) | Err(RequestError::Stanza(_)));
                if let Some(vcard) = vcard.or_else(|| none.then(VCard::default)) {
                    self.got_own(cx, vcard);
                }
            }
            SET => match result {
                Ok(_) => {
                    if let Some(own) = self.own.clone() {
                        self.got_own(cx, own);
                    }
                }
                Err(error) => {
                    self.own = None;
                    cx.command_failed("set-profile", error);
                }
            },
            _ => {
                let Some(at) = self.running.iter().position(|(own, _)| *own == label) else { return };
                let (_, wanted) = self.running.remove(at);
                match (vcard, result) {
                    (Some(vcard), _) => self.got(cx, wanted, &vcard),
                    // They have none: that is known now.
                    (None, Ok(_) | Err(RequestError::Stanza(_))) => self.got(cx, wanted, &VCard::default()),
                    (None, Err(_)) => {}
                }
                self.ask(cx);
            }
        }
    }

    fn on_command(&mut self, cx: &mut Cx<'_>, command: &Command) -> Flow {
        match command {
            Command::LoadProfile(jid) if cx.account() == Some(jid) => {
                cx.get(None, Element::new(VCard::NAME, VCard::NS), OWN);
            }
            Command::LoadProfile(jid) => {
                let hash = self.fetched.get(jid).cloned().unwrap_or_default();
                self.want(cx, jid, &hash);
            }
            Command::OpenChat(id) if id.kind == ConversationKind::Chat && !self.fetched.contains_key(&id.jid) => {
                self.want(cx, &id.jid, "");
            }
            Command::SetProfile { name } => self.set_name(cx, name.clone()),
            _ => {}
        }
        Flow::Continue
    }
}

/// The name to show: what people call themselves, on one line, of bearable length.
fn name(vcard: &VCard) -> Option<String> {
    let name = [&vcard.full_name, &vcard.nickname]
        .into_iter()
        .flatten()
        .map(|name| name.trim())
        .find(|name| !name.is_empty())?;
    Some(name.chars().filter(|c| !c.is_control()).take(100).collect())
}

#[cfg(test)]
mod tests {
    use crate::test_bench::Bench;
    use xmpp::jid::BareJid;

    const PNG: &str =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    fn vcard(photo: &str) -> String {
        [
            "<vCard xmlns='vcard-temp'><FN>Julia</FN><PHOTO><TYPE>image/svg+xml</TYPE><BINVAL>",
            photo,
            "</BINVAL></PHOTO></vCard>",
        ]
        .concat()
    }

    #[test]
    fn a_contacts_picture_is_fetched_once_per_hash_and_checked() {
        let mut bench = Bench::new(crate::features::all());
        bench.sign_in("");
        bench.settle_with("", "<item jid='you@x.y' subscription='both'/>");
        let presence = |hash: &str| {
            ["<presence from='you@x.y/1'><x xmlns='vcard-temp:x:update'><photo>", hash, "</photo></x></presence>"]
                .concat()
        };
        let jid = BareJid::new("you@x.y").expect("a jid");
        bench.feed(&presence("h1"));
        let question = bench.request("vCard", "vcard-temp").expect("asks");
        assert_eq!(question.attr("to"), Some("you@x.y"));
        bench.answer(&question, &vcard(PNG));
        let contact = &bench.view.contacts[&jid];
        assert_eq!(contact.name, "Julia");
        assert!(contact.avatar.as_deref().is_some_and(|url| url.starts_with("data:image/png;base64,iVBOR")));
        bench.feed(&presence("h1"));
        assert!(bench.sent.is_empty());
        bench.feed(&presence("h2"));
        let question = bench.request("vCard", "vcard-temp").expect("asks again");
        bench.answer(&question, &vcard("PHN2Zz48L3N2Zz4="));
        assert_eq!(bench.view.contacts[&jid].avatar, None, "a drawing with script is no picture");
    }

    #[test]
    fn contacts_who_are_offline_have_their_names_too_and_are_asked_once_for_each_device() {
        const ROSTER: &str = "<query xmlns='jabber:iq:roster'><item jid='you@x.y' subscription='both'/></query>";
        let mut bench = Bench::new(crate::features::all());
        bench.sign_in("");
        let roster = bench.request("query", "jabber:iq:roster").expect("asks");
        bench.answer(&roster, ROSTER);
        let question = loop {
            let question = bench.request("vCard", "vcard-temp").expect("asks");
            if question.attr("to") == Some("you@x.y") {
                break question;
            }
        };
        bench.answer(&question, &vcard(PNG));
        assert_eq!(bench.view.contacts[&BareJid::new("you@x.y").expect("a jid")].name, "Julia");
        bench.wait(2_000);
        let device = bench.device.clone();
        let mut again = Bench::with(
            crate::test_bench::settings(),
            crate::features::all(),
            device,
            std::collections::BTreeMap::new(),
        );
        again.sign_in("");
        let roster = again.request("query", "jabber:iq:roster").expect("asks");
        again.answer(&roster, ROSTER);
        while let Some(question) = again.request("vCard", "vcard-temp") {
            assert_ne!(question.attr("to"), Some("you@x.y"));
        }
    }

    #[test]
    fn setting_a_name_keeps_the_rest() {
        let mut bench = Bench::new(crate::features::all());
        bench.sign_in("");
        let roster = bench.request("query", "jabber:iq:roster").expect("asks");
        bench.answer(&roster, "<query xmlns='jabber:iq:roster'/>");
        let question = bench.request("vCard", "vcard-temp").expect("asks");
        bench.answer(&question, "<vCard xmlns='vcard-temp'><FN>Me</FN><BDAY>1999-01-01</BDAY></vCard>");
        assert_eq!(bench.view.profile.as_ref().and_then(|p| p.name.as_deref()), Some("Me"));
        bench.command(crate::api::Command::SetProfile { name: Some(String::from("Myself")) });
        let set = bench.request("vCard", "vcard-temp").expect("sets");
        let vcard = set.children().next().expect("a payload");
        assert!(vcard.child("BDAY", "vcard-temp").is_some());
        bench.answer(&set, "");
        assert_eq!(bench.view.profile.as_ref().and_then(|p| p.name.as_deref()), Some("Myself"));
    }
}
