//! A stranger's picture, made safe to show: its type is what its first bytes say, never what the sender says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};
use xmpp::xep::vcard_temp::Photo;

/// A picture to show.
pub(super) struct Image {
    /// A `data:` URL.
    pub(super) url: String,
    /// SHA-1 of the bytes, in hex (XEP-0153 §3.1).
    pub(super) hash: String,
}

const MAX_BYTES: usize = 128 * 1024;
const TYPES: [&str; 4] =
    ["data:image/png;base64,", "data:image/jpeg;base64,", "data:image/gif;base64,", "data:image/webp;base64,"];

/// The picture, if it is one of the kinds that cannot carry script, and not too large.
pub(super) fn checked(photo: Option<&Photo>) -> Option<Image> {
    let bytes = photo?.binval.as_ref().filter(|bytes| bytes.len() <= MAX_BYTES)?;
    let kind = match bytes.as_slice() {
        [0x89, b'P', b'N', b'G', ..] => TYPES[0],
        [0xFF, 0xD8, 0xFF, ..] => TYPES[1],
        [b'G', b'I', b'F', b'8', ..] => TYPES[2],
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => TYPES[3],
        _ => return None,
    };
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    let hash = Sha1::digest(bytes).iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    Some(Image { url: [kind, &STANDARD.encode(bytes)].concat(), hash })
}

/// Whether a kept text is such a URL.
pub(super) fn is_url(text: &str) -> bool {
    TYPES.iter().any(|kind| text.starts_with(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo(bytes: &[u8]) -> Photo {
        Photo { type_: Some(String::from("image/png")), binval: Some(bytes.to_vec()), extval: None }
    }

    #[test]
    fn only_pictures_without_script_pass() {
        assert!(
            checked(Some(&photo(b"\x89PNG\r\n"))).is_some_and(|image| is_url(&image.url) && image.hash.len() == 40)
        );
        assert!(
            checked(Some(&photo(b"\xFF\xD8\xFF\xE0"))).is_some_and(|image| image.url.starts_with("data:image/jpeg"))
        );
        assert!(checked(Some(&photo(b"RIFF0000WEBPVP8 "))).is_some());
        for bytes in [&b""[..], b"<svg onload='x'>", b"<!DOCTYPE html>", b"RIFF0000WAVE", b"\x89PN"] {
            assert!(checked(Some(&photo(bytes))).is_none());
        }
        let mut large = b"GIF89a".to_vec();
        large.resize(MAX_BYTES + 1, 0);
        assert!(checked(Some(&photo(&large))).is_none());
        assert!(!is_url("data:text/html,<b>") && !is_url("https://x.y/a.png"));
    }
}
