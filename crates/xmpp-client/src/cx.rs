//! A feature's only door to the rest of the client.

use xmpp::ids::IqId;
use xmpp::jid::{BareJid, FullJid, Jid};
use xmpp::stanza::{Iq, IqKind, Message, Presence, StanzaError};
use xmpp::time::Now;
use xmpp::xml::Element;

use crate::api::{Event, Output, Settings, StoreOp};
use crate::core::{Core, Owner, Work};
use crate::feature::{HoldId, Inbound, IqRequest, Label, Outbound, Signal};
use crate::iq::{ANSWER_MS, Asker};
use crate::state::State;

/// What a feature may do inside a hook. Nothing it asks for happens before the hook has returned.
pub struct Cx<'a> {
    core: &'a mut Core,
    feature: usize,
}

impl<'a> Cx<'a> {
    pub(crate) fn new(core: &'a mut Core, feature: usize) -> Self {
        Self { core, feature }
    }

    /// Both clocks.
    pub fn now(&self) -> Now {
        self.core.now
    }

    /// What the site decided.
    pub fn settings(&self) -> &Settings {
        &self.core.settings
    }

    /// Whose session this is. Known whenever a hook runs.
    pub fn account(&self) -> Option<&BareJid> {
        self.core.account.as_ref()
    }

    /// The bound address.
    pub fn jid(&self) -> Option<&FullJid> {
        self.core.jid.as_ref()
    }

    /// Whether this address is the own account's, with or without resource.
    pub fn is_own(&self, jid: &Jid) -> bool {
        self.account().is_some_and(|account| jid.has_bare(account))
    }

    /// Whether stanzas go out now.
    pub fn online(&self) -> bool {
        self.core.online
    }

    /// Whether the page is in front.
    pub fn visible(&self) -> bool {
        self.core.visible
    }

    /// Whether the account's own disco#info has this feature.
    pub fn account_has(&self, feature: &str) -> bool {
        self.core.account_features.contains(feature)
    }

    /// Whether the server's disco#info has this feature.
    pub fn server_has(&self, feature: &str) -> bool {
        self.core.server_features.contains(feature)
    }

    /// What the server offered after authentication.
    pub fn stream_features(&self) -> Option<&Element> {
        self.core.stream_features.as_ref()
    }

    /// Whether this feature runs.
    pub fn runs(&self, feature: &str) -> bool {
        self.core.ids.contains(&feature)
    }

    /// The sum of what all features add to disco#info.
    pub fn disco(&self) -> &[&'static str] {
        &self.core.disco
    }

    /// A fresh, unguessable id.
    pub fn fresh_id(&mut self) -> String {
        self.core.random.id(24)
    }

    /// Asks; the answer, or its absence, comes to `on_reply`. Without `to`, the own account is asked.
    pub fn get(&mut self, to: Option<Jid>, payload: Element, label: Label) {
        self.ask(to, IqKind::Get(payload), label);
    }

    /// Asks for a change; see [`Cx::get`].
    pub fn set(&mut self, to: Option<Jid>, payload: Element, label: Label) {
        self.ask(to, IqKind::Set(payload), label);
    }

    fn ask(&mut self, to: Option<Jid>, kind: IqKind, label: Label) {
        let id = self.core.random.id(12);
        let deadline = self.core.now.mono.after(ANSWER_MS);
        self.core.requests.add(id.clone(), Asker { feature: self.feature, label }, to.clone(), deadline);
        self.transmit(Iq { from: None, to, id: IqId::from(id), kind }.into(), 0);
    }

    /// Answers a request.
    pub fn answer(&mut self, request: IqRequest<'_>, result: Result<Option<Element>, StanzaError>) {
        let iq = match result {
            Ok(payload) => request.iq.reply_result(payload),
            Err(error) => request.iq.reply_error(error),
        };
        self.transmit(Iq { from: None, ..iq }.into(), 0);
    }

    /// Sends a stanza as it is. A tag other than 0 comes back as [`Signal::Acked`] once the server has the stanza; what has
    /// no such signal when the next session is [`SessionChange::Bound`](crate::feature::SessionChange::Bound) may or may not have
    /// arrived.
    pub fn transmit(&mut self, stanza: Element, tag: u64) {
        self.core.work.push_back(Work::Transmit(stanza, tag));
    }

    /// Sends a message that is not part of a timeline: a marker, a receipt, a chat state.
    pub fn send_message(&mut self, message: Message) {
        self.transmit(message.into(), 0);
    }

    /// Sends a presence as it is.
    pub fn send_presence(&mut self, presence: Presence) {
        self.transmit(presence.into(), 0);
    }

    /// Sends the own presence, with what every feature has to say in it.
    pub fn send_own_presence(&mut self) {
        self.core.work.push_back(Work::SendPresence);
        self.core.work.push_back(Work::Kept);
    }

