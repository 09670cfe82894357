//! The way from a shard to a connection: a bounded mailbox, and beside it what must get through when the mailbox is full.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc};
use xmpp::stanza::StreamError;
use xmpp::xml::{Element, Node};

/// What a shard tells a connection, in order.
#[derive(Debug)]
pub(super) enum Mail {
    /// Send this.
    Element(Element),
    /// End the stream.
    Close(Option<StreamError>),
}

/// Bytes (roughly) that may wait in one mailbox, whatever the number of elements: twice what the host keeps for one session.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// What all mailboxes together may hold.
#[derive(Debug)]
pub(super) struct Budget {
    left: AtomicUsize,
}

impl Budget {
    /// So many bytes.
    pub(super) fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self { left: AtomicUsize::new(bytes) })
    }

    fn take(&self, bytes: usize) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.left.fetch_add(bytes, Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Shared {
    budget: Arc<Budget>,
    handled: AtomicU64,
    bytes: AtomicUsize,
    dropped: AtomicBool,
    signal: Notify,
}

/// The shard's end.
#[derive(Debug)]
pub(super) struct Mailbox {
    mail: mpsc::Sender<(Mail, usize)>,
    shared: Arc<Shared>,
}

/// The connection's end.
#[derive(Debug)]
pub(super) struct Inbox {
    mail: mpsc::Receiver<(Mail, usize)>,
    shared: Arc<Shared>,
}

/// The connection does not read fast enough.
#[derive(Debug)]
pub(super) struct Overflow;

/// What came through.
#[derive(Debug)]
pub(super) enum Received {
    /// The next in order.
    Mail(Mail),
    /// Everything up to this number is dealt with for good.
    Handled(u64),
    /// The shard has given this connection up.
    Dropped,
}

impl Shared {
    fn left_the_queue(&self, size: usize) {
        self.bytes.fetch_sub(size, Ordering::Relaxed);
        self.budget.give_back(size);
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // What nobody will read any more.
        self.budget.give_back(*self.bytes.get_mut());
    }
}

/// A mailbox for so many elements.
pub(super) fn pair(capacity: usize, budget: &Arc<Budget>) -> (Mailbox, Inbox) {
    let (send, receive) = mpsc::channel(capacity);
    let shared = Arc::new(Shared {
        budget: Arc::clone(budget),
        handled: AtomicU64::new(0),
        bytes: AtomicUsize::new(0),
        dropped: AtomicBool::new(false),
        signal: Notify::new(),
    });
    (Mailbox { mail: send, shared: Arc::clone(&shared) }, Inbox { mail: receive, shared })
}

impl Mailbox {
    /// Puts an element in.
    pub(super) fn element(&self, element: Element) -> Result<(), Overflow> {
        let size = rough_size(&element);
        if self.shared.bytes.load(Ordering::Relaxed) + size > MAX_BYTES || !self.shared.budget.take(size) {
            return Err(Overflow);
        }
        // Counted before it can be taken out.
        self.shared.bytes.fetch_add(size, Ordering::Relaxed);
        self.mail.try_send((Mail::Element(element), size)).or_else(|error| {
            self.shared.left_the_queue(size);
            match error {
                TrySendError::Full(_) => Err(Overflow),
                // The connection has ended by itself and is about to say how.
                TrySendError::Closed(_) => Ok(()),
            }
        })
    }

    /// The last thing: what was put in before still goes out.
    pub(super) fn close(self, error: Option<StreamError>) {
        if self.mail.try_send((Mail::Close(error), 0)).is_err() {
            self.give_up();
        }
    }

    /// Numbers only rise, so that only the newest counts and none needs a place in the queue.
    pub(super) fn handled(&self, seq: u64) {
        self.shared.handled.fetch_max(seq, Ordering::Release);
        self.shared.signal.notify_one();
    }

    /// Ends the connection at once.
    pub(super) fn give_up(self) {
        self.shared.dropped.store(true, Ordering::Release);
        self.shared.signal.notify_one();
    }
}

impl Inbox {
    /// The next message. Safe to cancel. `seen` is the last number of [`Received::Handled`].
    pub(super) async fn receive(&mut self, seen: u64) -> Received {
        loop {
            if let Some(urgent) = self.urgent(seen) {
                return urgent;
            }
            tokio::select! {
                mail = self.mail.recv() => return match mail {
                    Some((mail, size)) => {
                        self.shared.left_the_queue(size);
                        Received::Mail(mail)
                    }
                    // The shard is gone, which happens only when the process ends.
                    None => Received::Dropped,
                },
                () = self.shared.signal.notified() => {}
            }
        }
    }

    /// The next message if it is there already.
    pub(super) fn receive_now(&mut self) -> Option<Mail> {
        let (mail, size) = self.mail.try_recv().ok()?;
        self.shared.left_the_queue(size);
        Some(mail)
    }

    /// Resolves when the shard has given up on this connection, for whoever is stuck in a write.
    pub(super) async fn dropped(&self) {
        while !self.shared.dropped.load(Ordering::Acquire) {
            self.shared.signal.notified().await;
        }
        // Whoever waits next must learn of it as well.
        self.shared.signal.notify_one();
    }

    fn urgent(&self, seen: u64) -> Option<Received> {
        if self.shared.dropped.load(Ordering::Acquire) {
            return Some(Received::Dropped);
        }
        let handled = self.shared.handled.load(Ordering::Acquire);
        (handled > seen).then_some(Received::Handled(handled))
    }
}

/// About as many bytes as the element has when written. The reader bounds the depth.
fn rough_size(element: &Element) -> usize {
    let attributes: usize = element.attrs().map(|(_, name, value)| name.len() + value.len() + 4).sum();
    let nodes: usize = element
        .nodes()
        .iter()
        .map(|node| match node {
            Node::Element(child) => rough_size(child),
            Node::Text(text) => text.len(),
        })
        .sum();
    2 * element.name().len() + 5 + attributes + nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_mailbox_says_so_and_the_reader_learns() {
        let (mailbox, mut inbox) = pair(2, &Budget::new(1000));
        let element = || Element::new("a", "b");
        assert!(mailbox.element(element()).is_ok() && mailbox.element(element()).is_ok());
        assert!(mailbox.element(element()).is_err());
        mailbox.handled(7);
        assert!(matches!(inbox.receive(0).await, Received::Handled(7)));
        assert!(matches!(inbox.receive(7).await, Received::Mail(Mail::Element(_))));
        mailbox.give_up();
        inbox.dropped().await;
        assert!(matches!(inbox.receive(7).await, Received::Dropped));
    }

    #[tokio::test]
    async fn bytes_count_as_well() {
        let budget = Budget::new(2 * MAX_BYTES);
        let big = || Element::new("a", "b").with_text("x".repeat(MAX_BYTES / 2));
        let (mailbox, mut inbox) = pair(100, &budget);
        assert!(mailbox.element(big()).is_ok());
        assert!(mailbox.element(big()).is_err(), "one mailbox is limited");
        let others: Vec<_> = (0..3).map(|_| pair(100, &budget)).collect();
        assert_eq!(others.iter().filter(|(mailbox, _)| mailbox.element(big()).is_ok()).count(), 2, "and all together");
        assert!(inbox.receive_now().is_some());
        drop((mailbox, inbox, others));
        assert_eq!(budget.left.load(Ordering::Relaxed), 2 * MAX_BYTES, "all is given back");
    }
}
