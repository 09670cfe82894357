//! XEP-0398: one avatar for clients that know it from the account's nodes (XEP-0084) and for those that know it from its card (XEP-0153).
//! The nodes are where it is: a card gets the picture when it is read, a card with a picture that is set becomes items, and the hash
//! goes into presence.

use sha1::{Digest, Sha1};
use xmpp::ids::{ItemId, NodeName};
use xmpp::jid::BareJid;
use xmpp::ns;
use xmpp::payload::Payload;
use xmpp::stanza::{Condition, Presence, PresenceType, StanzaError};
use xmpp::xep::avatar::{Data, Info, Metadata};
use xmpp::xep::vcard_temp::{Photo, VCard};
use xmpp::xep::vcard_update::VCardUpdate;
use xmpp::xml::{self, Element};

use crate::account::Task;
use crate::effect::Effect;
use crate::modules::pep::config::NodeConfig;
use crate::modules::pep::notify;
use crate::modules::pep::turn::{NodeChange, Nodes};
use crate::modules::{Answer, At, Module, Request, vcard_temp};
use crate::pending::Pending;
use crate::shard::Shard;
use crate::storage::{ItemRow, ItemsWanted, Query, Rows, StorageError, StoreOp};

pub(crate) const NAME: &str = "avatar_conversion";

pub(crate) struct AvatarConversion;

impl Module for AvatarConversion {
    fn features(&self, at: At) -> &'static [&'static str] {
        match at {
            At::Domain => &[],
            At::Account => &[ns::AVATAR_CONVERSION],
        }
    }
}

/// What wraps what a later step needs.
const MEMO: &str = "urn:converse:memo";

fn node(name: &str) -> NodeName {
    NodeName::from(name)
}

/// XEP-0084 §4.2.1: the picture that is in the data node, by its hash. `None`: there is none.
pub(crate) fn hash_of(metadata: &Element) -> Option<String> {
    let infos = Metadata::read(metadata).ok()?.infos;
    let id = infos.into_iter().find(|info| info.url.is_none())?.id;
    (id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_ascii_lowercase())
}

/// Reads a card. `open`: whoever asks may see both nodes.
pub(crate) fn read_card(request: &Request<'_>, open: bool) -> Answer {
    let memo = Element::new(if open { "open" } else { "closed" }, MEMO);
    Answer::Load { query: Query::Vcard(request.account.clone()), memo: Some(memo), then: card_loaded }
}

fn card_loaded(request: &Request<'_>, rows: Rows) -> Answer {
    let Some(memo) = request.memo.clone() else { return Answer::Nothing };
    let stored = match vcard_temp::loaded(request, rows) {
        Answer::Result(card) => card,
        // No card, but perhaps a picture.
        Answer::Error(error) if error.condition == Condition::ItemNotFound => None,
        other => return other,
    };
    let query = Query::Items {
        owner: request.account.clone(),
        node: node(ns::AVATAR_METADATA),
        wanted: ItemsWanted::Newest(1),
    };
    Answer::Load { query, memo: Some(memo.with_children(stored)), then: metadata_loaded }
}

fn metadata_loaded(request: &Request<'_>, rows: Rows) -> Answer {
    let Some(memo) = request.memo.clone() else { return Answer::Nothing };
    let card = memo.child("vCard", ns::VCARD).and_then(|card| VCard::read(card).ok());
    let Rows::Items(rows) = rows else { return Answer::Error(StanzaError::from(Condition::InternalServerError)) };
    let Some(metadata) = rows.first().and_then(|row| xml::parse(&row.payload).ok()) else {
        // The nodes have nothing to say: the card is as it was set.
        return tell(memo.child("vCard", ns::VCARD).cloned());
    };
    let hash = hash_of(&metadata);
    let own = card.as_ref().and_then(|card| card.photo.as_ref()?.binval.as_deref()).map(hex);
    if own == hash {
        return tell(card.map(|card| card.write()));
    }
    match hash.filter(|_| memo.name() == "open") {
        Some(hash) => {
            let wanted = ItemsWanted::Ids(vec![ItemId::from(hash)]);
            let query = Query::Items { owner: request.account.clone(), node: node(ns::AVATAR_DATA), wanted };
            Answer::Load { query, memo: Some(memo.with_child(metadata)), then: data_loaded }
        }
        // It is another one now, and not for everybody.
        None => tell(card.map(|card| VCard { photo: None, ..card }.write())),
    }
}

