//! The building blocks: plain functions where nothing is remembered, function components where something is.

pub mod banner;
pub mod bits;
pub mod chat_list;
pub mod composer;
pub mod conversation;
pub mod layers;
pub mod message;
pub mod message_list;
pub mod notices;
pub mod panel;
pub mod reading;
pub mod sidebar;
pub mod sign_in;
pub mod times;
