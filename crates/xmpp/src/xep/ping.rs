//! XEP-0199: XMPP Ping (version 2.0.1).

use crate::ns;
use crate::payload;

payload! {
    /// Asks whether the other side is there (§4). Even an error is an answer.
    pub struct Ping("ping", ns::PING) {}
}
