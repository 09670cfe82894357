//! What a site decides about the client.

/// Settings of one client, fixed for its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Given addresses win over discovery.
    pub websocket_url: Option<String>,
    /// Given addresses win over discovery.
    pub bosh_url: Option<String>,
    /// Where `/.well-known/host-meta` is asked when no address is given; `None`: `https://<domain>`.
    pub discovery_origin: Option<String>,
    /// How long a WebSocket may take to open before BOSH is tried.
    pub websocket_timeout_ms: u32,
    /// Resource to ask for; `None`: a random one, stable for the tab.
    pub resource: Option<String>,
    /// BCP 47, for `xml:lang`.
    pub lang: String,
    /// Loopback or `https:`: PLAIN may be used.
    pub secure: bool,
    /// Presence priority.
    pub priority: i8,
    /// Features switched off, by their id (`chat-states`, `receipts`, `markers`, `carbons`, `mam`, `drafts`, `vcard`, `ping`, `caps` …).
    pub disabled: Vec<String>,
    /// Where not empty, only these optional features run.
    pub enabled: Vec<String>,
    /// How many messages one history page asks for.
    pub history_page: u16,
    /// Seed of every random choice (ids, nonces, jitter): 32 bytes from the shell's secure source.
    pub seed: [u8; 32],
    /// Whether rows are kept on the device at all; else only what a person wrote, by the tab, until it is closed.
    pub trusted_device: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            websocket_url: None,
            bosh_url: None,
            discovery_origin: None,
            websocket_timeout_ms: 8_000,
            resource: None,
            lang: String::from("en"),
            secure: false,
            priority: 0,
            disabled: Vec::new(),
            enabled: Vec::new(),
            history_page: 50,
            seed: [0; 32],
            trusted_device: true,
        }
    }
}
