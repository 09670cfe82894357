//! Undelivered messages on their way: who carries which, when they count as delivered, and reading of what waits in storage.
//!
//! A message is stored as undelivered before anything else happens. Live delivery and reading from storage may cross: a session that
//! carries a row does not get it again when it is read, and an envelope whose row was read already, or will be, is not delivered live.

use std::collections::BTreeSet;

use xmpp::ids::ArchiveId;
use xmpp::jid::BareJid;
use xmpp::stanza::Stanza;
use xmpp::xml;

use crate::account::{Carried, Drain};
use crate::io::SessionId;
use crate::modules::{offline, stable_ids};
use crate::pending::Pending;
use crate::session::resume::{tag, untag};
use crate::shard::Shard;
use crate::storage::{ArchiveRow, Query, Rows, StorageError, StoreOp};

impl Shard {
    /// A session got the row; if it does not acknowledge, that has to do as delivery.
    pub(crate) fn carry(&mut self, account: &BareJid, row: &ArchiveId, by: SessionId, acknowledges: bool) {
        let carried = &mut self.account(account).carried;
        if let Carried::Holding(sessions) = carried.entry(tag(row)).or_insert(Carried::Holding(BTreeSet::new())) {
            sessions.insert(by);
            if !acknowledges {
                self.arrived(account, vec![row.clone()]);
            }
        }
    }

    /// Clients have these rows.
    pub(crate) fn arrived(&mut self, account: &BareJid, rows: Vec<ArchiveId>) {
        let Some(it) = self.accounts.get_mut(account) else { return };
        let mut new = Vec::new();
        for row in &rows {
            if let Some(carried @ Carried::Holding(_)) = it.carried.get_mut(&tag(row)) {
                *carried = Carried::Storing;
                new.push(tag(row));
            }
        }
        if new.is_empty() {
            return;
        }
        for (row, carried) in &mut it.carried {
            if *carried == Carried::Unmarked {
                *carried = Carried::Storing;
                new.push(*row);
            }
        }
        let ops = new.iter().filter_map(|row| untag(*row));
        let ops = ops.map(|id| StoreOp::Delivered { owner: account.clone(), id }).collect();
        self.store(ops, Pending::Delivered { account: account.clone(), rows: new });
    }

    /// What could not be marked is marked with the next rows; if the account is forgotten before, it is delivered once more, and its id
    /// tells that it is the same.
    pub(crate) fn marked_delivered(&mut self, account: &BareJid, rows: &[u64], done: bool) {
        let Some(it) = self.accounts.get_mut(account) else { return };
        let reading = it.drain.as_ref().is_some_and(|drain| drain.loading);
        for row in rows {
            match (done, reading) {
                (true, false) => it.carried.remove(row),
                (true, true) => it.carried.insert(*row, Carried::Stored),
                (false, _) => it.carried.insert(*row, Carried::Unmarked),
            };
        }
        self.account_moved(account);
    }

    /// A session ended with these unacknowledged: what no other session has is read from storage for those that are left.
    pub(crate) fn put_back(&mut self, account: &BareJid, by: SessionId, rows: BTreeSet<ArchiveId>) {
        let Some(it) = self.accounts.get_mut(account) else { return };
        let mut left = false;
        for row in &rows {
            if let Some(Carried::Holding(sessions)) = it.carried.get_mut(&tag(row)) {
                sessions.remove(&by);
                if sessions.is_empty() {
                    it.carried.remove(&tag(row));
                    left = true;
                }
            }
        }
        if left {
            self.drain(account);
        }
        self.account_moved(account);
    }

    /// Starts to read undelivered messages, or to read once more.
    pub(crate) fn drain(&mut self, account: &BareJid) {
        if self.sessions_of(account, |session| session.takes_messages()).is_empty() {
            return;
        }
        let it = self.account(account);
        match &mut it.drain {
            Some(drain) => {
                drain.again = true;
                drain.restart = true;
                self.go_on_draining(account);
            }
            None if !it.anonymous => {
                it.drain = Some(Drain::default());
                self.read_page(account);
            }
            None => {}
        }
    }

    /// Reads the next page if a session has room for it.
    pub(crate) fn go_on_draining(&mut self, account: &BareJid) {
        let Some(drain) = self.accounts.get(account).and_then(|it| it.drain.as_ref()) else { return };
        if drain.loading {
            return;
        }
        let limits = &self.config.limits;
        let takers = self.sessions_of(account, |session| session.takes_messages());
        if takers.is_empty() {
            self.stop_draining(account);
        } else if takers.iter().any(|id| self.sessions.get(id).is_some_and(|session| session.has_room(limits))) {
            self.read_page(account);
        }
    }

