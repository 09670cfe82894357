//! Which answers are awaited, by whom, and from whom they may come.

use xmpp::collections::VecMap;
use xmpp::jid::{BareJid, FullJid, Jid};
use xmpp::time::Mono;

use crate::feature::Label;

/// How long an answer may take.
pub(crate) const ANSWER_MS: u64 = 30_000;

/// The requests of a session that have no answer yet, by their id.
#[derive(Default)]
pub(crate) struct Requests {
    waiting: VecMap<String, Waiting>,
}

struct Waiting {
    who: Asker,
    to: Option<Jid>,
    deadline: Mono,
}

/// Who wants the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asker {
    /// The feature's place in the list.
    pub(crate) feature: usize,
    /// What it calls the request.
    pub(crate) label: Label,
}

impl Requests {
    pub(crate) fn add(&mut self, id: String, who: Asker, to: Option<Jid>, deadline: Mono) {
        self.waiting.insert(id, Waiting { who, to, deadline });
    }

    /// Whose request this answers. An answer must come from where the request went (RFC 6120 §8.1.2.1): a stranger who
    /// guesses an id gets nothing, and the request goes on waiting.
    pub(crate) fn answered(
        &mut self,
        id: &str,
        from: Option<&Jid>,
        account: &BareJid,
        own: Option<&FullJid>,
    ) -> Option<Asker> {
        let waiting = self.waiting.get(id)?;
        let of_account = |jid: &Jid| jid.is_bare() && jid.has_bare(account);
        let asked_account = waiting.to.as_ref().is_none_or(of_account);
        let matches = match from {
            // Without `from`, the server answers for the account (§8.1.2.1, client's inbound case 1).
            None => asked_account,
            Some(from) if asked_account => of_account(from) || own.is_some_and(|own| from.as_str() == own.as_str()),
            Some(from) => waiting.to.as_ref() == Some(from),
        };
        if !matches {
            return None;
        }
        self.waiting.remove(id).map(|waiting| waiting.who)
    }

    /// The request could not even be sent.
    pub(crate) fn expire(&mut self, id: &str) {
        if let Some(waiting) = self.waiting.get_mut(id) {
            waiting.deadline = Mono(0);
        }
    }

    /// The requests whose time is over.
    pub(crate) fn expired(&mut self, now: Mono) -> Vec<Asker> {
        let due: Vec<String> =
            self.waiting.iter().filter(|(_, w)| w.deadline <= now).map(|(id, _)| id.clone()).collect();
        due.iter().filter_map(|id| self.waiting.remove(id)).map(|waiting| waiting.who).collect()
    }

    /// All requests: the session they belong to is over.
    pub(crate) fn take_all(&mut self) -> Vec<Asker> {
        std::mem::take(&mut self.waiting).into_values().map(|waiting| waiting.who).collect()
    }

    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.waiting.values().map(|waiting| waiting.deadline).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jid(text: &str) -> Jid {
        Jid::new(text).expect("a jid")
    }

    #[test]
    fn an_answer_counts_only_from_where_the_request_went() {
        let account = BareJid::new("me@x.y").expect("a jid");
        let own = FullJid::new("me@x.y/r").expect("a jid");
        let who = Asker { feature: 3, label: Label(9) };
        let answers = |to: Option<&str>, from: Option<&str>| {
            let mut requests = Requests::default();
            requests.add(String::from("1"), who, to.map(jid), Mono(5));
            let from = from.map(jid);
            let answered = requests.answered("1", from.as_ref(), &account, Some(&own));
            assert_eq!(answered.is_none(), requests.deadline().is_some(), "a forged answer leaves the request waiting");
            answered.is_some()
        };
        for to in [None, Some("me@x.y")] {
            assert!(answers(to, None) && answers(to, Some("me@x.y")) && answers(to, Some("me@x.y/r")));
            assert!(!answers(to, Some("x.y")) && !answers(to, Some("evil@x.y")) && !answers(to, Some("me@x.y/other")));
        }
        assert!(answers(Some("x.y"), Some("x.y")) && answers(Some("a@x.y/1"), Some("a@x.y/1")));
        assert!(!answers(Some("x.y"), None) && !answers(Some("a@x.y/1"), Some("a@x.y")));
        assert!(!answers(Some("x.y"), Some("me@x.y")));
    }

    #[test]
    fn what_is_never_answered_expires() {
        let mut requests = Requests::default();
        requests.add(String::from("1"), Asker { feature: 0, label: Label(1) }, None, Mono(5));
        requests.add(String::from("2"), Asker { feature: 0, label: Label(2) }, None, Mono(9));
        assert_eq!(requests.expired(Mono(4)), []);
        assert_eq!(requests.expired(Mono(5)), [Asker { feature: 0, label: Label(1) }]);
        assert_eq!(requests.take_all().len(), 1);
        assert_eq!(requests.deadline(), None);
    }
}
