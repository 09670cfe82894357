//! Prebind for the embedded host: a BOSH session that is signed in and bound before the page's first request.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use xmpp::jid::{BareJid, FullJid};
use xmpp::ns;
use xmpp::xml::Element;
use xmpp_stream::transport::bosh_server::{Body, BoshServer, Rid, Version};

use super::bosh;
use super::clock::{random, random_text};
use super::hub::{Hub, lock};
use super::link::{Action, Link, Wake};
use crate::http::origin::Client;
use crate::storage::{DatabaseError, accounts};

/// How long the host may take to bind.
const BIND: Duration = Duration::from_secs(10);

/// The id of the bind request; the client never sees it.
const BIND_ID: &str = "prebind";

/// What the page needs to go on with the session.
#[derive(Debug)]
pub(crate) struct Prebound {
    /// Who it is.
    pub(crate) jid: FullJid,
    /// The session.
    pub(crate) sid: String,
    /// The next request id to use.
    pub(crate) rid: u64,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrebindError {
    /// The visitor has no account, and none is to be made.
    #[error("there is no account for this visitor, and prebind.auto_create is off")]
    NoAccount,
    /// Too many for this visitor, this address, or in all; seconds to wait.
    #[error("too many sessions were started; try again later")]
    TooMany(u64),
    /// Storage or the host did not answer as they should.
    #[error("the server cannot start a session now; try again later")]
    Unavailable,
}

impl From<DatabaseError> for PrebindError {
    fn from(error: DatabaseError) -> Self {
        tracing::error!(%error, "prebind failed in storage");
        Self::Unavailable
    }
}

/// Starts a session for `account`, making the account if that is allowed.
pub(crate) async fn start(
    hub: &Arc<Hub>,
    client: Client,
    account: BareJid,
    name: Option<String>,
) -> Result<Prebound, PrebindError> {
    let now = hub.clock.millis();
    {
        let mut prebinds = lock(&hub.prebinds);
        if let Some(wait) = prebinds.blocked(&account, now) {
            return Err(PrebindError::TooMany(wait.div_ceil(1000)));
        }
        prebinds.note(account.clone(), now);
    }
    let permit = hub.admit(client.network).ok_or(PrebindError::TooMany(10))?;
    ensure_account(hub, &account, name).await?;

    let mut link = Link::signed_in(hub, client, account.clone()).await;
    let (jid, waiting) = match timeout(BIND, bind(&mut link)).await {
        Ok(Some(bound)) => bound,
        _ => {
            link.gone(true).await;
            return Err(PrebindError::Unavailable);
        }
    };
    let last = Rid::first(u64::from_ne_bytes(random()));
    // Below 2^52, so that there is always a next one.
    let Some(next) = last.next() else {
        link.gone(true).await;
        return Err(PrebindError::Unavailable);
    };
    // What the creation request would have said; the machine grants what its own limits allow.
    let creation = Body { wait: Some(60), hold: Some(1), ver: Some(Version::OURS), ..Body::default() };
    let sid = random_text::<20>();
    let session = BoshServer::prebound(Arc::clone(&hub.bosh_config), sid.clone(), last, &creation, hub.clock.now());
    bosh::start(hub, session, link, permit, waiting);
    tracing::info!(%account, "prebound");
    Ok(Prebound { jid, sid, rid: next.value() })
}

async fn ensure_account(hub: &Arc<Hub>, account: &BareJid, name: Option<String>) -> Result<(), PrebindError> {
    let local = account.local().unwrap_or_default().to_owned();
    // Nearly always the account is there, and a read costs no fsync.
    let wanted = local.clone();
    if let Some(known) = hub.storage.read_async(move |connection| accounts::name(connection, &wanted)).await? {
        // The site knows best what its visitor is called today.
        if name.is_some() && name != known {
            hub.storage.write_async(move |connection| accounts::rename(connection, &local, name.as_deref())).await?;
        }
        return Ok(());
    }
    if !hub.config.prebind.auto_create {
        return Err(PrebindError::NoAccount);
    }
    if hub.storage.write_async(move |connection| accounts::create(connection, &local, name.as_deref(), &[])).await? {
        tracing::info!(%account, "account created by prebind");
    }
    Ok(())
}

/// Binds a resource of the host's choice. Returns the full JID and what else the host has sent meanwhile.
async fn bind(link: &mut Link) -> Option<(FullJid, Vec<Action>)> {
    let request = Element::new("iq", ns::CLIENT)
        .with_attr("type", "set")
        .with_attr("id", BIND_ID)
        .with_child(Element::new("bind", ns::BIND));
    // Numbers of the client's own elements begin at 1.
    link.element(0, request).await;
    let mut waiting = Vec::new();
    loop {
        for action in link.actions() {
            match action {
                Action::Element(element) if element.is("iq", ns::CLIENT) && element.attr("id") == Some(BIND_ID) => {
                    let jid = element.child("bind", ns::BIND)?.child("jid", ns::BIND)?.text();
                    waiting.append(&mut link.actions());
                    return Some((FullJid::new(&jid).ok()?, waiting));
                }
                Action::Close(_) => return None,
                Action::Handled(_)
                | Action::Authenticated
                | Action::Header(_)
                | Action::Restarted
                | Action::StartTls => {}
                Action::Element(_) => waiting.push(action),
            }
        }
        match link.wait().await {
            Wake::Actions => {}
            Wake::Answer(input) => link.input(input).await,
            Wake::Dropped => return None,
        }
    }
}
