use std::collections::BTreeMap;
use std::sync::Arc;

use xmpp::ids::{ArchiveId, MessageId, OriginId, StanzaId};
use xmpp::jid::BareJid;
use xmpp::time::Timestamp;

use super::*;
use crate::random::Random;
use crate::test_bench::apply;

fn jid(text: &str) -> BareJid {
    BareJid::new(text).expect("a jid")
}

/// A message with this archive id, whose body is its number.
fn entry(n: u64, own: bool, archive: Option<u64>) -> Entry {
    let id = n.to_string();
    Entry {
        author: if own { Author::Own } else { Author::Contact(jid("you@x.y")) },
        at: Timestamp(i64::try_from(n).expect("small")),
        body: Arc::from(id.as_str()),
        stanza_id: archive.map(|a| StanzaId { id: ArchiveId::from(a.to_string()), by: jid("me@x.y") }),
        message_id: Some(MessageId::from(id.as_str())),
        origin_id: Some(OriginId::from(id)),
        delivery: own.then_some(Delivery::Pending),
        markable: false,
    }
}

fn bodies(timeline: &Timeline) -> Vec<String> {
    timeline.rows().iter().map(|row| row.said().map_or(String::from("…"), |(_, body)| String::from(&**body))).collect()
}

fn live(timeline: &mut Timeline, next: &mut u64, e: Entry) -> Placed {
    timeline.place(e, Placement::Live, next)
}

#[test]
fn a_local_echo_meets_its_archived_self_and_keeps_its_id() {
    let (mut timeline, mut next) = (Timeline::default(), 0);
    live(&mut timeline, &mut next, entry(1, false, Some(1)));
    let echo = live(&mut timeline, &mut next, entry(3, true, None)).id();
    live(&mut timeline, &mut next, entry(4, false, Some(4)));
    // The archive got it after the other's.
    let run = Placement::CatchUp(RunId(1));
    for (n, own) in [(4, false), (3, true)] {
        let archived =
            Entry { stanza_id: entry(0, own, Some(n + 10 * u64::from(own))).stanza_id, ..entry(n, own, None) };
        timeline.place(archived, run, &mut next);
    }
    assert_eq!(bodies(&timeline), ["1", "4", "3"]);
    assert_eq!(timeline.rows()[2].id(), echo);
    assert_eq!(timeline.rows()[2].delivery(), Some(&Delivery::Sent));
}

#[test]
fn what_was_written_later_stays_later() {
    let (mut timeline, mut next) = (Timeline::default(), 0);
    live(&mut timeline, &mut next, entry(1, false, Some(1)));
    for n in 2..=4 {
        live(&mut timeline, &mut next, entry(n, true, None));
    }
    live(&mut timeline, &mut next, entry(9, false, Some(9)));
    // The archive got 2 and 3 behind the other's; it has not got 4 yet.
    for n in [2, 3] {
        let archived = Entry { stanza_id: entry(0, true, Some(n + 10)).stanza_id, ..entry(n, true, None) };
        timeline.place(archived, Placement::CatchUp(RunId(1)), &mut next);
    }
    assert_eq!(bodies(&timeline), ["1", "9", "2", "3", "4"]);
}

#[test]
fn a_page_knows_the_order_better_than_what_came_live() {
    let (mut timeline, mut next) = (Timeline::default(), 0);
    for n in [1, 3, 2, 4] {
        live(&mut timeline, &mut next, entry(n, false, Some(n)));
    }
    for n in 1..=4 {
        timeline.place(entry(n, false, Some(n)), Placement::Latest(RunId(1)), &mut next);
    }
    assert_eq!(bodies(&timeline), ["1", "2", "3", "4"]);
}