fn data_loaded(request: &Request<'_>, rows: Rows) -> Answer {
    let Some(memo) = &request.memo else { return Answer::Nothing };
    let card = memo.child("vCard", ns::VCARD).and_then(|card| VCard::read(card).ok());
    let Rows::Items(rows) = rows else { return Answer::Error(StanzaError::from(Condition::InternalServerError)) };
    let data = rows.first().and_then(|row| xml::parse(&row.payload).ok()).and_then(|data| Data::read(&data).ok());
    let info = memo.child("metadata", ns::AVATAR_METADATA).and_then(|metadata| Metadata::read(metadata).ok());
    let info = info.and_then(|metadata| metadata.infos.into_iter().find(|info| info.url.is_none()));
    let photo = match (data, info) {
        // "Services SHOULD verify that the SHA-1 hash of the image matches the id" (§3).
        (Some(data), Some(info)) if hex(&data.bytes) == info.id.to_ascii_lowercase() => {
            Some(Photo { type_: Some(info.type_), binval: Some(data.bytes), extval: None })
        }
        _ => None,
    };
    if card.is_none() && photo.is_none() {
        return tell(None);
    }
    tell(Some(VCard { photo, ..card.unwrap_or_default() }.write()))
}

fn tell(card: Option<Element>) -> Answer {
    match card {
        Some(card) => Answer::Result(Some(card)),
        None => Answer::Error(StanzaError::from(Condition::ItemNotFound)),
    }
}

/// Sets a card, whose picture goes into the nodes. `shown`: the hash that the nodes have now, if that is known.
pub(crate) fn put_card(
    request: &Request<'_>,
    nodes: &Nodes,
    card: &Element,
    shown: Option<&Option<String>>,
) -> NodeChange {
    let owner = || request.account.clone();
    let mut change =
        NodeChange { ops: vec![StoreOp::VcardPut { owner: owner(), xml: card.to_xml() }], ..NodeChange::default() };
    let photo = VCard::read(card).ok().and_then(|card| card.photo);
    let picture = photo.and_then(|photo| Some((photo.binval.filter(|bytes| !bytes.is_empty())?, photo.type_)));
    let hash = picture.as_ref().map(|(bytes, _)| hex(bytes));
    let unchanged = shown.is_some_and(|shown| *shown == hash);
    let never_had = hash.is_none() && !nodes.contains_key(&node(ns::AVATAR_METADATA));
    if unchanged || never_had {
        return change;
    }
    let mut put = |name: &str, id: &str, payload: Element| {
        let name = node(name);
        let config = nodes.get(&name).cloned().unwrap_or_else(|| {
            let config = NodeConfig::default();
            change.ops.push(StoreOp::NodePut { owner: owner(), node: name.clone(), config: config.to_xml() });
            change.nodes.push((name.clone(), Some(config.clone())));
            config
        });
        let id = ItemId::from(id);
        let item = ItemRow { id: id.clone(), at: request.now.wall, payload: payload.to_xml() };
        let limits = &request.config.limits;
        change.ops.push(StoreOp::ItemPut {
            owner: owner(),
            node: name.clone(),
            item,
            keep: config.max_items.unwrap_or(limits.node_items),
            quota: limits.node_bytes as u64,
        });
        change.notices.push(notify::published(&name, &config, &id, Some(payload)));
    };
    match (picture, &hash) {
        (Some((bytes, type_)), Some(hash)) => {
            let info = Info {
                id: hash.clone(),
                bytes: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
                type_: type_.unwrap_or_else(|| "image/png".to_owned()),
                width: None,
                height: None,
                url: None,
            };
            put(ns::AVATAR_DATA, hash, Data { bytes }.write());
            put(ns::AVATAR_METADATA, hash, Metadata { infos: vec![info] }.write());
        }
        // XEP-0084 §3.5: no picture any more.
        _ => put(ns::AVATAR_METADATA, "none", Metadata::default().write()),
    }
    change.photo = Some(hash);
    change
}

