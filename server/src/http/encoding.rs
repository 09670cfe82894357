//! Content negotiation for precompressed files: which of the encodings at hand a request accepts most (RFC 9110 §12.5.3).

/// An encoding that a file may be kept in beside the plain one, with its suffix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// `br`
    Brotli,
    /// `gzip`
    Gzip,
    /// As it is.
    Identity,
}

impl Encoding {
    /// The name in headers.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
            Self::Identity => "identity",
        }
    }

    /// The suffix of the file that holds it.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
            Self::Identity => "",
        }
    }
}

/// The encodings in the order in which to try them; those that the request refuses are left out. Ties go to the smaller.
/// `Identity` is last unless it is preferred or refused outright.
pub(super) fn preferred(accept: Option<&str>) -> Vec<Encoding> {
    let Some(accept) = accept else { return vec![Encoding::Identity] };
    let mut weights: Vec<(u16, Encoding)> = [Encoding::Brotli, Encoding::Gzip, Encoding::Identity]
        .into_iter()
        .map(|encoding| (weight(accept, encoding), encoding))
        .filter(|(weight, _)| *weight > 0)
        .collect();
    // The sort keeps the order of equals.
    weights.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    weights.into_iter().map(|(_, encoding)| encoding).collect()
}

/// The weight in thousandths; an encoding not named has that of `*`, else 0, and identity 1, which is "if nothing else".
fn weight(accept: &str, encoding: Encoding) -> u16 {
    let mut any = None;
    for part in accept.split(',') {
        let mut fields = part.split(';').map(str::trim);
        let name = fields.next().unwrap_or_default();
        let q = fields
            .find_map(|field| field.strip_prefix("q=").or_else(|| field.strip_prefix("Q=")))
            .map_or(Some(1.0), |q| q.parse::<f32>().ok());
        let Some(q) = q.filter(|q| (0.0..=1.0).contains(q)) else { continue };
        let thousandths = (q * 1000.0) as u16;
        if name.eq_ignore_ascii_case(encoding.name())
            || (encoding == Encoding::Gzip && name.eq_ignore_ascii_case("x-gzip"))
        {
            return thousandths;
        }
        if name == "*" {
            any = Some(thousandths);
        }
    }
    any.unwrap_or(if encoding == Encoding::Identity { 1 } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Encoding::{Brotli, Gzip, Identity};

    #[test]
    fn examples_of_rfc_9110_and_browsers() {
        let cases: [(Option<&str>, &[Encoding]); 9] = [
            (None, &[Identity]),
            (Some(""), &[Identity]),
            (Some("gzip, deflate, br, zstd"), &[Brotli, Gzip, Identity]),
            (Some("compress, gzip"), &[Gzip, Identity]),
            (Some("*"), &[Brotli, Gzip, Identity]),
            (Some("gzip;q=1.0, identity; q=0.5, *;q=0"), &[Gzip, Identity]),
            (Some("br;q=0.2, gzip;q=0.8"), &[Gzip, Brotli, Identity]),
            (Some("identity, br;q=0.1"), &[Identity, Brotli]),
            (Some("br;q=nonsense"), &[Identity]),
        ];
        for (accept, expected) in cases {
            assert_eq!(preferred(accept), expected, "{accept:?}");
        }
    }
}
