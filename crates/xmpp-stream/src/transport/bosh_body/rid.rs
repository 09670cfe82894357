//! [`Rid`]: the request id of XEP-0124 §14.

use std::fmt;
use std::str::FromStr;

/// A request id: 1 to 2^53 − 1, so that a JavaScript number holds it exactly (XEP-0124 §14.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rid(u64);

/// A number or text that is no request id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a request id between 1 and 2^53 - 1")]
pub struct RidError;

impl Rid {
    /// The largest request id, 2^53 − 1.
    pub const MAX: Rid = Rid((1 << 53) - 1);

    /// `None` outside 1 ..= 2^53 − 1.
    pub fn new(value: u64) -> Option<Rid> {
        (1..=Self::MAX.0).contains(&value).then_some(Rid(value))
    }

    /// A first request id from 64 random bits. It is large, hard to guess, and leaves room for 2^52 requests
    /// (XEP-0124 §14.1, §19.3).
    pub fn first(random: u64) -> Rid {
        Rid((1 << 32) + random % ((1 << 52) - (1 << 32)))
    }

    /// A request id that arrived as a JavaScript number, for instance in the answer of a prebind address.
    pub fn from_number(value: f64) -> Option<Rid> {
        // The bounds make the conversion exact; NaN fails both comparisons.
        let whole = (1.0..=9_007_199_254_740_991.0).contains(&value) && value.fract() == 0.0;
        whole.then_some(Rid(value as u64))
    }

    /// The number.
    pub fn value(self) -> u64 {
        self.0
    }

    /// The request id after this one; `None` after the last.
    pub fn next(self) -> Option<Rid> {
        Rid::new(self.0 + 1)
    }

    /// The request id before this one; `None` before the first.
    pub fn previous(self) -> Option<Rid> {
        Rid::new(self.0 - 1)
    }

    /// How far this one lies after `earlier`; zero if it does not.
    pub fn since(self, earlier: Rid) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl FromStr for Rid {
    type Err = RidError;

    /// Decimal digits alone, with white space around forgiven.
    fn from_str(text: &str) -> Result<Self, RidError> {
        decimal(text).and_then(Rid::new).ok_or(RidError)
    }
}

impl fmt::Display for Rid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An `xs:positiveInteger` or unsigned type. `str::parse` alone would also accept a plus sign.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_section_14_1() {
        assert_eq!(Rid::new(0), None);
        assert_eq!(Rid::new(1 << 53), None);
        assert_eq!("9007199254740991".parse(), Ok(Rid::MAX));
        assert_eq!("9007199254740992".parse::<Rid>(), Err(RidError));
        assert_eq!("18446744073709551616".parse::<Rid>(), Err(RidError));
        assert_eq!(Rid::MAX.next(), None);
        assert_eq!("-1".parse::<Rid>(), Err(RidError));
        assert_eq!("+1".parse::<Rid>(), Err(RidError));
        assert_eq!("".parse::<Rid>(), Err(RidError));
        assert_eq!(" 7 ".parse::<Rid>().map(Rid::value), Ok(7));
    }

    #[test]
    fn a_number_from_javascript_must_be_whole() {
        assert_eq!(Rid::from_number(9_007_199_254_740_991.0), Some(Rid::MAX));
        for bad in [0.0, -1.0, 1.5, f64::NAN, f64::INFINITY, 9_007_199_254_740_992.0] {
            assert_eq!(Rid::from_number(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_first_rid_leaves_room() {
        for random in [0, 1, u64::MAX, 1 << 52, 1 << 53] {
            let first = Rid::first(random).value();
            assert!((1 << 32..1 << 52).contains(&first), "{first}");
        }
    }
}
