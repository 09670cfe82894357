//! XEP-0333: the mark of a message that was seen.

use xmpp_client::api::Delivery;

use crate::icons::Icon;
use crate::msg::Msg;
use crate::slots::{Feature, Mark};

/// The table.
pub(crate) static FEATURE: Feature = Feature { delivery_mark: Some(mark), ..Feature::new("markers") };

fn mark(delivery: &Delivery) -> Option<Mark> {
    (*delivery == Delivery::Read).then_some(Mark { icon: Icon::Ticks, label: Msg::Read, strong: true })
}
