//! XEP-0077: In-Band Registration (version 2.4).

use super::data_forms::DataForm;
use crate::ns;
use crate::payload;

payload! {
    /// Asks what registration needs, registers, changes a password or cancels (§3). A request for the fields is empty; in its answer
    /// an empty text stands for what is to be filled in.
    #[derive(Default)]
    pub struct Register("query", ns::REGISTER) {
        /// Whoever asks is registered (§3.1.1).
        registered: bool = Flag("registered"),
        /// For people.
        instructions: Option<String> = OptChildText("instructions"),
        /// The local part of the account.
        username: Option<String> = OptChildText("username"),
        /// The password, in plain text.
        password: Option<String> = OptChildText("password"),
        /// An address outside XMPP.
        email: Option<String> = OptChildText("email"),
        /// Cancel the account (§3.2).
        remove: bool = Flag("remove"),
        /// More than these fields; it takes precedence over them (§4).
        form: Option<DataForm> = OptChild,
    }

    /// Stream feature: strangers may register (§8).
    #[derive(Default)]
    pub struct RegisterFeature("register", ns::REGISTER_FEATURE) {}
}
