//! A short immutable string that is either a constant or shared.
//!
//! Names and namespaces repeat in every element; a namespace declared once by a stranger and inherited by thousands of
//! elements must not be copied thousands of times.

use std::borrow::Cow;
use std::sync::Arc;

#[derive(Clone)]
pub(super) enum Shared {
    Static(&'static str),
    Counted(Arc<str>),
}

impl Shared {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Shared::Static(text) => text,
            Shared::Counted(text) => text,
        }
    }
}

impl From<&str> for Shared {
    fn from(text: &str) -> Self {
        Shared::Counted(Arc::from(text))
    }
}

impl From<Cow<'static, str>> for Shared {
    fn from(text: Cow<'static, str>) -> Self {
        match text {
            Cow::Borrowed(text) => Shared::Static(text),
            Cow::Owned(text) => Shared::Counted(Arc::from(text)),
        }
    }
}

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Shared {}
