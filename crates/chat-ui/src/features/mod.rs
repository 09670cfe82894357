//! The features' pixels, one folder or file per feature, named as in the client. One line here registers one.

use crate::slots::Feature;

mod chat_states;
mod copy;
mod drafts;
mod links;
mod markers;
mod presence;
mod receipts;
pub(crate) mod roster;
mod vcard;

/// In the order in which slots are filled.
pub const ALL: &[&Feature] = &[
    &chat_states::FEATURE,
    &receipts::FEATURE,
    &markers::FEATURE,
    &drafts::FEATURE,
    &links::FEATURE,
    &copy::FEATURE,
    &presence::FEATURE,
    &vcard::FEATURE,
    &roster::FEATURE,
];