    /// Sends a message through every `before_send`.
    pub fn submit(&mut self, outbound: Outbound) {
        self.core.work.push_back(Work::Submit(outbound));
    }

    /// Lets a message that came in an envelope go through every `on_message`.
    pub fn receive(&mut self, inbound: Inbound) {
        self.core.work.push_back(Work::Receive(inbound));
    }

    /// A token for [`crate::feature::Flow::Hold`]. After `within_ms` without [`Cx::release`] the message goes on unchanged
    /// if `then_continue`, and ends otherwise.
    pub fn hold(&mut self, within_ms: u64, then_continue: bool) -> HoldId {
        let id = self.core.hold();
        self.core.holds.insert(id, (self.core.now.mono.after(within_ms), then_continue));
        id
    }

    /// A held message goes on: the feature that held it sees it again. With `false` it ends.
    pub fn release(&mut self, hold: HoldId, go_on: bool) {
        self.core.work.push_back(Work::Release(hold, go_on));
    }

    /// Lets all features know.
    pub fn signal(&mut self, signal: Signal) {
        self.core.work.push_back(Work::Signal(signal));
    }

    /// Tells the page.
    pub fn emit(&mut self, event: Event) {
        self.core.out.push_back(Output::Event(event));
    }

    /// Something that a person asked for did not work.
    pub fn command_failed(&mut self, command: &'static str, error: &crate::feature::RequestError) {
        let text = match error {
            crate::feature::RequestError::Stanza(error) => error.text.clone(),
            _ => None,
        };
        self.emit(Event::CommandFailed { command, condition: String::from(error.condition()), text });
    }

    /// Calls `on_timeout` with this label after so many milliseconds; replaces an earlier deadline of the same label.
    pub fn wake_in(&mut self, label: Label, ms: u64) {
        self.core.timers.insert((self.feature, label), self.core.now.mono.after(ms));
    }

    /// Calls `on_timeout` with this label once everything asked for until now is done.
    pub fn then(&mut self, label: Label) {
        self.core.work.push_back(Work::Then(self.feature, label));
    }

    /// For how many milliseconds nothing has been heard of the server.
    pub fn quiet_ms(&self) -> u64 {
        self.core.now.mono.since(self.core.heard)
    }

    /// Gives the connection up as dead; another is made.
    pub fn give_up(&mut self) {
        self.core.work.push_back(Work::GiveUp);
    }

    /// Forgets a deadline.
    pub fn cancel(&mut self, label: Label) {
        self.core.timers.remove(&(self.feature, label));
    }

    /// Writes a row of this feature and account. With a label, `on_stored` tells when it is durable.
    pub fn put(&mut self, key: &str, value: String, label: Option<Label>) {
        if let Some(key) = self.key(key) {
            self.write(StoreOp::Put { key, value }, label);
        }
    }

    /// Removes a row of this feature and account.
    pub fn delete(&mut self, key: &str) {
        if let Some(key) = self.key(key) {
            self.write(StoreOp::Delete { key }, None);
        }
    }

    /// Writes several rows of this feature and account at once, after removing all that start with `instead_of`.
    pub fn put_all(&mut self, instead_of: &str, rows: Vec<(String, String)>) {
        let Some(prefix) = self.key(instead_of) else { return };
        let mut ops = vec![StoreOp::DeletePrefix { prefix }];
        for (key, value) in rows {
            if let Some(key) = self.key(&key) {
                ops.push(StoreOp::Put { key, value });
            }
        }
        self.core.keep(ops, Owner::Nobody);
    }

    /// Writes several rows of this feature and account, all or none; `on_stored` tells when they are durable.
    pub fn put_rows(&mut self, rows: Vec<(String, String)>, label: Label) {
        let ops =
            rows.into_iter().filter_map(|(key, value)| Some(StoreOp::Put { key: self.key(&key)?, value })).collect();
        self.core.keep(ops, Owner::Feature(self.feature, label));
    }

    fn key(&self, key: &str) -> Option<String> {
        let account = self.core.account.as_ref()?;
        Some([account.as_str(), "/", self.core.ids.get(self.feature)?, "/", key].concat())
    }

    fn write(&mut self, op: StoreOp, label: Option<Label>) {
        let owner = label.map_or(Owner::Nobody, |label| Owner::Feature(self.feature, label));
        self.core.keep(vec![op], owner);
    }

    pub(crate) fn state(&self) -> &State {
        &self.core.state
    }

    pub(crate) fn state_mut(&mut self) -> &mut State {
        &mut self.core.state
    }

    pub(crate) fn set_features(&mut self, of_account: bool, features: xmpp::collections::VecSet<String>) {
        if of_account {
            self.core.account_features = features;
        } else {
            self.core.server_features = features;
        }
    }
}