fn hex(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// §4: the hash in available presence, unless the client says that it has none to show.
fn inject(presence: &mut Presence, hash: &str) {
    if presence.type_ != PresenceType::Available {
        return;
    }
    let update = presence.payload::<VCardUpdate>().and_then(Result::ok);
    if update.is_some_and(|update| update.photo.as_deref() == Some("")) {
        return;
    }
    presence.payloads.retain(|it| !VCardUpdate::matches(it));
    presence.payloads.push(VCardUpdate { photo: Some(hash.to_owned()) }.write());
}

impl Shard {
    /// Puts the hash of the account's avatar into presence, if there is one.
    pub(crate) fn with_photo(&self, account: &BareJid, mut presence: Presence) -> Presence {
        if let Some(Some(hash)) = self.accounts.get(account).and_then(|it| it.photo.as_ref()) {
            inject(&mut presence, hash);
        }
        presence
    }

    /// Whether it is known which avatar the account has; if not, the task waits until it is.
    pub(crate) fn knows_photo(&mut self, account: &BareJid) -> bool {
        let converts = self.registry.policy().avatars;
        let it = self.account(account);
        if !converts || it.anonymous {
            it.photo.get_or_insert(None);
        }
        it.photo.is_some()
    }

    /// Reads which avatar the account has; then the task's turn comes again.
    pub(crate) fn load_photo(&mut self, account: &BareJid, task: Task) {
        let it = self.account(account);
        it.tasks.push_front(task);
        it.busy = true;
        let node = node(ns::AVATAR_METADATA);
        let query = Query::Items { owner: account.clone(), node, wanted: ItemsWanted::Newest(1) };
        self.load(query, Pending::Photo { account: account.clone() });
    }

    pub(crate) fn photo_loaded(&mut self, account: &BareJid, result: Result<Rows, StorageError>) {
        let Some(it) = self.accounts.get_mut(account) else { return };
        it.busy = false;
        let row = match result {
            Ok(Rows::Items(rows)) => rows.into_iter().next(),
            // Presence is worth more than the picture in it.
            _ => None,
        };
        it.photo = Some(row.and_then(|row| xml::parse(&row.payload).ok()).and_then(|metadata| hash_of(&metadata)));
        self.account_moved(account);
    }

    /// The avatar is another one: whoever sees the account's presence sees that.
    pub(crate) fn photo_changed(&mut self, account: &BareJid, hash: Option<String>) -> Vec<Effect> {
        if !self.registry.policy().avatars {
            return Vec::new();
        }
        let before = self.account(account).photo.replace(hash.clone());
        if before == Some(hash.clone()) {
            return Vec::new();
        }
        let mut effects = Vec::new();
        for id in self.sessions_of(account, |session| session.presence.is_some()) {
            let Some(presence) = self.sessions.get_mut(&id).and_then(|session| session.presence.as_mut()) else {
                continue;
            };
            match &hash {
                Some(hash) => inject(presence, hash),
                None => presence.payloads.retain(|it| !VCardUpdate::matches(it)),
            }
            let presence = presence.clone();
            effects.extend(self.for_subscribers(account, &presence));
            let to = self.sessions_of(account, |session| session.presence.is_some());
            effects.push(Effect::Deliver { to, element: presence.into() });
        }
        effects
    }
}
