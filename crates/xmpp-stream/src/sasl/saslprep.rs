//! SASLprep of passwords (RFC 4013). Unicode's tables are too large for a page, so normalisation comes from outside.
//!
//! The page installs [`prepare_with`] over `String.prototype.normalize`, the server a complete implementation.

use std::borrow::Cow;
use std::sync::OnceLock;

/// Prepares a password; `None` when it has characters that are prohibited.
pub type PasswordPrep = fn(&str) -> Option<String>;

static PREP: OnceLock<PasswordPrep> = OnceLock::new();

/// Sets how passwords are prepared, once per process. Later calls change nothing and return false.
pub fn install(prep: PasswordPrep) -> bool {
    PREP.set(prep).is_ok()
}

/// Prepares a password by the installed function, by default without Unicode normalisation.
#[must_use]
pub fn prepare(password: &str) -> Option<String> {
    // Printable ASCII is a fixed point of SASLprep.
    if password.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return (!password.is_empty()).then(|| password.to_owned());
    }
    match PREP.get() {
        Some(prep) => prep(password),
        None => prepare_with(password, |text| Cow::Borrowed(text)),
    }
}

/// SASLprep with the NFKC function given: mapping (RFC 4013 §2.1), normalisation, prohibited output (§2.3).
///
/// Not checked are bidirectional text and unassigned code points (§2.4, §2.5): both would need tables, and a server that
/// stores a password checks them.
#[must_use]
pub fn prepare_with(password: &str, nfkc: impl FnOnce(&str) -> Cow<'_, str>) -> Option<String> {
    let mapped: String = password
        .chars()
        .filter(|c| !is_mapped_to_nothing(*c))
        .map(|c| if is_other_space(c) { ' ' } else { c })
        .collect();
    let prepared = nfkc(&mapped).into_owned();
    (!prepared.is_empty() && !prepared.chars().any(is_prohibited)).then_some(prepared)
}

/// RFC 3454 table B.1, without U+200B.
fn is_mapped_to_nothing(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{1806}' | '\u{180B}'..='\u{180D}' | '\u{200C}' | '\u{200D}' | '\u{2060}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

/// RFC 3454 table C.1.2. U+200B is in B.1 as well; RFC 4013 §2.1 names this table first.
fn is_other_space(c: char) -> bool {
    matches!(c, '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200B}' | '\u{202F}' | '\u{205F}' | '\u{3000}')
}

/// RFC 3454 tables C.2 to C.9. Surrogates (C.5) cannot occur in a `char`.
fn is_prohibited(c: char) -> bool {
    c.is_control()
        || is_other_space(c)
        || u32::from(c) & 0xFFFE == 0xFFFE
        || matches!(c, '\u{340}' | '\u{341}' | '\u{6DD}' | '\u{70F}' | '\u{180E}' | '\u{200C}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2063}' | '\u{206A}'..='\u{206F}' | '\u{2FF0}'..='\u{2FFB}'
            | '\u{E000}'..='\u{F8FF}' | '\u{FDD0}'..='\u{FDEF}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFD}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0001}' | '\u{E0020}'..='\u{E007F}' | '\u{F0000}'..='\u{10FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_4013_section_3_examples() {
        let identity = |text: &str| prepare_with(text, |t| Cow::Owned(t.to_owned()));
        assert_eq!(identity("I\u{AD}X").as_deref(), Some("IX"));
        assert_eq!(prepare("user").as_deref(), Some("user"));
        assert_eq!(prepare("USER").as_deref(), Some("USER"));
        assert_eq!(identity("\u{7}"), None);
        assert_eq!(prepare_with("\u{AA}", |_| Cow::Borrowed("a")).as_deref(), Some("a"));
    }

    #[test]
    fn spaces_are_mapped_and_emptiness_refused() {
        assert_eq!(prepare("a\u{A0}b").as_deref(), Some("a b"));
        assert_eq!(prepare(""), None);
        assert_eq!(prepare("\u{AD}"), None);
        assert_eq!(prepare("a\u{FFFF}"), None);
    }

    /// Characters that NFKC leaves alone, so that a table of it is not needed to compare: letters of four scripts, and what
    /// is mapped or prohibited.
    fn text() -> impl proptest::strategy::Strategy<Value = String> {
        proptest::string::string_regex(
            "[ -~\u{7F}\u{DF}\u{AD}\u{A0}\u{3041}-\u{3050}\u{430}-\u{44F}\u{2000}-\u{200F}\u{2028}-\u{202F}\u{2060}-\u{2063}\u{206A}-\u{206F}\u{E000}\u{FE00}\u{FEFF}\u{FFF9}-\u{FFFF}\u{E0020}\u{1806}\u{180B}-\u{180E}]{1,4}",
        )
        .expect("a valid expression")
    }

    proptest::proptest! {
        #[test]
        fn agrees_with_a_complete_implementation(text in text()) {
            let theirs = stringprep::saslprep(&text).ok().map(Cow::into_owned).filter(|text| !text.is_empty());
            let ours = prepare_with(&text, |text| Cow::Borrowed(text));
            proptest::prop_assert_eq!(ours, theirs);
        }
    }
}
