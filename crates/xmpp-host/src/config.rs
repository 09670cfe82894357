//! What an operator decides about a host, and the bounds that keep strangers from growing its memory.

use crate::modules::contact::Role;

/// Configuration of all shards of one host.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// The chat domain, in normal form.
    pub domain: String,
    /// How many shards there are, at least 1.
    pub shards: u16,
    /// How long a lost session waits for its resumption, in milliseconds (XEP-0198 §5).
    pub sm_timeout: u64,
    /// Sessions of one account at a time, hibernating ones included.
    pub max_sessions_per_account: usize,
    /// Names of modules that are off: no answer, no trace in service discovery. See [`crate::modules::ALL`].
    pub denied_modules: Vec<String>,
    /// Strangers may register (which the stream offers them), and whoever has an account may cancel it (XEP-0077).
    pub registration: bool,
    /// Whom to write to about the service, as URIs (XEP-0157).
    pub contacts: Vec<(Role, Vec<String>)>,
    /// Told by XEP-0092.
    pub software_name: String,
    /// Told by XEP-0092.
    pub software_version: String,
    /// Bounds.
    pub limits: Limits,
}

impl HostConfig {
    /// The defaults for a domain: one shard, ten minutes to resume.
    pub fn new(domain: impl Into<String>) -> Self {
        Self {
            domain: domain.into(),
            shards: 1,
            sm_timeout: 600_000,
            max_sessions_per_account: 20,
            denied_modules: Vec::new(),
            registration: false,
            contacts: Vec::new(),
            software_name: "converse-server".to_owned(),
            software_version: env!("CARGO_PKG_VERSION").to_owned(),
            limits: Limits::default(),
        }
    }
}

/// Bounds on what one account or session may occupy. Sizes are bytes of XML, roughly.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Stanzas sent to a session and not acknowledged; a session over it is closed, its messages stay undelivered.
    pub unacked_stanzas: usize,
    /// Their size.
    pub unacked_bytes: usize,
    /// Stanzas of a session that wait for storage. The shell should stop reading a connection long before (`Output::Handled`).
    pub held_stanzas: usize,
    /// Their size.
    pub held_bytes: usize,
    /// Contacts in a roster.
    pub roster_items: usize,
    /// Subscription requests of strangers that one account keeps.
    pub pending_requests: usize,
    /// Stanzas that wait for a session whose client is inactive; more than these go out.
    pub held_back: usize,
    /// Their size.
    pub held_back_bytes: usize,
    /// Addresses that one account has blocked.
    pub blocked: usize,
    /// Groups of one contact.
    pub roster_groups: usize,
    /// Addresses one session has sent directed presence to.
    pub directed_presence: usize,
    /// One vCard.
    pub vcard_bytes: usize,
    /// All private elements of one account together.
    pub private_bytes: usize,
    /// Nodes of one account.
    pub nodes: usize,
    /// Items of one node.
    pub node_items: u32,
    /// All items of one account together.
    pub node_bytes: usize,
    /// One item.
    pub item_bytes: usize,
    /// Capabilities of clients that are remembered, per shard.
    pub known_capabilities: usize,
    /// Rows of one page of the archive.
    pub archive_page: u32,
    /// Their size; a page ends before it is exceeded, but has at least one row.
    pub archive_page_bytes: usize,
    /// Rows of one load of undelivered messages.
    pub offline_page: u32,
    /// Requests, probes and subscriptions of others that wait for one account's roster.
    pub waiting_tasks: usize,
    /// Requests of other accounts that wait for storage, per shard.
    pub outside_requests: usize,
    /// Sessions that ended lately and whose `h` is still told to a late resumption, per shard.
    pub remembered_sessions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            unacked_stanzas: 5_000,
            unacked_bytes: 8 << 20,
            held_stanzas: 4_096,
            held_bytes: 8 << 20,
            roster_items: 10_000,
            pending_requests: 200,
            held_back: 500,
            held_back_bytes: 256 << 10,
            blocked: 1_000,
            roster_groups: 50,
            directed_presence: 500,
            vcard_bytes: 256 << 10,
            private_bytes: 1 << 20,
            nodes: 200,
            node_items: 1_000,
            node_bytes: 4 << 20,
            item_bytes: 256 << 10,
            known_capabilities: 500,
            archive_page: 100,
            archive_page_bytes: 1 << 20,
            offline_page: 100,
            waiting_tasks: 1_000,
            outside_requests: 10_000,
            remembered_sessions: 10_000,
        }
    }
}