#[test]
fn what_came_live_during_the_catch_up_stays_behind_it() {
    let (mut timeline, mut next) = (Timeline::default(), 0);
    live(&mut timeline, &mut next, entry(1, false, Some(1)));
    live(&mut timeline, &mut next, entry(90, true, None));
    timeline.begin_catch_up(&mut next, Timestamp(0));
    live(&mut timeline, &mut next, entry(5, false, Some(5)));
    for n in 2..=3 {
        timeline.place(entry(n, false, Some(n)), Placement::CatchUp(RunId(1)), &mut next);
    }
    // What waits to be sent is not in the archive yet: it stays behind what is.
    assert_eq!(bodies(&timeline), ["1", "2", "3", "90", "…", "5"]);
    for n in 4..=6 {
        timeline.place(entry(n, false, Some(n)), Placement::CatchUp(RunId(2)), &mut next);
    }
    assert_eq!(
        bodies(&timeline),
        ["1", "2", "3", "4", "90", "5", "6"],
        "the page that meets the live rows closes the gap"
    );
}

#[test]
fn the_newest_page_has_a_gap_before_it_unless_it_meets_what_is_here() {
    let (mut timeline, mut next) = (Timeline::default(), 0);
    live(&mut timeline, &mut next, entry(1, false, Some(1)));
    for n in 7..=8 {
        timeline.place(entry(n, false, Some(n)), Placement::Latest(RunId(1)), &mut next);
    }
    assert_eq!(bodies(&timeline), ["1", "…", "7", "8"]);
    let gap = timeline.gaps().next().expect("a gap");
    assert_eq!(timeline.archived_before(Some(gap)), Some(&ArchiveId::from("1")));
    for n in 2..=3 {
        timeline.place(entry(n, false, Some(n)), Placement::Gap(RunId(2), gap), &mut next);
    }
    for n in 4..=7 {
        timeline.place(entry(n, false, Some(n)), Placement::Gap(RunId(3), gap), &mut next);
    }
    assert_eq!(bodies(&timeline), ["1", "2", "3", "4", "5", "6", "7", "8"]);
    for n in 8..=9 {
        timeline.place(entry(n, false, Some(n)), Placement::Latest(RunId(4)), &mut next);
    }
    assert_eq!(timeline.gaps().count(), 0);
}

#[test]
fn delivery_goes_forward_and_a_retry_begins_anew() {
    let (mut timeline, mut next) = (Timeline::default(), 0);
    let id = live(&mut timeline, &mut next, entry(1, true, None)).id();
    let failed = || Delivery::Failed { condition: String::from("timeout"), text: None };
    assert!(timeline.set_delivery(id, Delivery::Delivered) && !timeline.set_delivery(id, Delivery::Sent));
    assert!(!timeline.set_delivery(id, failed()), "what arrived has not failed");
    assert!(timeline.set_delivery(id, Delivery::Read));
    let id = live(&mut timeline, &mut next, entry(2, true, None)).id();
    assert!(!timeline.set_delivery(id, Delivery::Pending));
    assert!(timeline.set_delivery(id, failed()) && timeline.set_delivery(id, Delivery::Pending));
    let id = live(&mut timeline, &mut next, entry(3, false, None)).id();
    assert!(!timeline.set_delivery(id, Delivery::Sent), "only own messages are delivered");
}

#[test]
fn memory_is_bounded_but_nothing_unsent_goes() {
    let (mut timeline, mut next) = (Timeline::default(), 0);
    for n in 0..50 {
        live(&mut timeline, &mut next, entry(n, n == 10, Some(n).filter(|n| *n != 10)));
    }
    assert_eq!(timeline.trim(20).len(), 10);
    assert_eq!(bodies(&timeline)[0], "10");
    let id = timeline.rows()[0].id();
    timeline.set_delivery(id, Delivery::Sent);
    timeline.trim(20);
    assert_eq!((timeline.rows().len(), timeline.keys.len()), (20, 60));
    // What went is new when it is read again.
    assert!(matches!(timeline.place(entry(5, false, Some(5)), Placement::Older(RunId(1)), &mut next), Placed::New(_)));
    assert_eq!(bodies(&timeline)[0], "5");
}

