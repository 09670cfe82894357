//! Some shards, a storage in memory that can be slow or fail, and connections whose elements are collected.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use xmpp::ids::{ArchiveId, NodeName, OriginId};
use xmpp::jid::{BareJid, Jid};
use xmpp::stanza::StreamError;
use xmpp::time::{Mono, Now, Timestamp};
use xmpp::xml::{self, Element};
use xmpp_stream::server::{Bind, Inline, Password};

use crate::config::HostConfig;
use crate::io::{ConnId, Input, Output, PasswordRefused, ShardId, Token};
use crate::shard::{Shard, shard_of};
use crate::storage::{
    ArchiveQuery, ArchiveRow, ItemRow, ItemsWanted, OpResult, Page, Query, RosterRow, Rows, StorageError, StoreOp,
    id_order,
};

pub(super) struct World {
    pub(super) config: Arc<HostConfig>,
    shards: Vec<Shard>,
    pub(super) now: Now,
    pub(super) storage: Storage,
    /// Requests to storage stay where they are until `release`.
    pub(super) slow: bool,
    /// Reading of undelivered messages fails.
    pub(super) unreadable: bool,
    /// What a new password is answered with; the passwords that were set.
    pub(super) refused: Option<PasswordRefused>,
    pub(super) passwords: Vec<(BareJid, String)>,
    /// Every write fails with this.
    pub(super) failing: Option<StorageError>,
    /// Envelopes between shards stay where they are until `carry`.
    pub(super) slow_routes: bool,
    routes: BTreeMap<(usize, usize), VecDeque<crate::io::Envelope>>,
    waiting: VecDeque<(usize, Request)>,
    conns: HashMap<ConnId, Client>,
    timers: Vec<Option<Mono>>,
    next_conn: u64,
}

enum Request {
    Store(Token, Vec<StoreOp>),
    Load(Token, Query),
    SetPassword(Token, BareJid, Password),
}

struct Client {
    shard: usize,
    seq: u64,
    inbox: Vec<Element>,
    handled: u64,
    closed: Option<Option<StreamError>>,
}

