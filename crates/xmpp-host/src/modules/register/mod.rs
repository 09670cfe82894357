//! XEP-0077 for those who have signed in: a new password (§3.3), the end of the account (§3.2). Registering comes before signing in
//! and so before there is a session: that is the stream's (`xmpp_stream::server`).

use xmpp::jid::BareJid;
use xmpp::ns;
use xmpp::payload::Payload;
use xmpp::stanza::{Condition, ErrorType, Iq, StanzaError, StreamCondition, StreamError};
use xmpp::xep::register::Register;
use xmpp::xml::Element;
use xmpp_stream::server::Password;

use crate::account::{Origin, RosterState};
use crate::effect::Effect;
use crate::io::{ConnId, Output, PasswordRefused, SessionId};
use crate::modules::roster::subscription;
use crate::modules::{Access, Answer, At, IqHandler, Module, Request};
use crate::pending::{Pending, storage_error};
use crate::route::subscription::subscription_stanza;
use crate::shard::{Place, Shard};
use crate::storage::{OpResult, StorageError, StoreOp};

pub(crate) const NAME: &str = "register";

/// The longest password that is passed on, in bytes.
const PASSWORD_BYTES: usize = 1_024;

pub(crate) struct Registration;

impl Module for Registration {
    fn features(&self, at: At) -> &'static [&'static str] {
        match at {
            // §10: also for those who want to know whether they may change their password.
            At::Domain => &[ns::REGISTER],
            At::Account => &[],
        }
    }

    fn iq_handlers(&self) -> &'static [IqHandler] {
        const TELL: IqHandler = IqHandler {
            name: "query",
            ns: ns::REGISTER,
            set: false,
            at: At::Account,
            access: Access::Owner,
            handle: tell,
        };
        const CHANGE: IqHandler = IqHandler { set: true, handle: change, ..TELL };
        &[TELL, CHANGE, IqHandler { at: At::Domain, ..TELL }, IqHandler { at: At::Domain, ..CHANGE }]
    }
}

/// A change of the account itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountChange {
    /// From now on with this password.
    Password(Password),
    /// Away with it and all that is in it.
    Cancel,
}

/// §3.1: what is on file.
fn tell(request: &Request<'_>, _: &Element) -> Answer {
    if request.anonymous {
        return refuse(Condition::NotAllowed);
    }
    let query = Register {
        registered: true,
        username: request.account.local().map(str::to_owned),
        password: Some(String::new()),
        ..Register::default()
    };
    Answer::Result(Some(query.write()))
}

fn change(request: &Request<'_>, payload: &Element) -> Answer {
    let Ok(query) = Register::read(payload) else { return refuse(Condition::BadRequest) };
    if request.anonymous {
        return refuse(Condition::NotAllowed);
    }
    if query.remove {
        // §3.2: nothing beside it.
        return match (payload.children().count(), request.config.registration) {
            (1, true) => Answer::Account(AccountChange::Cancel),
            (1, false) => refuse(Condition::NotAllowed),
            _ => refuse(Condition::BadRequest),
        };
    }
    let (Some(username), Some(password)) = (query.username, query.password) else {
        return refuse(Condition::BadRequest);
    };
    let own = BareJid::from_parts(Some(&username), request.account.domain()).is_ok_and(|jid| jid == *request.account);
    if !own {
        return refuse(Condition::NotAllowed);
    }
    if password.is_empty() || password.len() > PASSWORD_BYTES {
        // §3.3: the one that there is stays.
        return Answer::Error(StanzaError::new(ErrorType::Modify, Condition::NotAcceptable));
    }
    Answer::Account(AccountChange::Password(Password(password)))
}

fn refuse(condition: Condition) -> Answer {
    Answer::Error(StanzaError::from(condition))
}