    fn stop_draining(&mut self, account: &BareJid) {
        if let Some(it) = self.accounts.get_mut(account)
            && let Some(drain) = it.drain.take()
        {
            it.drained = it.drained.max(drain.after);
            it.carried.retain(|_, carried| *carried != Carried::Stored);
        }
        self.account_moved(account);
    }

    fn read_page(&mut self, account: &BareJid) {
        let max = self.config.limits.offline_page;
        let Some(drain) = self.account(account).drain.as_mut() else { return };
        drain.loading = true;
        drain.again = false;
        if std::mem::take(&mut drain.restart) {
            drain.after = 0;
        }
        let query = Query::Undelivered { owner: account.clone(), after: untag(drain.after), max };
        self.load(query, Pending::Drain { account: account.clone() });
    }

    /// A page of undelivered messages was read.
    pub(crate) fn drained(&mut self, account: &BareJid, result: Result<Rows, StorageError>) {
        let rows = match result {
            Ok(Rows::Undelivered(rows)) => rows,
            Ok(_) => Vec::new(),
            Err(error) => {
                tracing::warn!(%error, "undelivered messages could not be read");
                self.retry_drain(account);
                return;
            }
        };
        let mut more = rows.len() >= self.config.limits.offline_page as usize;
        for (n, row) in rows.into_iter().enumerate() {
            let takers = self.sessions_of(account, |session| session.takes_messages());
            let room = |id: &SessionId| self.sessions.get(id).is_some_and(|it| it.has_bytes(&self.config.limits));
            if n > 0 && !takers.iter().any(room) {
                // Large messages: the rest when these are acknowledged.
                more = true;
                break;
            }
            let Some(it) = self.accounts.get_mut(account) else { return };
            let Some(drain) = &mut it.drain else { return };
            drain.after = drain.after.max(tag(&row.id));
            let without = match it.carried.get(&tag(&row.id)) {
                // The others have it, but nobody has said so: a session that is new gets it, too.
                Some(Carried::Holding(sessions)) => takers.into_iter().filter(|id| !sessions.contains(id)).collect(),
                Some(Carried::Storing | Carried::Stored | Carried::Unmarked) => Vec::new(),
                None => takers,
            };
            self.deliver_row(account, &row, &without);
        }
        let Some(it) = self.accounts.get_mut(account) else { return };
        it.carried.retain(|_, carried| *carried != Carried::Stored);
        let Some(drain) = &mut it.drain else { return };
        drain.loading = false;
        if more || drain.again {
            self.go_on_draining(account);
        } else {
            self.stop_draining(account);
        }
    }

    fn deliver_row(&mut self, account: &BareJid, row: &ArchiveRow, to: &[SessionId]) {
        if to.is_empty() {
            return;
        }
        let Ok(element) = xml::parse(&row.stanza) else {
            tracing::error!(%account, id = %row.id, "an archived message cannot be read");
            return;
        };
        let Ok(Stanza::Message(mut message)) = Stanza::try_from(element) else { return };
        if message.from.as_ref().is_some_and(|from| self.blocks(account, from)) {
            // Sent before it was blocked, and too late now (XEP-0191 §3.3).
            let op = StoreOp::Delivered { owner: account.clone(), id: row.id.clone() };
            self.store(vec![op], Pending::Nobody);
            return;
        }
        if row.visible {
            stable_ids::inject(&mut message, account, &row.id);
        }
        offline::delay(&mut message, &self.config.domain, row.at);
        self.deliver_all(to, &message.into(), Some(&row.id));
    }

    fn retry_drain(&mut self, account: &BareJid) {
        let at = self.now.mono.after(RETRY_MS);
        if let Some(it) = self.accounts.get_mut(account)
            && let Some(drain) = &mut it.drain
        {
            // Still there, so that live messages keep their order behind what waits.
            drain.loading = true;
            self.retries.insert((at, account.clone()));
        }
    }

    /// Reads once more where storage failed.
    pub(crate) fn retry_drains(&mut self) {
        while let Some((at, _)) = self.retries.first()
            && *at <= self.now.mono
            && let Some((_, account)) = self.retries.pop_first()
        {
            let Some(drain) = self.accounts.get_mut(&account).and_then(|it| it.drain.as_mut()) else { continue };
            drain.loading = false;
            self.go_on_draining(&account);
        }
    }
}

/// How long after a failed read the next one is tried.
const RETRY_MS: u64 = 2_000;