impl World {
    /// Three shards; accounts `romeo`, `juliet`, `mercutio`, `nurse` at `example.com`.
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut HostConfig)) -> Self {
        let mut config = HostConfig { shards: 3, ..HostConfig::new("example.com") };
        change(&mut config);
        let config = Arc::new(config);
        let storage = Storage::default();
        let mut world = Self {
            shards: Vec::new(),
            config,
            now: Now { mono: Mono(1_000), wall: Timestamp(1_700_000_000_000) },
            storage,
            slow: false,
            unreadable: false,
            refused: None,
            passwords: Vec::new(),
            failing: None,
            slow_routes: false,
            routes: BTreeMap::new(),
            waiting: VecDeque::new(),
            conns: HashMap::new(),
            timers: Vec::new(),
            next_conn: 0,
        };
        world.restart();
        for name in ["romeo", "juliet", "mercutio", "nurse"] {
            world.storage.accounts.insert(bare(name));
        }
        world
    }

    /// The process dies and comes back with its storage.
    pub(super) fn restart(&mut self) {
        let count = self.config.shards;
        self.shards = (0..count).map(|n| Shard::new(ShardId(n), self.config.clone(), 7 + self.next_conn)).collect();
        self.timers = vec![None; usize::from(count)];
        self.waiting.clear();
        self.routes.clear();
        self.conns.clear();
    }

    pub(super) fn connect(&mut self, name: &str) -> ConnId {
        self.connect_as(name, false)
    }

    /// Connects and binds together with the sign-in (XEP-0386).
    pub(super) fn connect_inline(&mut self, name: &str, bind: Bind) -> ConnId {
        let inline = Inline {
            success: Element::new("success", xmpp::ns::SASL2),
            resume: None,
            bind: Some(bind),
            features: Element::new("features", xmpp::ns::STREAM),
        };
        self.connect_with(name, false, Some(Box::new(inline)))
    }

    pub(super) fn connect_as(&mut self, name: &str, anonymous: bool) -> ConnId {
        self.connect_with(name, anonymous, None)
    }

    fn connect_with(&mut self, name: &str, anonymous: bool, inline: Option<Box<Inline>>) -> ConnId {
        self.next_conn += 1;
        let conn = ConnId(self.next_conn);
        let shard = usize::from(shard_of(&bare(name), self.config.shards).0);
        self.conns.insert(conn, Client { shard, seq: 0, inbox: Vec::new(), handled: 0, closed: None });
        self.input(shard, Input::Connected { conn, account: bare(name), anonymous, inline });
        conn
    }

    /// Connects and binds; nothing of that is left in the inbox.
    pub(super) fn bound(&mut self, name: &str, resource: &str) -> ConnId {
        let conn = self.connect(name);
        self.bind(conn, resource);
        conn
    }

    pub(super) fn bind(&mut self, conn: ConnId, resource: &str) {
        self.send(
            conn,
            &format!(
                "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>{resource}</resource></bind></iq>"
            ),
        );
        let answer = self.take(conn);
        assert!(answer.iter().any(|it| it.to_xml().contains(&format!("/{resource}</jid>"))), "{answer:?}");
    }

    /// Connects, binds, and is available.
    pub(super) fn online(&mut self, name: &str, resource: &str) -> ConnId {
        let conn = self.bound(name, resource);
        self.send(conn, "<presence/>");
        self.take(conn);
        conn
    }

    /// Signs in and tells the bodies of the messages that waited.
    pub(super) fn online_bodies(&mut self, name: &str, resource: &str) -> Vec<String> {
        let conn = self.bound(name, resource);
        self.send(conn, "<presence/>");
        self.bodies(conn)
    }

    /// As `online`, with stream management that may be resumed; also its id.
    pub(super) fn online_with_sm(&mut self, name: &str, resource: &str) -> (ConnId, String) {
        let conn = self.bound(name, resource);
        self.send(conn, "<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
        let id = self.take(conn)[0].attr("id").expect("may be resumed").to_owned();
        self.send(conn, "<presence/>");
        self.ack_all(conn);
        (conn, id)
    }

    /// Reads everything and acknowledges it, in a session that has just been enabled.
    fn ack_all(&mut self, conn: ConnId) {
        let stanzas = self.take(conn).iter().filter(|it| it.ns() == xmpp::ns::CLIENT).count();
        self.send(conn, &format!("<a xmlns='urn:xmpp:sm:3' h='{stanzas}'/>"));
        self.take(conn);
    }

    /// One element from a client; a stanza without xmlns is one of `jabber:client`.
    pub(super) fn send(&mut self, conn: ConnId, text: &str) {
        let name_end = text[1..].find([' ', '>', '/']).expect("an element") + 1;
        let text = if text[..text.find('>').expect("an element")].contains(" xmlns=") {
            text.to_owned()
        } else {
            format!("{} xmlns='jabber:client'{}", &text[..name_end], &text[name_end..])
        };
        let element = xml::parse(&text).expect("well-formed");
        let client = self.conns.get_mut(&conn).expect("connected");
        client.seq += 1;
        let (shard, seq) = (client.shard, client.seq);
        self.input(shard, Input::Received { conn, seq, element });
    }

    pub(super) fn lose(&mut self, conn: ConnId) {
        let shard = self.conns[&conn].shard;
        self.input(shard, Input::Lost { conn });
    }

    pub(super) fn close(&mut self, conn: ConnId) {
        let shard = self.conns[&conn].shard;
        self.input(shard, Input::Closed { conn });
    }

    /// What came since the last time, without requests for acknowledgement.
    pub(super) fn take(&mut self, conn: ConnId) -> Vec<Element> {
        let inbox = std::mem::take(&mut self.conns.get_mut(&conn).expect("connected").inbox);
        inbox.into_iter().filter(|it| !it.is("r", xmpp::ns::SM)).collect()
    }

    pub(super) fn take_xml(&mut self, conn: ConnId) -> Vec<String> {
        self.take(conn).iter().map(|it| it.to_xml().replace('\'', "\"")).collect()
    }

    /// The bodies of the messages that came.
    pub(super) fn bodies(&mut self, conn: ConnId) -> Vec<String> {
        let messages = self.take(conn).into_iter().filter(|it| it.name() == "message");
        messages.filter_map(|it| Some(it.child("body", xmpp::ns::CLIENT)?.text())).collect()
    }

    pub(super) fn handled(&self, conn: ConnId) -> u64 {
        self.conns[&conn].handled
    }

    /// `Some` if the host closed it.
    pub(super) fn closed(&self, conn: ConnId) -> Option<Option<StreamError>> {
        self.conns[&conn].closed.clone()
    }

    pub(super) fn sessions(&self) -> usize {
        self.shards.iter().map(Shard::session_count).sum()
    }

    /// Nothing is left in any shard.
    pub(super) fn accounts_in_memory(&self) -> usize {
        self.shards.iter().map(|shard| shard.accounts.len()).sum()
    }

    /// Time passes; timers go off.
    pub(super) fn pass(&mut self, ms: u64) {
        self.now.mono = self.now.mono.after(ms);
        self.now.wall = self.now.wall.plus(ms as i64);
        for shard in 0..self.shards.len() {
            if self.timers[shard].is_some_and(|at| at <= self.now.mono) {
                self.input(shard, Input::Timer);
            }
        }
    }

    /// Answers the oldest `count` requests to storage.
    pub(super) fn release(&mut self, count: usize) {
        for _ in 0..count {
            let Some((shard, request)) = self.waiting.pop_front() else { return };
            let input = self.answer(request);
            self.input(shard, input);
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Carries the oldest envelope on one of the ways between shards; `false` if there is none.
    pub(super) fn carry(&mut self, pick: usize) -> bool {
        self.routes.retain(|_, way| !way.is_empty());
        if self.routes.is_empty() {
            return false;
        }
        let nth = pick % self.routes.len();
        let Some(((_, to), way)) = self.routes.iter_mut().nth(nth) else { return false };
        let to = *to;
        let Some(envelope) = way.pop_front() else { return false };
        self.input(to, Input::Routed(envelope));
        true
    }

    fn answer(&mut self, request: Request) -> Input {
        match request {
            Request::Store(token, ops) => {
                let result = match &self.failing {
                    Some(error) => Err(error.clone()),
                    None => self.storage.store(&ops),
                };
                Input::Stored { token, result }
            }
            Request::Load(token, Query::Undelivered { .. }) if self.unreadable => {
                Input::Loaded { token, result: Err(StorageError::Busy) }
            }
            Request::SetPassword(token, account, password) => {
                if self.refused.is_none() {
                    self.passwords.push((account, password.0));
                }
                Input::PasswordSet { token, result: self.refused.map_or(Ok(()), Err) }
            }
            Request::Load(token, query) => Input::Loaded { token, result: Ok(self.storage.load(&query)) },
        }
    }

    fn input(&mut self, shard: usize, input: Input) {
        let mut inputs = VecDeque::from([(shard, input)]);
        while let Some((shard, input)) = inputs.pop_front() {
            self.shards[shard].handle_input(self.now, input);
            while let Some(output) = self.shards[shard].poll_output() {
                match output {
                    Output::Transmit { conn, element } => self.conn(conn).inbox.push(element),
                    Output::Handled { conn, seq } => {
                        let client = self.conn(conn);
                        assert_eq!(seq, client.handled + 1, "in order, each once");
                        client.handled = seq;
                    }
                    Output::Close { conn, error } => self.conn(conn).closed = Some(error),
                    Output::Route { to, envelope } => {
                        assert_ne!(usize::from(to.0), shard);
                        if self.slow_routes {
                            self.routes.entry((shard, usize::from(to.0))).or_default().push_back(envelope);
                            continue;
                        }
                        inputs.push_back((usize::from(to.0), Input::Routed(envelope)));
                    }
                    Output::Store { token, ops } => self.waiting.push_back((shard, Request::Store(token, ops))),
                    Output::Load { token, query } => self.waiting.push_back((shard, Request::Load(token, query))),
                    Output::SetPassword { token, account, password } => {
                        self.waiting.push_back((shard, Request::SetPassword(token, account, password)));
                    }
                    Output::SetTimer(at) => self.timers[shard] = at,
                }
            }
            while !self.slow
                && let Some((shard, request)) = self.waiting.pop_front()
            {
                let input = self.answer(request);
                inputs.push_back((shard, input));
            }
        }
    }

    fn conn(&mut self, conn: ConnId) -> &mut Client {
        let client = self.conns.get_mut(&conn).expect("an output names a connection that exists");
        assert!(client.closed.is_none(), "nothing after close");
        client
    }
}

pub(super) fn bare(name: &str) -> BareJid {
    BareJid::new(&format!("{name}@example.com")).expect("valid")
}

/// As `crate::storage` says, in memory.
#[derive(Default)]
pub(super) struct Storage {
    pub(super) accounts: BTreeSet<BareJid>,
    pub(super) rows: Vec<Row>,
    pub(super) rosters: BTreeMap<BareJid, (u64, BTreeMap<BareJid, RosterRow>)>,
    pub(super) blocked: BTreeMap<BareJid, BTreeSet<Jid>>,
    /// The nodes of each account: configuration, and items, oldest first.
    pub(super) nodes: BTreeMap<BareJid, BTreeMap<NodeName, (String, Vec<ItemRow>)>>,
    vcards: BTreeMap<BareJid, String>,
    private: BTreeMap<(BareJid, String, String), String>,
    last_id: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) owner: BareJid,
    pub(super) with: xmpp::jid::Jid,
    pub(super) undelivered: bool,
    pub(super) visible: bool,
    pub(super) origin: Option<OriginId>,
    pub(super) row: ArchiveRow,
}

impl Storage {
    fn store(&mut self, ops: &[StoreOp]) -> Result<Vec<OpResult>, StorageError> {
        ops.iter().map(|op| self.op(op)).collect()
    }

    fn op(&mut self, op: &StoreOp) -> Result<OpResult, StorageError> {
        match op {
            StoreOp::Archive(message) => {
                if let Some(copy) = message.copies.iter().find(|copy| !self.accounts.contains(&copy.owner)) {
                    return Err(StorageError::NoSuchAccount(copy.owner.clone()));
                }
                if let Some((owner, origin)) = &message.dedupe
                    && self.rows.iter().any(|row| row.owner == *owner && row.origin.as_ref() == Some(origin))
                {
                    return Ok(OpResult::Duplicate);
                }
                let blocks = |copy: &crate::storage::ArchiveCopy| {
                    let list = self.blocked.get(&copy.owner);
                    !copy.outgoing && list.is_some_and(|list| crate::modules::blocking::covers(list, &copy.with))
                };
                if message.mind_blocks && message.copies.iter().any(blocks) {
                    return Ok(OpResult::Blocked);
                }
                let mut ids = Vec::new();
                for copy in &message.copies {
                    self.last_id += 1;
                    let id = ArchiveId::from(self.last_id.to_string());
                    ids.push(id.clone());
                    let origin = message.dedupe.clone().filter(|(owner, _)| *owner == copy.owner);
                    self.rows.push(Row {
                        owner: copy.owner.clone(),
                        with: copy.with.clone(),
                        undelivered: copy.undelivered,
                        visible: copy.visible,
                        origin: origin.map(|(_, id)| id),
                        row: ArchiveRow { id, at: message.at, stanza: message.stanza.clone(), visible: copy.visible },
                    });
                }
                return Ok(OpResult::Archived { ids });
            }
            StoreOp::Unarchive { owner, id } => self.rows.retain(|row| !(row.owner == *owner && row.row.id == *id)),
            StoreOp::Delivered { owner, id } => {
                for row in &mut self.rows {
                    row.undelivered &= !(row.owner == *owner && row.row.id == *id);
                }
                self.rows.retain(|row| row.visible || row.undelivered);
            }
            StoreOp::RosterPut { owner, row } => {
                let roster = self.rosters.entry(owner.clone()).or_default();
                roster.0 += 1;
                roster.1.insert(row.jid.clone(), row.clone());
                return Ok(OpResult::RosterVersion(roster.0));
            }
            StoreOp::RosterRemove { owner, jid } => {
                let roster = self.rosters.entry(owner.clone()).or_default();
                roster.0 += 1;
                roster.1.remove(jid);
                return Ok(OpResult::RosterVersion(roster.0));
            }
            StoreOp::NodePut { owner, node, config } => {
                let nodes = self.nodes.entry(owner.clone()).or_default();
                nodes.entry(node.clone()).or_default().0.clone_from(config);
            }
            StoreOp::NodeRemove { owner, node } => {
                self.nodes.entry(owner.clone()).or_default().remove(node);
            }
            StoreOp::NodePurge { owner, node } => {
                if let Some((_, items)) = self.nodes.entry(owner.clone()).or_default().get_mut(node) {
                    items.clear();
                }
            }
            StoreOp::ItemPut { owner, node, item, keep, quota } => {
                let nodes = self.nodes.entry(owner.clone()).or_default();
                let Some((_, items)) = nodes.get_mut(node) else { return Ok(OpResult::NoSuchItem) };
                items.retain(|it| it.id != item.id);
                items.push(item.clone());
                let surplus = items.len().saturating_sub(*keep as usize);
                items.drain(..surplus);
                let bytes: usize = nodes.values().flat_map(|(_, items)| items).map(|item| item.payload.len()).sum();
                if bytes as u64 > *quota {
                    return Err(StorageError::OverQuota);
                }
            }
            StoreOp::ItemRemove { owner, node, id } => {
                let node = self.nodes.entry(owner.clone()).or_default().get_mut(node);
                let Some((_, items)) = node else { return Ok(OpResult::NoSuchItem) };
                let before = items.len();
                items.retain(|item| item.id != *id);
                if items.len() == before {
                    return Ok(OpResult::NoSuchItem);
                }
            }
            StoreOp::RemoveAccount { owner } => {
                self.nodes.remove(owner);
                if !self.accounts.remove(owner) {
                    return Err(StorageError::NoSuchAccount(owner.clone()));
                }
                self.rows.retain(|row| row.owner != *owner);
                self.rosters.remove(owner);
                self.blocked.remove(owner);
                self.vcards.remove(owner);
                self.private.retain(|(of, ..), _| of != owner);
            }
            StoreOp::Block { owner, jids } => {
                self.blocked.entry(owner.clone()).or_default().extend(jids.iter().cloned());
            }
            StoreOp::Unblock { owner, jids } => {
                self.blocked.entry(owner.clone()).or_default().retain(|jid| !jids.contains(jid));
            }
            StoreOp::VcardPut { owner, xml } => {
                self.vcards.insert(owner.clone(), xml.clone());
            }
            StoreOp::PrivatePut { owner, name, ns, xml, quota } => {
                if xml.len() as u64 > *quota {
                    return Err(StorageError::OverQuota);
                }
                self.private.insert((owner.clone(), name.clone(), ns.clone()), xml.clone());
            }
        }
        Ok(OpResult::Done)
    }

    fn load(&self, query: &Query) -> Rows {
        match query {
            Query::AccountExists(account) => Rows::Exists(self.accounts.contains(account)),
            Query::Roster(account) if !self.accounts.contains(account) => Rows::NoSuchAccount,
            Query::Roster(account) => {
                let (version, rows) = self.rosters.get(account).cloned().unwrap_or_default();
                let blocked = self.blocked.get(account).into_iter().flatten().cloned().collect();
                Rows::Roster { version, rows: rows.into_values().collect(), blocked }
            }
            Query::Archive(query) => self.page(query),
            Query::Undelivered { owner, after, max } => {
                let waits = |row: &&Row| {
                    let later = after.as_ref().is_none_or(|after| id_order(&row.row.id, after).is_gt());
                    row.owner == *owner && row.undelivered && later
                };
                Rows::Undelivered(
                    self.rows.iter().filter(waits).take(*max as usize).map(|row| row.row.clone()).collect(),
                )
            }
            Query::Nodes(owner) => {
                let nodes = self.nodes.get(owner).into_iter().flatten();
                Rows::Nodes(nodes.map(|(node, (config, _))| (node.clone(), config.clone())).collect())
            }
            Query::Items { owner, node, wanted } => {
                let node = self.nodes.get(owner).and_then(|nodes| nodes.get(node));
                let items = node.into_iter().flat_map(|(_, items)| items.iter().rev());
                Rows::Items(match wanted {
                    ItemsWanted::Newest(most) => items.take(*most as usize).cloned().collect(),
                    ItemsWanted::Ids(ids) => items.filter(|item| ids.contains(&item.id)).cloned().collect(),
                })
            }
            Query::Vcard(owner) if !self.accounts.contains(owner) => Rows::NoSuchAccount,
            Query::Vcard(owner) => Rows::Vcard(self.vcards.get(owner).cloned()),
            Query::Private { owner, name, ns } => {
                Rows::Private(self.private.get(&(owner.clone(), name.clone(), ns.clone())).cloned())
            }
        }
    }

    fn page(&self, query: &ArchiveQuery) -> Rows {
        let all: Vec<&Row> = self.rows.iter().filter(|row| row.owner == query.owner && row.visible).collect();
        let known = |id: &ArchiveId| all.iter().any(|row| row.row.id == *id);
        let page_id = match &query.page {
            Page::After(id) | Page::Before(id) => Some(id),
            Page::First | Page::Last => None,
        };
        let mut named = query.after_id.iter().chain(&query.before_id).chain(page_id).chain(query.ids.iter().flatten());
        if !named.all(known) {
            return Rows::NoSuchId;
        }
        let wanted = |row: &&&Row| {
            let it = &row.row;
            let with = query.with.as_ref().is_none_or(|with| {
                if with.is_bare() { row.with.to_bare() == with.to_bare() } else { row.with == *with }
            });
            with && query.start.is_none_or(|start| it.at >= start)
                && query.end.is_none_or(|end| it.at <= end)
                && query.after_id.as_ref().is_none_or(|id| id_order(&it.id, id).is_gt())
                && query.before_id.as_ref().is_none_or(|id| id_order(&it.id, id).is_lt())
                && query.ids.as_ref().is_none_or(|ids| ids.contains(&it.id))
        };
        let filtered: Vec<&&Row> = all.iter().filter(wanted).collect();
        let max = query.max as usize;
        let (from, to) = match &query.page {
            Page::First => (0, filtered.len()),
            Page::After(id) => (filtered.partition_point(|row| id_order(&row.row.id, id).is_le()), filtered.len()),
            Page::Last => (0, filtered.len()),
            Page::Before(id) => (0, filtered.partition_point(|row| id_order(&row.row.id, id).is_lt())),
        };
        let backwards = matches!(query.page, Page::Last | Page::Before(_));
        let (start, end) =
            if backwards { (to.saturating_sub(max).max(from), to) } else { (from, (from + max).min(to)) };
        let rows: Vec<ArchiveRow> = filtered[start..end].iter().map(|row| row.row.clone()).collect();
        Rows::Archive {
            complete: if backwards { start == from } else { end == to },
            count: filtered.len() as u64,
            index: (!rows.is_empty()).then_some(start as u64),
            rows,
        }
    }
}
