//! SQLite against the storage in memory of the simulation: the same random requests, the same answers. What is proven in virtual time
//! about the host then holds with the real database.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use std::sync::mpsc;

use converse_server::storage::{Storage, accounts};
use xmpp::ids::{ArchiveId, ItemId, NodeName, OriginId};
use xmpp::jid::{BareJid, Jid};
use xmpp::time::Timestamp;
use xmpp_host::storage::{
    ArchiveCopy, ArchiveMessage, ArchiveQuery, ItemRow, ItemsWanted, OpResult, Page, Query, RosterRow, Rows,
    StorageError, StoreOp, Subscription,
};
use xmpp_testkit::storage::MemoryStorage;

/// SplitMix64: small, and good enough to choose requests.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }
}

const PEOPLE: [&str; 4] = ["alice@localhost", "bob@localhost", "carol@localhost", "nobody@localhost"];

fn person(random: &mut Random) -> BareJid {
    // The last one has no account; seldom, since it undoes whatever is done with it.
    let number = if random.chance(12) { 3 } else { random.below(3) };
    BareJid::new(PEOPLE[usize::try_from(number).unwrap()]).unwrap()
}

fn archive_id(random: &mut Random, last: u64) -> ArchiveId {
    if random.chance(15) { ArchiveId::from("0x1") } else { ArchiveId::from((random.below(last + 3) + 1).to_string()) }
}

fn message(random: &mut Random, number: u64) -> StoreOp {
    let (from, to) = (person(random), person(random));
    let with = |jid: &BareJid, random: &mut Random| -> Jid {
        if random.chance(3) {
            jid.with_resource(["phone", "web"][random.below(2) as usize]).unwrap().into()
        } else {
            jid.clone().into()
        }
    };
    let mut copies = vec![
        ArchiveCopy {
            owner: from.clone(),
            with: with(&to, random),
            outgoing: true,
            undelivered: false,
            visible: !random.chance(6),
        },
        ArchiveCopy {
            owner: to,
            with: with(&from, random),
            outgoing: false,
            undelivered: !random.chance(3),
            visible: !random.chance(6),
        },
    ];
    if copies[0].owner == copies[1].owner {
        // The host keeps one copy of what people send to themselves.
        copies.pop();
    }
    let dedupe =
        (!random.chance(4)).then(|| (from, OriginId::from(format!("origin-{}", random.below(number / 2 + 2)))));
    StoreOp::Archive(Box::new(ArchiveMessage {
        stanza: format!("<message number='{number}'/>"),
        at: Timestamp(1000 + (random.below(50) as i64)),
        dedupe,
        mind_blocks: !random.chance(4),
        copies,
    }))
}

fn node(random: &mut Random) -> NodeName {
    NodeName::from(["urn:xmpp:avatar:data", "urn:xmpp:bookmarks:1"][random.below(2) as usize])
}

fn item_id(random: &mut Random) -> ItemId {
    ItemId::from(["current", "ä", "x"][random.below(3) as usize])
}

/// What may be blocked: accounts, resources, the domain.
fn addresses(random: &mut Random) -> Vec<Jid> {
    let address = |random: &mut Random| match random.below(6) {
        0 => Jid::new("localhost").unwrap(),
        1..=3 => person(random).with_resource(["phone", "web"][random.below(2) as usize]).unwrap().into(),
        _ => person(random).into(),
    };
    (0..random.below(3)).map(|_| address(random)).collect()
}

fn op(random: &mut Random, number: u64, last: u64) -> StoreOp {
    match random.below(21) {
        14 | 15 => StoreOp::NodePut { owner: person(random), node: node(random), config: format!("<x n='{number}'/>") },
        16..=18 => StoreOp::ItemPut {
            owner: person(random),
            node: node(random),
            item: ItemRow {
                id: item_id(random),
                at: Timestamp(number as i64),
                payload: "ü".repeat(random.below(20) as usize),
            },
            keep: 1 + random.below(4) as u32,
            quota: 150,
        },
        19 => StoreOp::ItemRemove { owner: person(random), node: node(random), id: item_id(random) },
        20 if random.chance(2) => StoreOp::NodePurge { owner: person(random), node: node(random) },
        20 => StoreOp::NodeRemove { owner: person(random), node: node(random) },
        12 => StoreOp::Block { owner: person(random), jids: addresses(random) },
        13 => StoreOp::Unblock { owner: person(random), jids: addresses(random) },
        0..=5 => message(random, number),
        6 => StoreOp::Unarchive { owner: person(random), id: archive_id(random, last) },
        7 => StoreOp::Delivered { owner: person(random), id: archive_id(random, last) },
        8 => {
            let row = RosterRow {
                jid: person(random),
                name: random.chance(2).then(|| "Näme \"quoted\"".to_owned()),
                groups: (0..random.below(3)).map(|group| format!("group, {group}\n")).collect(),
                subscription: [Subscription::None, Subscription::To, Subscription::From, Subscription::Both]
                    [random.below(4) as usize],
                ask: random.chance(2),
                approved: random.chance(2),
                pending_in: random.chance(3).then(|| "<presence/>".to_owned()),
                listed: random.chance(2),
            };
            StoreOp::RosterPut { owner: person(random), row }
        }
        9 => StoreOp::RosterRemove { owner: person(random), jid: person(random) },
        10 => StoreOp::VcardPut { owner: person(random), xml: format!("<vCard number='{number}'/>") },
        _ => StoreOp::PrivatePut {
            owner: person(random),
            name: format!("name{}", random.below(2)),
            ns: "ns".into(),
            xml: "ü".repeat(random.below(40) as usize),
            quota: 100,
        },
    }
}

