//! RFC 7622: XMPP addresses.
//!
//! A JID is brought into its normal form when it is made, so that equal addresses are equal texts. ASCII is done here.
//! For everything else the Unicode tables (117 kB in a browser module) stay outside: see [`Prep`].

mod parts;
mod prep;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

pub use prep::{Prep, install_prep};

use crate::payload::TextValue;

/// An address, with or without local part and resource.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Jid {
    text: Arc<str>,
    /// Where the domain starts and ends in `text`. Three parts of at most 1023 bytes fit.
    domain: (u16, u16),
}

/// An address without resource: an account, a room, a server.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BareJid(Jid);

/// An address with a resource: one connected client, one occupant of a room.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FullJid(Jid);

/// A resource by itself, in normal form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourcePart(Arc<str>);

/// Why a text is not a JID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JidError {
    /// The local part before `@` is empty, or not allowed by RFC 7622 §3.3.
    #[error("bad local part")]
    Local,
    /// The domain is empty, or not allowed by RFC 7622 §3.2.
    #[error("bad domain")]
    Domain,
    /// The resource after `/` is empty, or not allowed by RFC 7622 §3.4.
    #[error("bad resource")]
    Resource,
    /// A part has more than 1023 bytes.
    #[error("a part is longer than 1023 bytes")]
    TooLong,
    /// A bare JID was wanted and this has a resource.
    #[error("there is a resource where none belongs")]
    NotBare,
    /// A full JID was wanted and this has no resource.
    #[error("there is no resource")]
    NotFull,
}

impl Jid {
    /// Reads an address and brings it into its normal form (RFC 7622 §3.1 for where the parts are).
    pub fn new(text: &str) -> Result<Self, JidError> {
        let (bare, resource) = match text.split_once('/') {
            Some((bare, resource)) => (bare, Some(resource)),
            None => (text, None),
        };
        let (local, domain) = match bare.split_once('@') {
            Some((local, domain)) => (Some(local), domain),
            None => (None, bare),
        };
        Self::from_parts(local, domain, resource)
    }

    /// An address from its parts, each brought into its normal form.
    pub fn from_parts(local: Option<&str>, domain: &str, resource: Option<&str>) -> Result<Self, JidError> {
        let local = local.map(parts::local).transpose()?;
        let domain = parts::domain(domain)?;
        let resource = resource.map(parts::resource).transpose()?;
        Ok(Self::assemble(local.as_deref(), &domain, resource.as_deref()))
    }

    /// The parts are in normal form, so none is longer than 1023 bytes.
    fn assemble(local: Option<&str>, domain: &str, resource: Option<&str>) -> Self {
        let mut text = String::with_capacity(
            local.map_or(0, |l| l.len() + 1) + domain.len() + resource.map_or(0, |r| r.len() + 1),
        );
        if let Some(local) = local {
            text.push_str(local);
            text.push('@');
        }
        let start = text.len() as u16;
        text.push_str(domain);
        let end = text.len() as u16;
        if let Some(resource) = resource {
            text.push('/');
            text.push_str(resource);
        }
        Self { text: text.into(), domain: (start, end) }
    }

    /// The part before `@`.
    pub fn local(&self) -> Option<&str> {
        // One less for the `@`; there is none before a domain that starts the text.
        usize::from(self.domain.0).checked_sub(1).map(|end| &self.text[..end])
    }

    /// The domain.
    pub fn domain(&self) -> &str {
        &self.text[usize::from(self.domain.0)..usize::from(self.domain.1)]
    }

    /// The part after `/`.
    pub fn resource(&self) -> Option<&str> {
        self.text.get(usize::from(self.domain.1) + 1..).filter(|resource| !resource.is_empty())
    }

    /// The address in its normal form.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether there is no resource.
    pub fn is_bare(&self) -> bool {
        self.text.len() == usize::from(self.domain.1)
    }

    /// The address without its resource.
    pub fn to_bare(&self) -> BareJid {
        if self.is_bare() {
            return BareJid(self.clone());
        }
        BareJid(Self { text: self.text[..usize::from(self.domain.1)].into(), domain: self.domain })
    }

    /// Whether this is `bare`, with or without a resource.
    pub fn has_bare(&self, bare: &BareJid) -> bool {
        self.domain == bare.0.domain && self.text[..usize::from(self.domain.1)] == *bare.as_str()
    }

