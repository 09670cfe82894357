//! XEP-0077: whoever has no account makes one before signing in (§3.1.1). Who may, and how often, is the shell's business.

use core::fmt;

use xmpp::jid::BareJid;
use xmpp::payload::Payload;
use xmpp::stanza::{Condition, ErrorType, Iq, IqKind, Stanza, StanzaError, StreamCondition};
use xmpp::xep::register::{Register, RegisterFeature};
use xmpp::xml::Element;

use super::event::Output;
use super::machine::ServerStream;

const INSTRUCTIONS: &str = "Choose a user name and a password.";

/// The longest password that is looked at, in bytes.
const PASSWORD_BYTES: usize = 1_024;

/// A password on its way to where keys are made of it. It stands in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// How far registration is on one stream.
#[derive(Default)]
pub(super) enum Registration {
    /// It is not offered.
    #[default]
    Off,
    Offered,
    /// The shell makes the account.
    Waits {
        token: u32,
        iq: Box<Iq>,
    },
    /// One account for each stream.
    Done,
}

/// Why an account was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationRefused {
    /// There is such an account.
    Conflict,
    /// The password cannot be one.
    Password,
    /// Too many from there.
    TooMany,
    /// Storage cannot say now.
    Unavailable,
}

impl RegistrationRefused {
    fn error(self) -> StanzaError {
        match self {
            Self::Conflict => StanzaError::from(Condition::Conflict),
            Self::Password => StanzaError::new(ErrorType::Modify, Condition::NotAcceptable)
                .with_text("the password is empty or holds characters that no password may hold"),
            // §3.1.1
            Self::TooMany => StanzaError::new(ErrorType::Wait, Condition::NotAcceptable)
                .with_text("too many accounts were registered from this address"),
            Self::Unavailable => StanzaError::new(ErrorType::Wait, Condition::InternalServerError),
        }
    }
}

impl ServerStream {
    /// Offers registration, where the connection is [`secure`](super::ServerStreamConfig::secure) (§11).
    #[must_use]
    pub fn with_registration(mut self) -> ServerStream {
        self.registration = Registration::Offered;
        self
    }

    /// §8, if it is to be offered.
    pub(super) fn register_feature(&self) -> Option<Element> {
        let offered = matches!(self.registration, Registration::Offered) && self.config.secure;
        offered.then(|| RegisterFeature {}.write())
    }

    /// An IQ before signing in; `false` if it is not about registration, or that is not to be had here.
    pub(super) fn received_registration(&mut self, element: &Element) -> bool {
        let off = matches!(self.registration, Registration::Off) || !self.config.secure;
        if off || !element.children().any(Register::matches) {
            return false;
        }
        let Ok(Stanza::Iq(iq)) = Stanza::try_from(element.clone()) else { return false };
        match &iq.kind {
            IqKind::Get(_) => {
                let empty = || Some(String::new());
                let instructions = Some(INSTRUCTIONS.to_owned());
                let fields = Register { instructions, username: empty(), password: empty(), ..Register::default() };
                self.answer(iq.reply_result(Some(fields.write())));
            }
            IqKind::Set(payload) => {
                if let Err(condition) = self.register(&iq, payload) {
                    self.answer(iq.reply_error(StanzaError::from(condition)));
                }
            }
            IqKind::Result(_) | IqKind::Error(_) => return false,
        }
        true
    }

    fn register(&mut self, iq: &Iq, payload: &Element) -> Result<(), Condition> {
        let request = Register::read(payload).map_err(|_| Condition::BadRequest)?;
        if request.remove {
            // §3.2: whoever has not signed in has nothing to cancel.
            return Err(Condition::UnexpectedRequest);
        }
        let given = |text: Option<String>| text.filter(|text| !text.is_empty()).ok_or(Condition::NotAcceptable);
        let (username, password) = (given(request.username)?, given(request.password)?);
        if password.len() > PASSWORD_BYTES {
            return Err(Condition::NotAcceptable);
        }
        let account = BareJid::from_parts(Some(&username), &self.config.domain).map_err(|_| Condition::JidMalformed)?;
        if matches!(self.registration, Registration::Waits { .. } | Registration::Done) {
            // §3.1.1: not a second one, neither at the same time nor later.
            return Err(Condition::NotAcceptable);
        }
        self.token = self.token.wrapping_add(1);
        self.registration = Registration::Waits { token: self.token, iq: Box::new(iq.clone()) };
        self.out.push_back(Output::Register { token: self.token, account, password: Password(password) });
        Ok(())
    }

    /// What came of [`Output::Register`].
    pub(super) fn registered(&mut self, token: u32, result: Result<(), RegistrationRefused>) {
        let (iq, next) = match core::mem::take(&mut self.registration) {
            Registration::Waits { token: asked, iq } if asked == token => {
                (iq, if result.is_ok() { Registration::Done } else { Registration::Offered })
            }
            other => {
                self.registration = other;
                return;
            }
        };
        self.registration = next;
        let answer = match result {
            Ok(()) => iq.reply_result(None),
            Err(refused) => iq.reply_error(refused.error()),
        };
        self.answer(answer);
        if self.is_established() {
            // The answer would stand in the middle of a session that knows nothing of it.
            self.close_with(StreamCondition::UndefinedCondition);
        }
    }

    fn answer(&mut self, iq: Iq) {
        let from = BareJid::from_parts(None, &self.config.domain).ok().map(Into::into);
        self.out.push_back(Output::Transmit(Iq { from, ..iq }.into()));
    }
}
