//! Values that stand as text in an attribute or element.

use std::borrow::Cow;

/// A value with a text form. `from_text(to_text(x))` is `x`.
pub trait TextValue: Sized {
    /// Reads the text; `None` if it is not such a value.
    fn from_text(text: &str) -> Option<Self>;

    /// Writes the text.
    fn to_text(&self) -> Cow<'_, str>;
}

impl TextValue for String {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }

    fn to_text(&self) -> Cow<'_, str> {
        Cow::Borrowed(self)
    }
}

/// `xs:boolean`: `true`, `false`, `1` or `0`; written as words.
impl TextValue for bool {
    fn from_text(text: &str) -> Option<Self> {
        match text.trim() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }

    fn to_text(&self) -> Cow<'_, str> {
        Cow::Borrowed(if *self { "true" } else { "false" })
    }
}

macro_rules! numbers {
    ($($type:ty)*) => {$(
        impl TextValue for $type {
            fn from_text(text: &str) -> Option<Self> {
                text.trim().parse().ok()
            }

            fn to_text(&self) -> Cow<'_, str> {
                Cow::Owned(self.to_string())
            }
        }
    )*};
}
numbers!(u8 u16 u32 u64 i8 i32 i64);
