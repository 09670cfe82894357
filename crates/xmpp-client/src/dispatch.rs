//! How stanzas find the features, and messages their way through all of them.

use std::collections::VecDeque;

use xmpp::ids::OriginId;
use xmpp::jid::BareJid;
use xmpp::stanza::{Condition, Iq, IqKind, Message, Presence, Show, Stanza, StanzaError};
use xmpp::xml::Element;

use crate::api::Availability;
use crate::client::Client;
use crate::core::Work;
use crate::cx::Cx;
use crate::feature::{Flow, HoldId, Inbound, IqRequest, Outbound, RequestError, Signal, Source};
use crate::iq::Asker;
use crate::pipeline::Parcel;

impl Client {
    /// A stanza of the session.
    pub(crate) fn stanza(&mut self, element: Element) {
        match Stanza::try_from(element) {
            Ok(Stanza::Message(message)) => {
                if let Some(account) = &self.core.account {
                    self.receive(Inbound::new(message, account, self.core.now.wall, Source::Live));
                }
            }
            Ok(Stanza::Presence(presence)) => {
                self.each(|feature, cx| feature.on_presence(cx, &presence));
            }
            Ok(Stanza::Iq(iq)) => self.iq(&iq),
            Err(error) => {
                if let Some(reply) = error.reply() {
                    self.core.work.push_back(Work::Transmit(reply, 0));
                }
            }
        }
    }

    fn iq(&mut self, iq: &Iq) {
        let (payload, set) = match &iq.kind {
            IqKind::Get(payload) => (payload, false),
            IqKind::Set(payload) => (payload, true),
            IqKind::Result(payload) => return self.answer(iq, Ok(payload.as_ref())),
            IqKind::Error(error) => return self.answer(iq, Err(&RequestError::Stanza(error.clone()))),
        };
        let request = IqRequest { iq, payload, set };
        if !self.each(|feature, cx| feature.on_iq(cx, request)) {
            // RFC 6120 §8.4: what nobody knows must still be answered.
            let error = StanzaError::from(Condition::ServiceUnavailable);
            let reply = Iq { from: None, ..iq.reply_error(error) };
            self.core.work.push_back(Work::Transmit(reply.into(), 0));
        }
    }

    fn answer(&mut self, iq: &Iq, result: Result<Option<&Element>, &RequestError>) {
        let Some(account) = &self.core.account else { return };
        let asker = self.core.requests.answered(iq.id.as_str(), iq.from.as_ref(), account, self.core.jid.as_ref());
        if let Some(asker) = asker {
            self.reply(asker, result);
        }
    }

    /// Hands the end of a request to its feature.
    pub(crate) fn reply(&mut self, asker: Asker, result: Result<Option<&Element>, &RequestError>) {
        if let Some(feature) = self.features.get_mut(asker.feature) {
            feature.on_reply(&mut Cx::new(&mut self.core, asker.feature), asker.label, result);
        }
    }

    /// A message on its way in.
    pub(crate) fn receive(&mut self, inbound: Inbound) {
        if let Some(parcel) = self.pipelines.wait(Parcel::In(inbound)) {
            self.run_all(0, VecDeque::from([parcel]));
        }
    }

    /// A message on its way out.
    pub(crate) fn submit(&mut self, outbound: Outbound) {
        if let Some(parcel) = self.pipelines.wait(Parcel::Out(outbound)) {
            self.run_all(0, VecDeque::from([parcel]));
        }
    }

    /// A hold is over by its feature's will.
    pub(crate) fn release(&mut self, hold: HoldId, go_on: bool) {
        self.core.holds.remove(&hold);
        if let Some(mut released) = self.pipelines.release(hold) {
            if !go_on && let Some(parcel) = released.parcels.pop_front() {
                self.stopped(&parcel);
                released.feature = 0;
            }
            self.run_all(released.feature, released.parcels);
        }
    }

    /// A hold is over by its deadline: the feature that held the message is passed over.
    pub(crate) fn overdue(&mut self, hold: HoldId, go_on: bool) {
        self.core.holds.remove(&hold);
        if let Some(mut released) = self.pipelines.release(hold) {
            if go_on {
                return self.run_all(released.feature + 1, released.parcels);
            }
            if let Some(parcel) = released.parcels.pop_front() {
                self.stopped(&parcel);
            }
            self.run_all(0, released.parcels);
        }
    }

    /// Runs parcels of one lane, the first from the given feature on, until one is held.
    fn run_all(&mut self, mut feature: usize, mut parcels: VecDeque<Parcel>) {
        while let Some(mut parcel) = parcels.pop_front() {
            if let Some((hold, at)) = self.run(&mut parcel, feature) {
                return self.pipelines.hold(parcel, hold, at, parcels);
            }
            feature = 0;
        }
    }

    /// Runs one parcel; says who holds it, if somebody does.
    fn run(&mut self, parcel: &mut Parcel, first: usize) -> Option<(HoldId, usize)> {
        for (index, feature) in self.features.iter_mut().enumerate().skip(first) {
            let cx = &mut Cx::new(&mut self.core, index);
            let flow = match parcel {
                Parcel::In(inbound) => feature.on_message(cx, inbound),
                Parcel::Out(outbound) => feature.before_send(cx, outbound),
            };
            match flow {
                Flow::Continue => {}
                Flow::Hold(hold) => return Some((hold, index)),
                Flow::Stop => {
                    self.stopped(parcel);
                    return None;
                }
            }
        }
        if let Parcel::Out(outbound) = parcel {
            self.each(|feature, cx| feature.on_send(cx, outbound));
        }
        None
    }

    /// A message that will not be sent must not vanish.
    fn stopped(&mut self, parcel: &Parcel) {
        if let Parcel::Out(outbound) = parcel {
            let signal = Signal::SendStopped { conversation: outbound.conversation.clone(), item: outbound.item };
            self.core.work.push_back(Work::Signal(signal));
        }
    }

    /// The own presence (RFC 6121 §4.2), with what every feature adds.
    pub(crate) fn send_presence(&mut self) {
        let session = self.core.state.session();
        let show = match session.availability {
            Availability::Offline => None,
            Availability::Online => None,
            Availability::Chat => Some(Show::Chat),
            Availability::Away => Some(Show::Away),
            Availability::ExtendedAway => Some(Show::Xa),
            Availability::DoNotDisturb => Some(Show::Dnd),
        };
        let mut presence = if session.availability == Availability::Offline {
            Presence::unavailable().with_status(session.status.clone())
        } else {
            let priority = self.core.settings.priority;
            Presence::available().with_show(show).with_status(session.status.clone()).with_priority(priority)
        };
        self.each(|feature, cx| {
            feature.on_own_presence(cx, &mut presence);
            Flow::Continue
        });
        self.core.work.push_back(Work::Transmit(presence.into(), 0));
    }
}

impl Inbound {
    /// A message as it came.
    pub(crate) fn new(message: Message, account: &BareJid, now: xmpp::time::Timestamp, source: Source) -> Self {
        // RFC 6120 §8.1.2.1: without `from` it is from the own account.
        let from = message.from.as_ref().map_or_else(|| account.clone(), |from| from.to_bare());
        let own = from == *account;
        let peer = if own { message.to.as_ref().map_or_else(|| account.clone(), |to| to.to_bare()) } else { from };
        let origin_id = message.payload::<OriginId>().and_then(Result::ok);
        Self { message, source, own, peer, at: now, delayed: false, stanza_id: None, origin_id }
    }
}