fn query(random: &mut Random, last: u64) -> Query {
    match random.below(12) {
        9 => Query::Nodes(person(random)),
        10 => Query::Items {
            owner: person(random),
            node: node(random),
            wanted: ItemsWanted::Newest(random.below(4) as u32),
        },
        11 => {
            let ids = (0..random.below(3)).map(|_| item_id(random)).collect();
            Query::Items { owner: person(random), node: node(random), wanted: ItemsWanted::Ids(ids) }
        }
        0 => Query::AccountExists(person(random)),
        1 => Query::Roster(person(random)),
        2 => Query::Undelivered {
            owner: person(random),
            after: random.chance(2).then(|| archive_id(random, last)),
            max: 1 + random.below(10) as u32,
        },
        3 => Query::Vcard(person(random)),
        4 => Query::Private { owner: person(random), name: format!("name{}", random.below(2)), ns: "ns".into() },
        _ => {
            let with: Option<Jid> = random.chance(2).then(|| {
                let person = person(random);
                if random.chance(2) { person.with_resource("web").unwrap().into() } else { person.into() }
            });
            let page = match random.below(4) {
                0 => Page::First,
                1 => Page::Last,
                2 => Page::After(archive_id(random, last)),
                _ => Page::Before(archive_id(random, last)),
            };
            Query::Archive(Box::new(ArchiveQuery {
                owner: person(random),
                with,
                start: random.chance(4).then(|| Timestamp(1000 + random.below(50) as i64)),
                end: random.chance(4).then(|| Timestamp(1000 + random.below(50) as i64)),
                after_id: random.chance(6).then(|| archive_id(random, last)),
                before_id: random.chance(6).then(|| archive_id(random, last)),
                ids: random.chance(10).then(|| (0..random.below(4)).map(|_| archive_id(random, last)).collect()),
                page,
                max: random.below(8) as u32,
            }))
        }
    }
}

fn store(storage: &Storage, ops: Vec<StoreOp>) -> Result<Vec<OpResult>, StorageError> {
    let (send, receive) = mpsc::channel();
    storage.store(ops, move |result| send.send(result).unwrap());
    receive.recv().unwrap()
}

fn load(storage: &Storage, query: Query) -> Result<Rows, StorageError> {
    let (send, receive) = mpsc::channel();
    storage.load(query, move |result| send.send(result).unwrap());
    receive.recv().unwrap()
}

fn people(storage: &Storage) -> MemoryStorage {
    let (send, receive) = mpsc::channel();
    storage.write(
        |connection| {
            for person in &PEOPLE[..3] {
                accounts::create(connection, person.split('@').next().unwrap(), None, &[])?;
            }
            Ok(())
        },
        move |result| send.send(result).unwrap(),
    );
    receive.recv().unwrap().unwrap();
    let people: Vec<_> = PEOPLE[..3].iter().map(|person| BareJid::new(person).unwrap()).collect();
    MemoryStorage::with_accounts(&people)
}

#[test]
fn sqlite_answers_as_the_storage_in_memory_does() {
    let (mut archived, mut undone, mut blocked) = (0, 0, 0);
    for seed in 0..12 {
        let dir = tempfile::tempdir().unwrap();
        let storage = Storage::open(&dir.path().join("db")).unwrap();
        let mut memory = people(&storage);
        let mut random = Random(seed);
        let mut last = 0;
        for number in 0..200 {
            let ops: Vec<_> = (0..=random.below(3)).map(|_| op(&mut random, number, last)).collect();
            let expected = memory.store(&ops);
            let answer = store(&storage, ops.clone());
            assert_eq!(answer, expected, "seed {seed}, request {number}: {ops:#?}");
            undone += usize::from(answer.is_err());
            for result in answer.iter().flatten() {
                blocked += usize::from(*result == OpResult::Blocked);
                if let OpResult::Archived { ids } = result {
                    last = last.max(ids.iter().map(|id| id.as_str().parse().unwrap()).max().unwrap());
                    archived += ids.len();
                }
            }
            for _ in 0..4 {
                let query = query(&mut random, last);
                assert_eq!(
                    load(&storage, query.clone()),
                    Ok(memory.load(&query)),
                    "seed {seed}, request {number}: {query:#?}"
                );
            }
        }
    }
    assert!(
        archived > 500 && undone > 50 && blocked > 20,
        "{archived} archived, {undone} undone, {blocked} blocked: the requests are worth comparing"
    );
}

#[test]
fn ids_of_deleted_rows_are_not_used_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let storage = Storage::open(&path).unwrap();
    people(&storage);
    let owner = BareJid::new(PEOPLE[0]).unwrap();
    let archive = || {
        let copies = vec![ArchiveCopy {
            owner: owner.clone(),
            with: owner.clone().into(),
            outgoing: true,
            undelivered: false,
            visible: true,
        }];
        StoreOp::Archive(Box::new(ArchiveMessage {
            stanza: "<message/>".into(),
            at: Timestamp(0),
            dedupe: None,
            mind_blocks: true,
            copies,
        }))
    };
    let id = |results: Result<Vec<OpResult>, StorageError>| match results.unwrap().remove(0) {
        OpResult::Archived { mut ids } => ids.remove(0),
        other => panic!("{other:?}"),
    };
    let first = id(store(&storage, vec![archive()]));
    store(&storage, vec![StoreOp::Unarchive { owner: owner.clone(), id: first.clone() }]).unwrap();
    drop(storage);
    let storage = Storage::open(&path).unwrap();
    let second = id(store(&storage, vec![archive()]));
    assert_eq!(xmpp_host::storage::id_order(&first, &second), std::cmp::Ordering::Less);
}