    /// This address as a full one, if it has a resource.
    pub fn into_full(self) -> Option<FullJid> {
        if self.is_bare() { None } else { Some(FullJid(self)) }
    }

    /// As [`into_full`](Self::into_full), of a copy.
    pub fn to_full(&self) -> Option<FullJid> {
        self.clone().into_full()
    }

    /// This address as a bare one, if it has no resource.
    pub fn into_bare(self) -> Option<BareJid> {
        if self.is_bare() { Some(BareJid(self)) } else { None }
    }
}

impl BareJid {
    /// Reads an address without resource; one with a resource is [`JidError::NotBare`].
    pub fn new(text: &str) -> Result<Self, JidError> {
        Jid::new(text)?.into_bare().ok_or(JidError::NotBare)
    }

    /// An address from its parts.
    pub fn from_parts(local: Option<&str>, domain: &str) -> Result<Self, JidError> {
        Jid::from_parts(local, domain, None).map(BareJid)
    }

    /// This address with a resource.
    pub fn with_resource(&self, resource: &str) -> Result<FullJid, JidError> {
        let resource = parts::resource(resource)?;
        Ok(FullJid(Jid::assemble(self.local(), self.domain(), Some(&resource))))
    }

    /// This address with a resource that is known to be one.
    pub fn with_resource_part(&self, resource: &ResourcePart) -> FullJid {
        FullJid(Jid::assemble(self.local(), self.domain(), Some(resource.as_str())))
    }

    /// The server's own address: this one without its local part.
    pub fn to_domain(&self) -> BareJid {
        BareJid(Jid::assemble(None, self.domain(), None))
    }
}

impl FullJid {
    /// Reads an address with resource; one without is [`JidError::NotFull`].
    pub fn new(text: &str) -> Result<Self, JidError> {
        Jid::new(text)?.into_full().ok_or(JidError::NotFull)
    }

    /// The part after `/`.
    pub fn resource(&self) -> &str {
        self.0.resource().unwrap_or_default()
    }

    /// The resource by itself.
    pub fn resource_part(&self) -> ResourcePart {
        ResourcePart(self.resource().into())
    }

    /// The address without its resource.
    pub fn to_bare(&self) -> BareJid {
        self.0.to_bare()
    }
}

impl ResourcePart {
    /// Reads a resource and brings it into its normal form.
    pub fn new(text: &str) -> Result<Self, JidError> {
        parts::resource(text).map(|resource| Self(resource.into()))
    }

    /// The resource in its normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! narrower {
    ($($name:ident)*) => {$(
        impl $name {
            /// The part before `@`.
            pub fn local(&self) -> Option<&str> {
                self.0.local()
            }

            /// The domain.
            pub fn domain(&self) -> &str {
                self.0.domain()
            }

            /// The address in its normal form.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// The same address as the general type.
            pub fn as_jid(&self) -> &Jid {
                &self.0
            }

            /// The same address as the general type.
            pub fn to_jid(&self) -> Jid {
                self.0.clone()
            }
        }

        impl From<$name> for Jid {
            fn from(jid: $name) -> Self {
                jid.0
            }
        }

        impl From<&$name> for Jid {
            fn from(jid: &$name) -> Self {
                jid.0.clone()
            }
        }

        impl PartialEq<Jid> for $name {
            fn eq(&self, other: &Jid) -> bool {
                self.0 == *other
            }
        }

        impl PartialEq<$name> for Jid {
            fn eq(&self, other: &$name) -> bool {
                *self == other.0
            }
        }
    )*};
}
narrower!(BareJid FullJid);

impl From<FullJid> for BareJid {
    fn from(jid: FullJid) -> Self {
        jid.to_bare()
    }
}

macro_rules! as_text {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }

        impl FromStr for $name {
            type Err = JidError;

            fn from_str(text: &str) -> Result<Self, JidError> {
                Self::new(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl TextValue for $name {
            fn from_text(text: &str) -> Option<Self> {
                Self::new(text).ok()
            }

            fn to_text(&self) -> Cow<'_, str> {
                Cow::Borrowed(self.as_str())
            }
        }
    )*};
}
as_text!(Jid BareJid FullJid ResourcePart);

#[cfg(test)]
mod tests;
