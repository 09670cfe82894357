//! The subscription states of one roster item and how the four stanzas move them: RFC 6121 Appendix A, as pure functions.

use crate::storage::{RosterRow, Subscription};

/// The four stanzas (RFC 6121 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Verb {
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
}

/// What a stanza does besides changing the item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effect {
    /// The item changed: store it.
    pub(crate) store: bool,
    /// The part the user sees changed: push it.
    pub(crate) push: bool,
    /// Outbound: route the stanza to the contact. Inbound: deliver it to the user's resources.
    pub(crate) pass: bool,
    /// Inbound `subscribe`: answer `subscribed` for the user (RFC 6121 §3.1.3, §3.4.2).
    pub(crate) approve: bool,
    /// The contact now sees the user: send it the presence of each available resource.
    pub(crate) show: bool,
    /// The contact no longer sees the user: send it unavailable presence from each available resource.
    pub(crate) hide: bool,
}

/// The user sends `verb` to the contact of `row` (RFC 6121 §A.2).
pub(crate) fn outbound(verb: Verb, row: &mut RosterRow) -> Effect {
    let before = row.clone();
    let (to, from) = (row.subscription.to(), row.subscription.from());
    let mut effect = Effect { pass: true, ..Effect::default() };
    match verb {
        Verb::Subscribe => {
            row.listed = true;
            row.ask |= !to;
        }
        Verb::Unsubscribe => {
            row.ask = false;
            row.subscription = Subscription::of(false, from);
        }
        Verb::Subscribed if row.pending_in.is_some() => {
            row.pending_in = None;
            row.listed = true;
            row.subscription = Subscription::of(to, true);
            effect.show = true;
        }
        Verb::Subscribed => {
            // A pre-approval (§3.4), or nothing new; the contact hears of neither.
            effect.pass = false;
            if !from {
                row.approved = true;
                row.listed = true;
            }
        }
        Verb::Unsubscribed => {
            effect.pass = from || row.pending_in.is_some();
            effect.hide = from;
            row.pending_in = None;
            row.approved = false;
            row.subscription = Subscription::of(to, false);
        }
    }
    finish(effect, &before, row)
}

/// `verb` arrives from the contact of `row`; `stanza` is it as XML, kept if it is a request that waits (RFC 6121 §A.3).
pub(crate) fn inbound(verb: Verb, row: &mut RosterRow, stanza: &str) -> Effect {
    let before = row.clone();
    let (to, from) = (row.subscription.to(), row.subscription.from());
    let mut effect = Effect::default();
    match verb {
        Verb::Subscribe if from => effect.approve = true,
        Verb::Subscribe if row.approved => {
            effect.approve = true;
            effect.show = true;
            row.pending_in = None;
            row.subscription = Subscription::of(to, true);
        }
        Verb::Subscribe => {
            effect.pass = row.pending_in.is_none();
            row.pending_in.get_or_insert_with(|| stanza.to_owned());
        }
        Verb::Unsubscribe => {
            effect.pass = from || row.pending_in.is_some();
            effect.hide = from;
            row.pending_in = None;
            row.subscription = Subscription::of(to, false);
        }
        Verb::Subscribed => {
            if row.ask {
                effect.pass = true;
                row.ask = false;
                row.subscription = Subscription::of(true, from);
            }
        }
        Verb::Unsubscribed => {
            effect.pass = to || row.ask;
            row.ask = false;
            row.subscription = Subscription::of(false, from);
        }
    }
    finish(effect, &before, row)
}

fn finish(mut effect: Effect, before: &RosterRow, row: &RosterRow) -> Effect {
    effect.store = before != row;
    let seen = |it: &RosterRow| (it.listed, it.subscription, it.ask, it.approved);
    effect.push = row.listed && seen(before) != seen(row);
    effect
}

/// The stanzas that removing the item from the roster stands for (RFC 6121 §2.5.2).
pub(crate) fn removal(row: &RosterRow) -> Vec<Verb> {
    let mut verbs = Vec::new();
    if row.subscription.to() || row.ask {
        verbs.push(Verb::Unsubscribe);
    }
    if row.subscription.from() {
        verbs.push(Verb::Unsubscribed);
    }
    verbs
}

#[cfg(test)]
mod tests {
    use super::*;
    use xmpp::jid::BareJid;

    /// `N`, `T`, `F`, `B`, then `o` for pending out, `i` for pending in, `a` for pre-approved.
    fn row(state: &str) -> RosterRow {
        RosterRow {
            jid: BareJid::new("juliet@example.com").expect("valid"),
            name: None,
            groups: Vec::new(),
            subscription: Subscription::of(state.contains(['T', 'B']), state.contains(['F', 'B'])),
            ask: state.contains('o'),
            approved: state.contains('a'),
            pending_in: state.contains('i').then(|| "<presence/>".to_owned()),
            listed: true,
        }
    }

    /// Before, passed on, after; in each of the nine states of §A.1.
    type Table = (Verb, [(&'static str, bool, &'static str); 9]);

    fn state(row: &RosterRow) -> String {
        let mut text = match row.subscription {
            Subscription::None => "N",
            Subscription::To => "T",
            Subscription::From => "F",
            Subscription::Both => "B",
        }
        .to_owned();
        for (set, letter) in [(row.ask, 'o'), (row.pending_in.is_some(), 'i'), (row.approved, 'a')] {
            if set {
                text.push(letter);
            }
        }
        text
    }

