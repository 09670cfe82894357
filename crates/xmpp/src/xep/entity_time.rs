//! XEP-0202: Entity Time (version 2.0).

use crate::ns;
use crate::payload;
use crate::time::{Timestamp, ZoneOffset};

payload! {
    /// The local time of an entity (§2). A request is empty.
    #[derive(Default)]
    pub struct EntityTime("time", ns::TIME) {
        /// How far its clocks on the wall are from UTC.
        tzo: Option<ZoneOffset> = OptChildText("tzo"),
        /// The time.
        utc: Option<Timestamp> = OptChildText("utc"),
    }
}
