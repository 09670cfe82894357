//! `HT-SHA-256-NONE`: signing in with a token of XEP-0484, without channel binding (draft-schmaus-kitten-sasl-ht-09 §3).
//!
//! The client says `HMAC(token, "Initiator")`, the server `HMAC(token, "Responder")`. Both are the same each time, since a page
//! has no channel to bind to; so a server need not keep the token. It keeps the hash of the first, which it can compare and
//! nobody can sign in with, and the second, with which it proves that it knew the token. Whoever steals these can pretend to be
//! the server, as with the keys of SCRAM, but not to be the client. (A mechanism with channel binding would need the token itself.)

use core::fmt;

use xmpp::time::Timestamp;

use super::{ScramHash, same_bytes};

const HASH: ScramHash = ScramHash::Sha256;

/// What the client says of its token.
#[must_use]
pub fn initiator(token: &str) -> Vec<u8> {
    HASH.hmac(token.as_bytes(), b"Initiator")
}

/// What the server says of it.
#[must_use]
pub fn responder(token: &str) -> Vec<u8> {
    HASH.hmac(token.as_bytes(), b"Responder")
}

/// What a server keeps of a token.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredToken {
    /// The hash of [`initiator`]: also what the token is known by.
    pub verifier: Vec<u8>,
    /// [`responder`].
    pub responder: Vec<u8>,
    /// When it was given.
    pub issued: Timestamp,
    /// From when on it is of no use.
    pub expires: Timestamp,
    /// The highest count it was used with (XEP-0484 §3.4).
    pub count: u32,
}

impl StoredToken {
    /// What to keep of a fresh token.
    #[must_use]
    pub fn new(token: &str, issued: Timestamp, expires: Timestamp) -> StoredToken {
        StoredToken { verifier: HASH.digest(&initiator(token)), responder: responder(token), issued, expires, count: 0 }
    }

    /// Whether this is the token of whom said so.
    #[must_use]
    pub fn matches(&self, initiator: &[u8]) -> bool {
        same_bytes(&HASH.digest(initiator), &self.verifier)
    }
}

impl fmt::Debug for StoredToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issued, expires, count, .. } = self;
        write!(f, "StoredToken({issued:?}, {expires:?}, {count})")
    }
}

/// The tokens of one client of an account (XEP-0484 §5.1): a new one replaces the current one when it is used, not before, since
/// the answer that brought it may be lost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// The one last used.
    pub current: Option<StoredToken>,
    /// One that was given and not used yet.
    pub new: Option<StoredToken>,
}

/// What becomes of a client's tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenChange {
    /// It is given this one.
    Issue(StoredToken),
    /// It signs in with the one of this verifier.
    Use {
        /// Which.
        verifier: Vec<u8>,
        /// How often it was used, by the client's count.
        count: Option<u32>,
        /// For the last time.
        invalidate: bool,
        /// And is given this one.
        next: Option<StoredToken>,
    },
}

impl Tokens {
    /// The token that was meant.
    #[must_use]
    pub fn find(&self, initiator: &[u8]) -> Option<&StoredToken> {
        self.new.iter().chain(&self.current).find(|token| token.matches(initiator))
    }

    /// Makes the change; false, and nothing is changed, when the token is gone or was used with this count. Storage does this
    /// within the transaction that keeps it, so that of two uses with one count only one succeeds.
    pub fn apply(&mut self, change: &TokenChange) -> bool {
        match change {
            TokenChange::Issue(token) => self.new = Some(token.clone()),
            TokenChange::Use { verifier, count, invalidate, next } => {
                let is_new = self.new.as_ref().is_some_and(|token| token.verifier == *verifier);
                let slot = if is_new { &mut self.new } else { &mut self.current };
                let Some(mut token) =
                    slot.take_if(|token| token.verifier == *verifier && count.is_none_or(|count| count > token.count))
                else {
                    return false;
                };
                token.count = count.unwrap_or(token.count);
                // §3.5: what is older than a token that was used is of no use any more.
                self.current = (!invalidate).then_some(token);
                if next.is_some() {
                    self.new.clone_from(next);
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> StoredToken {
        StoredToken::new(text, Timestamp(0), Timestamp(10))
    }

    fn used(token: &StoredToken, count: Option<u32>) -> TokenChange {
        TokenChange::Use { verifier: token.verifier.clone(), count, invalidate: false, next: None }
    }

    #[test]
    fn a_new_token_replaces_the_old_one_when_it_is_used() {
        let (a, b) = (token("a"), token("b"));
        let mut tokens = Tokens::default();
        assert!(tokens.apply(&TokenChange::Issue(a.clone())) && tokens.apply(&used(&a, None)));
        assert!(tokens.apply(&TokenChange::Issue(b.clone())));
        assert!(tokens.apply(&used(&a, Some(1))), "the answer with the new one may have been lost");
        assert_eq!(tokens.find(&initiator("b")), Some(&b));
        assert!(tokens.apply(&used(&b, Some(1))));
        assert!(!tokens.apply(&used(&a, Some(2))) && tokens.find(&initiator("a")).is_none());
    }

    #[test]
    fn a_count_is_used_once_and_an_invalid_token_never() {
        let a = token("a");
        let mut tokens = Tokens { current: Some(a.clone()), new: None };
        assert!(tokens.apply(&used(&a, Some(5))));
        assert!(!tokens.apply(&used(&a, Some(5))) && !tokens.apply(&used(&a, Some(4))));
        assert!(tokens.apply(&used(&a, None)), "without early data nobody has to count");
        let last = TokenChange::Use { verifier: a.verifier.clone(), count: Some(6), invalidate: true, next: None };
        assert!(tokens.apply(&last));
        assert_eq!(tokens, Tokens::default());
    }

    #[test]
    fn nothing_that_is_kept_signs_in() {
        let kept = token("open sesame");
        assert!(kept.matches(&initiator("open sesame")));
        assert!(!kept.matches(&kept.verifier) && !kept.matches(&kept.responder) && !kept.matches(b""));
    }
}
