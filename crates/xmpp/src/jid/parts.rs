//! The normal form of each part of a JID.

use std::borrow::Cow;

use super::JidError;
use super::prep::installed;

/// RFC 7622 §3.2.2, §3.3.1, §3.4.1: no part is longer than this many bytes.
const MAX: usize = 1023;

pub(super) fn local(text: &str) -> Result<Cow<'_, str>, JidError> {
    // RFC 7622 §3.3.1 excludes these beside what the base class excludes (space and control characters).
    let allowed = |b: u8| b > b' ' && b != 0x7F && !b"\"&'/:<>@".contains(&b);
    let part = normal(text, installed().map(|prep| prep.local), JidError::Local)?;
    let ok = part.bytes().all(allowed) && !part.contains(invisible);
    if ok { Ok(lower(part)) } else { Err(JidError::Local) }
}

pub(super) fn domain(text: &str) -> Result<Cow<'_, str>, JidError> {
    // RFC 7622 §3.2: a final dot is not part of the name.
    let text = text.strip_suffix('.').unwrap_or(text);
    if let Some(address) = text.strip_prefix('[') {
        let address = address.strip_suffix(']').ok_or(JidError::Domain)?;
        return match address.parse::<std::net::Ipv6Addr>() {
            Ok(_) => Ok(lower(Cow::Borrowed(text))),
            Err(_) => Err(JidError::Domain),
        };
    }
    let prep = installed().map(|prep| prep.domain);
    let has_a_label = || text.split('.').any(|label| label.get(..4).is_some_and(|p| p.eq_ignore_ascii_case("xn--")));
    let part = match prep {
        Some(prep) if text.is_ascii() && has_a_label() => checked(prep(text).map(Cow::Owned), JidError::Domain)?,
        _ => normal(text, prep, JidError::Domain)?,
    };
    if part.contains(invisible) || !part.split('.').all(is_label) {
        return Err(JidError::Domain);
    }
    Ok(lower(part))
}

pub(super) fn resource(text: &str) -> Result<Cow<'_, str>, JidError> {
    let part = normal(text, installed().map(|prep| prep.resource), JidError::Resource)?;
    let control = |c: char| c < ' ' || matches!(c, '\u{7F}'..='\u{9F}' | '\u{FFFE}' | '\u{FFFF}');
    if part.contains(control) { Err(JidError::Resource) } else { Ok(part) }
}

/// A label of a domain name. The underscore is not in RFC 7622, but in the names of many test machines, and servers let it pass.
fn is_label(label: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_') || b >= 0x80;
    // A label of DNS has at most 63 bytes, but of its A-label form, which only the shell could compute.
    let short = !label.is_ascii() || label.len() <= 63;
    !label.is_empty() && short && !label.starts_with('-') && !label.ends_with('-') && label.bytes().all(allowed)
}

fn normal<'a>(
    text: &'a str,
    prep: Option<fn(&str) -> Option<String>>,
    error: JidError,
) -> Result<Cow<'a, str>, JidError> {
    // Before the call out, so that nobody sends tables an endless text. Normal forms can be shorter than their input,
    // but no JID in use comes near this.
    if text.len() > MAX {
        return Err(JidError::TooLong);
    }
    let part = match prep {
        Some(prep) if !text.is_ascii() => prep(text).map(Cow::Owned),
        _ => Some(Cow::Borrowed(text)),
    };
    checked(part, error)
}

fn checked(part: Option<Cow<'_, str>>, error: JidError) -> Result<Cow<'_, str>, JidError> {
    match part {
        Some(part) if part.len() > MAX => Err(JidError::TooLong),
        Some(part) if !part.is_empty() => Ok(part),
        _ => Err(error),
    }
}

fn lower(part: Cow<'_, str>) -> Cow<'_, str> {
    if part.bytes().any(|b| b.is_ascii_uppercase()) { Cow::Owned(part.to_ascii_lowercase()) } else { part }
}

/// Characters beyond ASCII that no local part or domain may contain under either rule book and that need no table to
/// name: controls, spaces, separators, the object replacement block, non-characters.
fn invisible(c: char) -> bool {
    matches!(c, '\u{80}'..='\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200B}' | '\u{200E}'..='\u{200F}'
        | '\u{2028}'..='\u{202F}' | '\u{205F}'..='\u{206F}' | '\u{3000}' | '\u{E000}'..='\u{F8FF}'
        | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFF}' | '\u{E0000}'..)
}