/// Random lives of a conversation: an archive of which parts come live, by pages, doubled and late. Whatever happens, the
/// replica that applies the changes equals the timeline, no message stands twice, rows keep their ids, and archived rows stand
/// in the archive's order.
#[test]
fn a_replica_of_the_changes_equals_the_timeline() {
    for seed in 0..400_u64 {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        let mut random = Random::new(bytes);
        let (mut timeline, mut next, mut replica) = (Timeline::default(), 0, Vec::new());
        let mut known: BTreeMap<String, TimelineId> = BTreeMap::new();
        // The archive: number by number, own ones some of them.
        let own = |n: u64| n.is_multiple_of(3);
        let (mut tail, mut cursor, mut run) = (5_u64, 0_u64, 0_u32);
        timeline.show();
        for _ in 0..60 {
            match random.below(9) {
                0 | 1 => {
                    // Somebody says something, and it comes live.
                    tail += 1;
                    while own(tail) {
                        tail += 1;
                    }
                    if cursor + 1 < tail {
                        timeline.begin_catch_up(&mut next, Timestamp(0));
                    } else {
                        cursor = tail;
                    }
                    timeline.place(entry(tail, false, Some(tail)), Placement::Live, &mut next);
                }
                2 => {
                    // An own message: an echo, and the archive has it.
                    tail += 1;
                    while !own(tail) {
                        tail += 1;
                    }
                    timeline.place(entry(tail, true, None), Placement::Live, &mut next);
                }
                3 => tail += random.below(4),
                4 | 5 => {
                    // The archive is read on, a page of a few at a time.
                    run += 1;
                    let end = (cursor + 1 + random.below(5)).min(tail);
                    for n in cursor + 1..=end {
                        timeline.place(entry(n, own(n), Some(n)), Placement::CatchUp(RunId(run)), &mut next);
                    }
                    cursor = cursor.max(end);
                    if cursor == tail {
                        timeline.end_catch_up();
                    }
                }
                6 => {
                    // An older page. It is asked for only when the tail is known.
                    if cursor == tail
                        && let Some(first) = timeline.oldest_archived().and_then(|id| id.as_str().parse::<u64>().ok())
                    {
                        run += 1;
                        for n in first.saturating_sub(3).max(1)..first {
                            timeline.place(entry(n, own(n), Some(n)), Placement::Older(RunId(run)), &mut next);
                        }
                    }
                }
                7 => {
                    // A doubled delivery of anything known.
                    let n = 1 + random.below(tail);
                    if known.contains_key(&n.to_string()) && !own(n) {
                        timeline.place(entry(n, false, Some(n)), Placement::Live, &mut next);
                    }
                }
                _ => {
                    if random.below(4) == 0 {
                        for row in timeline.trim(25) {
                            if let Some((_, body)) = row.said() {
                                known.remove(&**body);
                            }
                        }
                    }
                }
            }
            apply(&mut replica, timeline.take_ops());
            let snapshot: Vec<_> = timeline.rows().iter().map(|row| row.item.clone()).collect();
            assert_eq!(replica, snapshot, "seed {seed}");
            let mut seen = std::collections::BTreeSet::new();
            let mut last = 0;
            for row in timeline.rows() {
                let Some((_, body)) = row.said() else { continue };
                assert!(seen.insert(body.clone()), "seed {seed}: {body} twice");
                let id = *known.entry(String::from(&**body)).or_insert(row.id());
                assert_eq!(id, row.id(), "seed {seed}: {body} changed its id");
                if let Some(archive) = row.archive_id.as_ref().and_then(|id| id.as_str().parse::<u64>().ok()) {
                    assert!(archive > last, "seed {seed}: {archive} after {last} in {:?}", bodies(&timeline));
                    last = archive;
                }
            }
        }
    }
}