impl Shard {
    /// Runs a change in the account's turn.
    pub(crate) fn run_account_change(&mut self, account: &BareJid, origin: Origin, iq: Iq, change: AccountChange) {
        let iq = Box::new(iq);
        self.account(account).busy = true;
        match change {
            AccountChange::Password(password) => {
                let token = self.token(Pending::Password { account: account.clone(), origin, iq });
                self.emit(Output::SetPassword { token, account: account.clone(), password });
            }
            AccountChange::Cancel => {
                let pending = Pending::Cancel { account: account.clone(), origin, iq };
                self.store(vec![StoreOp::RemoveAccount { owner: account.clone() }], pending);
            }
        }
    }

    /// Whoever knew nothing but the old password is thrown out.
    pub(crate) fn password_set(
        &mut self,
        account: &BareJid,
        origin: Origin,
        iq: &Iq,
        result: Result<(), PasswordRefused>,
    ) {
        self.account_change_done(account);
        let effects = match result {
            Ok(()) => {
                let error = StreamError::new(StreamCondition::Reset).with_text("the password was changed");
                let others = Effect::EndSessions { account: account.clone(), but: Some(origin.session), error };
                vec![others, Effect::Reply(iq.reply_result(None).into())]
            }
            Err(refused) => vec![Effect::Reply(iq.reply_error(refused.error()).into())],
        };
        self.complete(Some(origin), effects);
    }

    /// §3.2: subscriptions end, sessions end.
    pub(crate) fn account_cancelled(
        &mut self,
        account: &BareJid,
        origin: Origin,
        iq: &Iq,
        result: Result<Vec<OpResult>, StorageError>,
    ) {
        self.account_change_done(account);
        if let Err(error) = result {
            let reply = iq.reply_error(storage_error(&error));
            return self.complete(Some(origin), vec![Effect::Reply(reply.into())]);
        }
        let mut effects = vec![Effect::Reply(iq.reply_result(None).into())];
        let rows = self.accounts.get(account).and_then(|it| it.roster()).into_iter().flat_map(|it| it.rows.values());
        for row in rows.filter(|row| self.place(row.jid.as_jid()) == Place::Account) {
            if row.subscription.from() {
                effects.extend(self.hidden_from(account, row.jid.as_jid()));
            }
            let verbs = subscription::removal(row).into_iter();
            effects.extend(verbs.map(|verb| subscription_stanza(account, verb, &row.jid)));
        }
        let error = StreamError::new(StreamCondition::NotAuthorized).with_text("the account was cancelled");
        effects.push(Effect::EndSessions { account: account.clone(), but: None, error });
        self.account(account).roster = RosterState::Missing;
        self.complete(Some(origin), effects);
    }

    fn account_change_done(&mut self, account: &BareJid) {
        if let Some(it) = self.accounts.get_mut(account) {
            it.busy = false;
        }
        self.account_moved(account);
    }

    /// Ends the sessions and connections of an account, but for one.
    pub(crate) fn end_sessions(&mut self, account: &BareJid, but: Option<SessionId>, error: &StreamError) {
        for id in self.sessions_of(account, |_| true).into_iter().filter(|id| Some(*id) != but) {
            self.kill(id, Some(error.clone()));
        }
        let unbound = |conn: &ConnId| self.conns[conn].account == *account && self.conns[conn].session.is_none();
        let unbound: Vec<ConnId> = self.conns.keys().copied().filter(unbound).collect();
        for conn in unbound {
            self.close_conn(conn, Some(error.clone()));
        }
    }
}

impl PasswordRefused {
    fn error(self) -> StanzaError {
        match self {
            Self::Unusable => StanzaError::new(ErrorType::Modify, Condition::NotAcceptable)
                .with_text("the password holds characters that no password may hold"),
            Self::NotAllowed => StanzaError::from(Condition::NotAllowed),
            Self::TooMany => StanzaError::new(ErrorType::Wait, Condition::ResourceConstraint),
            Self::Unavailable => StanzaError::new(ErrorType::Wait, Condition::InternalServerError),
        }
    }
}
