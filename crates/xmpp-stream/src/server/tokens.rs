//! Tokens (XEP-0484), for the server: given with a success, and taken in place of a password.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use xmpp::jid::{BareJid, Jid};
use xmpp::payload::Payload as _;
use xmpp::time::Timestamp;
use xmpp::xep::fast::{Token, TokenText};
use xmpp::xml::Element;

use super::event::{CredentialsUnavailable, Output};
use super::machine::{ServerStream, State, Waits};
use super::sasl2::Request;
use crate::sasl::{Mechanism, SaslCondition, ScramHash, StoredToken, TokenChange, Tokens};

impl ServerStream {
    /// §3.4: the mechanism for tokens, in a request that says that it is for a token of a client that names itself (§4.1).
    pub(super) fn takes_token(&self, authenticate: &Element, request: &Request) -> bool {
        self.config.tokens.is_some()
            && authenticate.attr("mechanism") == Some(Mechanism::Token.name())
            && request.fast.is_some()
            && request.agent.is_some()
    }

    /// `authcid NUL HMAC(token, "Initiator")`.
    pub(super) fn received_token(&mut self, initial: &[u8]) {
        let mut parts = initial.splitn(2, |byte| *byte == 0);
        let (Some(username), Some(initiator)) = (parts.next(), parts.next()) else {
            return self.failed(SaslCondition::MalformedRequest);
        };
        let account = core::str::from_utf8(username)
            .ok()
            .and_then(|username| Jid::from_parts(Some(username), &self.config.domain, None).ok()?.into_bare());
        let account = account.filter(|account| self.from.as_ref().is_none_or(|from| from.has_bare(account)));
        let State::Sasl(exchange) = &mut self.state else { return };
        let agent = exchange.request.as_ref().and_then(|request| request.agent.clone());
        let (Some(account), Some(agent)) = (account, agent) else {
            return self.failed(SaslCondition::NotAuthorized);
        };
        exchange.account = Some(account.clone());
        exchange.random = initiator.to_vec();
        exchange.waits = Waits::Tokens;
        self.token = self.token.wrapping_add(1);
        self.out.push_back(Output::LoadTokens { token: self.token, account, agent });
    }

    /// The client's tokens are here: is this one of them?
    pub(super) fn tokens(&mut self, token: u32, result: Result<Tokens, CredentialsUnavailable>) {
        if token != self.token || !self.waits_for(Waits::Tokens) {
            return;
        }
        let Ok(tokens) = result else { return self.failed(SaslCondition::TemporaryAuthFailure) };
        let now = self.now.wall;
        let State::Sasl(exchange) = &mut self.state else { return };
        let (Some(request), Some(policy)) = (&mut exchange.request, self.config.tokens) else { return };
        let Some(found) = tokens.find(&exchange.random) else { return self.failed(SaslCondition::NotAuthorized) };
        if found.expires <= now {
            return self.failed(SaslCondition::CredentialsExpired);
        }
        let Some(fast) = request.fast else { return };
        // §3.6: whoever gives a token up gets no other unasked.
        let is_old = now.0.saturating_sub(found.issued.0) >= policy.rotate_after_ms && !fast.invalidate;
        let wants_another = core::mem::take(&mut request.wants_token) || is_old;
        request.additional_data = Some(found.responder.clone());
        let verifier = found.verifier.clone();
        let next = wants_another.then(|| self.fresh_token()).flatten();
        let change = TokenChange::Use { verifier, count: fast.count, invalidate: fast.invalidate, next };
        self.change_tokens(change);
    }

    /// §3.3: the client gets a token with its success.
    pub(super) fn issue_token(&mut self, account: BareJid) {
        match self.fresh_token() {
            Some(token) => self.change_tokens(TokenChange::Issue(token)),
            None => self.authenticated(account),
        }
    }

    /// What was changed is durable, or not.
    pub(super) fn tokens_changed(&mut self, token: u32, result: Result<bool, CredentialsUnavailable>) {
        if token != self.token || !self.waits_for(Waits::TokensChanged) {
            return;
        }
        let State::Sasl(exchange) = &mut self.state else { return };
        let (Some(account), Some(request)) = (exchange.account.clone(), &mut exchange.request) else { return };
        match (exchange.mechanism, result) {
            (_, Ok(true)) => self.authenticated(account),
            (Mechanism::Token, Ok(false)) => self.failed(SaslCondition::NotAuthorized),
            (Mechanism::Token, Err(_)) => self.failed(SaslCondition::TemporaryAuthFailure),
            // Signed in all the same, but without a token.
            _ => {
                request.token = None;
                self.authenticated(account);
            }
        }
    }

    fn change_tokens(&mut self, change: TokenChange) {
        let State::Sasl(exchange) = &mut self.state else { return };
        let agent = exchange.request.as_ref().and_then(|request| request.agent.clone());
        let (Some(account), Some(agent)) = (exchange.account.clone(), agent) else { return };
        exchange.waits = Waits::TokensChanged;
        self.token = self.token.wrapping_add(1);
        self.out.push_back(Output::ChangeTokens { token: self.token, account, agent, change });
    }

    /// A token for the client, which gets it when it is stored; none for a client that does not name itself.
    fn fresh_token(&mut self) -> Option<StoredToken> {
        let policy = self.config.tokens?;
        self.exchanges = self.exchanges.wrapping_add(1);
        let seed = ["fast token".as_bytes(), &self.exchanges.to_be_bytes()].concat();
        // As unpredictable as the connection's random bytes, 192 bits, and of no use to tell these.
        let text = URL_SAFE_NO_PAD.encode(ScramHash::Sha256.hmac(&self.config.nonce, &seed));
        let issued = self.now.wall;
        let expires = Timestamp(issued.0.saturating_add(policy.lifetime_ms));
        let State::Sasl(exchange) = &mut self.state else { return None };
        let request = exchange.request.as_mut().filter(|request| request.agent.is_some())?;
        let stored = StoredToken::new(&text, issued, expires);
        request.token = Some(Token { token: TokenText(text), expiry: expires }.write());
        Some(stored)
    }
}
