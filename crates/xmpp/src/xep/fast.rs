//! XEP-0484: Fast Authentication Streamlining Tokens (version 0.2.0).

use std::borrow::Cow;
use std::fmt;

use crate::ns;
use crate::payload;
use crate::payload::TextValue;
use crate::time::Timestamp;

/// What a client signs in with in place of its password. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenText(pub String);

payload! {
    /// Inline feature of SASL2 (§3.1), and the mark of a sign-in by token (§3.4), in one.
    #[derive(Default)]
    pub struct Fast("fast", ns::FAST) {
        /// In the feature: the mechanisms that take tokens.
        mechanisms: Vec<String> = ChildTexts("mechanism"),
        /// In the feature: whether the server looks at early data of TLS.
        tls_0rtt: bool = AttrOr("tls-0rtt", false),
        /// In the request: rises with each use of the token, so that nobody can repeat a request.
        count: Option<u32> = OptAttr("count"),
        /// In the request: this was the last use (§3.6).
        invalidate: bool = AttrOr("invalidate", false),
    }

    /// The client wants a token (§3.2).
    pub struct RequestToken("request-token", ns::FAST) {
        /// For this mechanism.
        mechanism: String = Attr("mechanism"),
    }

    /// The server gives a token (§3.3, §3.5).
    pub struct Token("token", ns::FAST) {
        /// The secret.
        token: TokenText = Attr("token"),
        /// From when on it is of no use.
        expiry: Timestamp = Attr("expiry"),
    }
}

impl TextValue for TokenText {
    fn from_text(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.into()))
    }

    fn to_text(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.0)
    }
}

impl fmt::Debug for TokenText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenText(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let token = Token { token: TokenText("opensesame".into()), expiry: Timestamp(0) };
        assert!(!format!("{token:?}").contains("opensesame"));
    }
}
