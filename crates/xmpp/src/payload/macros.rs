//! The two declarative macros.

/// Declares structs that are [`Payload`](crate::payload::Payload)s: element name and namespace, and per field a type and
/// a [codec](crate::payload::codec).
///
/// ```
/// # use xmpp::payload;
/// payload! {
///     /// XEP-0333: this message, and all before it, has been displayed.
///     pub struct Shown("displayed", "urn:xmpp:chat-markers:0") {
///         /// Which message.
///         id: String = Attr("id"),
///     }
/// }
/// ```
#[macro_export]
macro_rules! payload {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident($element:expr, $ns:expr) {
            $($(#[$field_meta:meta])* $field:ident: $type:ty = $codec:expr,)*
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
        }

        impl $crate::payload::Payload for $name {
            const NAME: &'static str = $element;
            const NS: &'static str = $ns;

            fn read(element: &$crate::xml::Element) -> Result<Self, $crate::payload::PayloadError> {
                #[allow(unused_imports)]
                use $crate::payload::codec::*;
                $crate::payload::expect(element, Self::NAME, Self::NS)?;
                Ok(Self { $($field: Codec::<$type>::read(&$codec, element)?,)* })
            }

            fn write(&self) -> $crate::xml::Element {
                #[allow(unused_imports)]
                use $crate::payload::codec::*;
                #[allow(unused_mut)]
                let mut element = $crate::xml::Element::new(Self::NAME, Self::NS);
                $(Codec::<$type>::write(&$codec, &self.$field, &mut element);)*
                element
            }
        }
    )*};
}

/// Declares an enumeration whose values are words in attributes or texts; it is a
/// [`TextValue`](crate::payload::TextValue).
#[macro_export]
macro_rules! text_enum {
    ($(
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)*
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
        }

        impl $name {
            /// Every value, in order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl $crate::payload::TextValue for $name {
            fn from_text(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == text)
            }

            fn to_text(&self) -> ::std::borrow::Cow<'_, str> {
                ::std::borrow::Cow::Borrowed(self.as_str())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )*};
}
