//! XEP-0059: Result Set Management (version 1.0).

use crate::ns;
use crate::payload;

payload! {
    /// Which page is wanted, or which page this is. Ids are those of the protocol that pages, unlike a position they
    /// stay when the set changes.
    #[derive(Default)]
    pub struct ResultSet("set", ns::RSM) {
        /// How many items at most (§2.1). Zero asks for the count alone (§2.7).
        max: Option<u32> = OptChildText("max"),
        /// The page that follows this item (§2.2).
        after: Option<String> = OptChildText("after"),
        /// The page that precedes this item (§2.3); empty is the last page (§2.5).
        before: Option<String> = OptChildText("before"),
        /// The page that starts at this position (§2.6).
        index: Option<u32> = OptChildText("index"),
        /// The first item of this page.
        first: Option<First> = OptChild,
        /// The last item of this page.
        last: Option<String> = OptChildText("last"),
        /// How many items there are in all; may be an estimate.
        count: Option<u32> = OptChildText("count"),
    }

    /// The first item of a page.
    pub struct First("first", ns::RSM) {
        /// Its position in the whole set; may be an estimate.
        index: Option<u32> = OptAttr("index"),
        /// Its id.
        id: String = Text,
    }
}

impl ResultSet {
    /// Asks for the first page, or for the page after an item.
    pub fn forwards(max: u32, after: Option<String>) -> Self {
        Self { max: Some(max), after, ..Self::default() }
    }

    /// Asks for the last page, or for the page before an item.
    pub fn backwards(max: u32, before: Option<String>) -> Self {
        Self { max: Some(max), before: Some(before.unwrap_or_default()), ..Self::default() }
    }
}
