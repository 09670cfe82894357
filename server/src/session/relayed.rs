//! A [`Link`] whose stream goes to another server instead of to the host: the limits of the one around the [`Relay`] of the other.

use std::sync::Arc;

use xmpp::StreamError;
use xmpp::ns;
use xmpp::stanza::StreamCondition;
use xmpp::xml::Element;
use xmpp_stream::StreamHeader;
use xmpp_stream::server::Input;

use super::hub::lock;
use super::link::{Action, Link, MAX_ATTEMPTS, Wake};
use super::relay::{Relay, SignIn, concerns_the_connection, sign_in};

/// A relay and what is counted of it.
pub(super) struct Relayed {
    pub(super) relay: Relay,
    /// An attempt to sign in is under way and counts.
    attempt: bool,
    refused: u32,
}

impl Link {
    /// Begins to relay if this is the first header of a browser, and for one of the configured domains.
    pub(super) fn begin_relay(&mut self, header: &StreamHeader) -> bool {
        if std::mem::replace(&mut self.opened, true) || self.relayed.is_some() {
            return false;
        }
        let Some(upstream) = header.to.as_deref().and_then(|to| self.hub.upstreams.find(to)) else { return false };
        tracing::debug!(domain = upstream.domain, "relayed to another server");
        let relay = Relay::start(&Arc::clone(upstream), header.clone());
        self.relayed = Some(Box::new(Relayed { relay, attempt: false, refused: 0 }));
        true
    }

    /// An element of the client.
    pub(super) fn relay_element(&mut self, seq: u64, element: &Element) {
        let Some(relayed) = &mut self.relayed else { return };
        if concerns_the_connection(element) {
            let error = StreamError::new(StreamCondition::PolicyViolation).with_text("this connection stays as it is");
            return self.end(Some(error));
        }
        if !relayed.relay.authenticated && sign_in(element) == Some(SignIn::Begins) {
            // The other server sees our address only, so that guessing has to be slowed down here.
            if !lock(&self.hub.attempts).begin_from(self.client.network, self.hub.clock.millis()) {
                tracing::warn!(network = %self.client.network, "too many failed sign-ins; this one is put off");
                let condition = Element::new("temporary-auth-failure", ns::SASL);
                let profile = if element.ns() == ns::SASL2 { ns::SASL2 } else { ns::SASL };
                self.actions.push(Action::Element(Element::new("failure", profile).with_child(condition)));
                return self.actions.push(Action::Handled(seq));
            }
            relayed.attempt = true;
        }
        relayed.relay.element(seq, element);
    }

    /// Anything else that concerns the stream.
    pub(super) fn relay_input(&mut self, input: Input) {
        let Some(relayed) = &mut self.relayed else { return };
        match input {
            Input::StreamStart(header) => relayed.relay.restart(header),
            Input::Malformed(error) => self.end(Some(error)),
            _ => {}
        }
    }

    /// Waits for the other server. Safe to cancel.
    pub(super) async fn relay_wait(&mut self) -> Wake {
        let Some(relayed) = &mut self.relayed else { return std::future::pending().await };
        let signed_in = relayed.relay.authenticated;
        let wake = relayed.relay.wait(&mut self.actions).await;
        if !signed_in {
            self.judge_sign_in();
        }
        self.closed |= self.actions.iter().any(|action| matches!(action, Action::Close(_)));
        wake
    }

    /// Looks at what the other server has said about an attempt to sign in.
    fn judge_sign_in(&mut self) {
        let Some(relayed) = &mut self.relayed else { return };
        for action in &self.actions {
            let Action::Element(element) = action else { continue };
            match sign_in(element) {
                Some(SignIn::Refused) => {
                    relayed.refused += 1;
                    relayed.attempt = false;
                }
                Some(SignIn::Succeeded | SignIn::Failed) if std::mem::take(&mut relayed.attempt) => {
                    lock(&self.hub.attempts).void_from(self.client.network);
                }
                _ => {}
            }
        }
        if relayed.relay.authenticated {
            tracing::info!(network = %self.client.network, "signed in at another server");
            self.timer = None;
        } else if relayed.refused >= MAX_ATTEMPTS {
            let error = StreamError::new(StreamCondition::PolicyViolation).with_text("too many attempts to sign in");
            self.end(Some(error));
        }
    }

    /// The client is gone.
    pub(super) fn relay_gone(&mut self, clean: bool) {
        let Some(relayed) = self.relayed.take() else { return };
        if relayed.attempt {
            lock(&self.hub.attempts).void_from(self.client.network);
        }
        relayed.relay.finish(clean);
    }
}
