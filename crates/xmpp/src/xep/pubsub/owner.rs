//! XEP-0060: Publish-Subscribe (version 1.30.0), what the owner of a node asks for (§8).

use crate::ids::NodeName;
use crate::ns;
use crate::payload;
use crate::xep::data_forms::DataForm;

payload! {
    /// A request about a node, or its answer. One of the parts.
    #[derive(Default)]
    pub struct Owner("pubsub", ns::PUBSUB_OWNER) {
        /// §8.2
        configure: Option<OwnerConfigure> = OptChild,
        /// §8.3
        default: Option<OwnerDefault> = OptChild,
        /// §8.4
        delete: Option<OwnerDelete> = OptChild,
        /// §8.5
        purge: Option<OwnerPurge> = OptChild,
    }

    /// Asks for the configuration of a node, has it, or changes it (§8.2).
    #[derive(Default)]
    pub struct OwnerConfigure("configure", ns::PUBSUB_OWNER) {
        /// Which node.
        node: Option<NodeName> = OptAttr("node"),
        /// Of the kind `…#node_config`.
        form: Option<DataForm> = OptChild,
    }

    /// Asks for the configuration that a node has by default, or has it (§8.3).
    #[derive(Default)]
    pub struct OwnerDefault("default", ns::PUBSUB_OWNER) {
        /// Of the kind `…#node_config`.
        form: Option<DataForm> = OptChild,
    }

    /// Deletes a node with its items (§8.4).
    pub struct OwnerDelete("delete", ns::PUBSUB_OWNER) {
        /// Which.
        node: NodeName = Attr("node"),
    }

    /// Deletes all items of a node (§8.5).
    pub struct OwnerPurge("purge", ns::PUBSUB_OWNER) {
        /// Which.
        node: NodeName = Attr("node"),
    }
}
