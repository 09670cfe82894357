//! Lists of which only the rows near the viewport are in the document.
//!
//! [`layout`] is the arithmetic, pure and tested by properties; [`view`] measures and scrolls.

pub mod layout;
pub mod view;

pub use layout::{Key, Row};
pub use view::{Position, Props, RenderRow, VirtualList};
