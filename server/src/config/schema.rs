//! The `settings!` macro: one declaration gives the struct, its defaults, its documentation at run time and its reader.
//!
//! serde's derive stops at the first mistake and does not know doc comments; an administrator wants all mistakes at once
//! and a sample that cannot drift from the code.

use super::value::Setting;

/// What is known about one key, for the sample file and for error messages.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// The key's name inside its section.
    pub name: &'static str,
    /// Its documentation, one entry per line.
    pub doc: &'static [&'static str],
    /// Its default as TOML; `None` when the key is unset by default.
    pub default: Option<toml::Value>,
    /// What a value looks like ("a duration such as \"30s\"").
    pub expects: &'static str,
    /// An example to show when there is no default.
    pub example: &'static str,
}

/// One complaint about a value, without its place.
#[derive(Debug)]
pub(crate) struct BadValue {
    /// What is wrong and what to do.
    pub problem: String,
}

/// A section of the configuration, as made by `settings!`.
pub(crate) trait Section: Default {
    /// Every key, in the order of declaration.
    fn keys() -> Vec<Key>;
    /// Sets `key` from a TOML value. `None`: there is no such key.
    fn set(&mut self, key: &str, value: &toml::Value) -> Option<Result<(), BadValue>>;
    /// Sets `key` from text (environment). `None`: there is no such key.
    fn set_text(&mut self, key: &str, text: &str) -> Option<Result<(), BadValue>>;
}

/// Reads a value of a setting, with the kind of value expected in the message.
pub(super) fn read<T: Setting>(value: &toml::Value) -> Result<T, BadValue> {
    T::from_toml(value).map_err(|reason| BadValue { problem: format!("{reason}; it must be {}", T::EXPECTS) })
}

/// Reads a value of a setting from text.
pub(super) fn read_text<T: Setting>(text: &str) -> Result<T, BadValue> {
    T::from_text(text).map_err(|reason| BadValue { problem: format!("{reason}; it must be {}", T::EXPECTS) })
}

macro_rules! settings {
    (
        $(#[doc = $section_doc:literal])*
        pub struct $name:ident {
            $( $(#[doc = $doc:literal])* $key:ident : $ty:ty = $default:expr ; )*
        }
    ) => {
        $(#[doc = $section_doc])*
        #[derive(Debug, Clone)]
        pub struct $name { $( $(#[doc = $doc])* pub $key: $ty, )* }

        impl Default for $name {
            fn default() -> Self { Self { $( $key: $default, )* } }
        }

        impl $crate::config::schema::Section for $name {
            fn keys() -> Vec<$crate::config::schema::Key> {
                use $crate::config::value::Setting;
                let defaults = Self::default();
                vec![ $( $crate::config::schema::Key {
                    name: stringify!($key),
                    doc: &[$($doc),*],
                    default: defaults.$key.to_toml(),
                    expects: <$ty as Setting>::EXPECTS,
                    example: <$ty as Setting>::EXAMPLE,
                }, )* ]
            }

            fn set(&mut self, key: &str, value: &toml::Value) -> Option<Result<(), $crate::config::schema::BadValue>> {
                match key {
                    $( stringify!($key) => Some($crate::config::schema::read(value).map(|v| self.$key = v)), )*
                    _ => None,
                }
            }

            fn set_text(&mut self, key: &str, text: &str) -> Option<Result<(), $crate::config::schema::BadValue>> {
                match key {
                    $( stringify!($key) => Some($crate::config::schema::read_text(text).map(|v| self.$key = v)), )*
                    _ => None,
                }
            }
        }
    };
}

pub(super) use settings;
