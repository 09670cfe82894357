//! What a stream asks of storage about tokens (XEP-0484).

use xmpp::jid::BareJid;
use xmpp_stream::sasl::TokenChange;
use xmpp_stream::server::{CredentialsUnavailable, Input};

use super::hub::lock;
use super::link::Link;
use crate::storage::{DatabaseError, tokens};

impl Link {
    /// An attempt to sign in by token: counted as one by password.
    pub(super) fn load_tokens(&mut self, token: u32, account: BareJid, agent: String) {
        let answer = self.answer.clone();
        let send = move |result| {
            // A connection that is gone needs no answer.
            let _ = answer.send(Input::Tokens { token, result });
        };
        if !lock(&self.hub.attempts).begin(&account, self.client.network, self.hub.clock.millis()) {
            tracing::warn!(%account, network = %self.client.network, "too many failed sign-ins; this one is put off");
            return send(Err(CredentialsUnavailable));
        }
        self.attempt = Some(account.clone());
        self.hub.storage.read(
            move |connection| tokens::of(connection, account.local().unwrap_or_default(), &agent),
            move |tokens| send(tokens.map_err(|error| unavailable(&error))),
        );
    }

    /// Answered when the change is on disk: a token that was given up is so for good, and a count is used once.
    pub(super) fn change_tokens(&mut self, token: u32, account: BareJid, agent: String, change: TokenChange) {
        let answer = self.answer.clone();
        self.hub.storage.write(
            move |connection| tokens::change(connection, account.local().unwrap_or_default(), &agent, &change),
            move |result| {
                let result = result.map_err(|error| unavailable(&error));
                let _ = answer.send(Input::TokensChanged { token, result });
            },
        );
    }
}

fn unavailable(error: &DatabaseError) -> CredentialsUnavailable {
    tracing::error!(%error, "tokens could not be read or written");
    CredentialsUnavailable
}
