//! The way out to Unicode tables for parts that are not ASCII.

use std::sync::OnceLock;

/// How the shell normalises the parts of a JID that contain more than ASCII. Each function gets the part as written
/// and returns its normal form, or `None` if it is not allowed. ASCII limits and lengths are checked here afterwards.
///
/// A server installs what it enforces: the Nodeprep, Nameprep and Resourceprep profiles of stringprep that servers run
/// (RFC 6122), or the PRECIS profiles of RFC 7622. A browser installs what it has (`String.prototype.normalize`,
/// `toLowerCase`): it compares and does not enforce.
#[derive(Clone, Copy, Debug)]
pub struct Prep {
    /// RFC 7622 §3.3, UsernameCaseMapped.
    pub local: fn(&str) -> Option<String>,
    /// RFC 7622 §3.2; A-labels come here as well, to become U-labels.
    pub domain: fn(&str) -> Option<String>,
    /// RFC 7622 §3.4, OpaqueString.
    pub resource: fn(&str) -> Option<String>,
}

static INSTALLED: OnceLock<Prep> = OnceLock::new();

/// Installs the functions for the whole process. The first call counts: JIDs that were made under different rules
/// would not compare. Returns whether this was the first.
pub fn install_prep(prep: Prep) -> bool {
    INSTALLED.set(prep).is_ok()
}

pub(super) fn installed() -> Option<&'static Prep> {
    INSTALLED.get()
}
