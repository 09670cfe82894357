//! XEP-0184: the mark of a message that reached the other side's client.

use xmpp_client::api::Delivery;

use crate::icons::Icon;
use crate::msg::Msg;
use crate::slots::{Feature, Mark};

/// The table.
pub(crate) static FEATURE: Feature = Feature { delivery_mark: Some(mark), ..Feature::new("receipts") };

fn mark(delivery: &Delivery) -> Option<Mark> {
    (*delivery == Delivery::Delivered).then_some(Mark { icon: Icon::Ticks, label: Msg::Delivered, strong: false })
}