    /// RFC 6121 §A.2: (state before, is it routed, state after). The nine states of §A.1.
    #[test]
    fn outbound_tables() {
        let tables: [Table; 4] = [
            (
                Verb::Subscribe,
                [
                    ("N", true, "No"),
                    ("No", true, "No"),
                    ("Ni", true, "Noi"),
                    ("Noi", true, "Noi"),
                    ("T", true, "T"),
                    ("Ti", true, "Ti"),
                    ("F", true, "Fo"),
                    ("Fo", true, "Fo"),
                    ("B", true, "B"),
                ],
            ),
            (
                Verb::Unsubscribe,
                [
                    ("N", true, "N"),
                    ("No", true, "N"),
                    ("Ni", true, "Ni"),
                    ("Noi", true, "Ni"),
                    ("T", true, "N"),
                    ("Ti", true, "Ni"),
                    ("F", true, "F"),
                    ("Fo", true, "F"),
                    ("B", true, "F"),
                ],
            ),
            (
                Verb::Subscribed,
                [
                    ("N", false, "Na"),
                    ("No", false, "Noa"),
                    ("Ni", true, "F"),
                    ("Noi", true, "Fo"),
                    ("T", false, "Ta"),
                    ("Ti", true, "B"),
                    ("F", false, "F"),
                    ("Fo", false, "Fo"),
                    ("B", false, "B"),
                ],
            ),
            (
                Verb::Unsubscribed,
                [
                    ("N", false, "N"),
                    ("No", false, "No"),
                    ("Ni", true, "N"),
                    ("Noi", true, "No"),
                    ("T", false, "T"),
                    ("Ti", true, "T"),
                    ("F", true, "N"),
                    ("Fo", true, "No"),
                    ("B", true, "T"),
                ],
            ),
        ];
        for (verb, table) in tables {
            for (before, routed, after) in table {
                let mut item = row(before);
                let effect = outbound(verb, &mut item);
                assert_eq!((effect.pass, state(&item).as_str()), (routed, after), "{verb:?} sent in {before}");
            }
        }
    }

    /// RFC 6121 §A.3: (state before, is it delivered, state after).
    #[test]
    fn inbound_tables() {
        let tables: [Table; 4] = [
            (
                Verb::Subscribe,
                [
                    ("N", true, "Ni"),
                    ("No", true, "Noi"),
                    ("Ni", false, "Ni"),
                    ("Noi", false, "Noi"),
                    ("T", true, "Ti"),
                    ("Ti", false, "Ti"),
                    ("F", false, "F"),
                    ("Fo", false, "Fo"),
                    ("B", false, "B"),
                ],
            ),
            (
                Verb::Unsubscribe,
                [
                    ("N", false, "N"),
                    ("No", false, "No"),
                    ("Ni", true, "N"),
                    ("Noi", true, "No"),
                    ("T", false, "T"),
                    ("Ti", true, "T"),
                    ("F", true, "N"),
                    ("Fo", true, "No"),
                    ("B", true, "T"),
                ],
            ),
            (
                Verb::Subscribed,
                [
                    ("N", false, "N"),
                    ("No", true, "T"),
                    ("Ni", false, "Ni"),
                    ("Noi", true, "Ti"),
                    ("T", false, "T"),
                    ("Ti", false, "Ti"),
                    ("F", false, "F"),
                    ("Fo", true, "B"),
                    ("B", false, "B"),
                ],
            ),
            (
                Verb::Unsubscribed,
                [
                    ("N", false, "N"),
                    ("No", true, "N"),
                    ("Ni", false, "Ni"),
                    ("Noi", true, "Ni"),
                    ("T", true, "N"),
                    ("Ti", true, "Ni"),
                    ("F", false, "F"),
                    ("Fo", true, "F"),
                    ("B", true, "F"),
                ],
            ),
        ];
        for (verb, table) in tables {
            for (before, delivered, after) in table {
                let mut item = row(before);
                let effect = inbound(verb, &mut item, "<presence/>");
                assert_eq!((effect.pass, state(&item).as_str()), (delivered, after), "{verb:?} received in {before}");
                assert_eq!(
                    effect.approve,
                    verb == Verb::Subscribe && before.contains(['F', 'B']),
                    "{verb:?} in {before}"
                );
                assert_eq!(effect.store, before != after, "{verb:?} in {before}");
            }
        }
    }

    #[test]
    fn a_stranger_who_asks_is_kept_but_not_listed() {
        let mut item = RosterRow { listed: false, ..row("N") };
        let effect = inbound(Verb::Subscribe, &mut item, "<presence type='subscribe'/>");
        assert!(effect.store && effect.pass && !effect.push);
        assert_eq!(item.pending_in.as_deref(), Some("<presence type='subscribe'/>"));
        assert!(!item.listed);
        let effect = outbound(Verb::Subscribed, &mut item);
        assert!(effect.push && effect.show && item.listed && item.subscription == Subscription::From);
    }

    #[test]
    fn pre_approval_answers_for_the_user() {
        let mut item = row("Na");
        let effect = inbound(Verb::Subscribe, &mut item, "<presence/>");
        assert!(effect.approve && effect.show && effect.push && !effect.pass);
        assert_eq!(item.subscription, Subscription::From);
    }

    #[test]
    fn removal_ends_both_directions() {
        assert_eq!(removal(&row("B")), [Verb::Unsubscribe, Verb::Unsubscribed]);
        assert_eq!(removal(&row("No")), [Verb::Unsubscribe]);
        assert_eq!(removal(&row("F")), [Verb::Unsubscribed]);
        assert_eq!(removal(&row("N")), []);
    }
}
