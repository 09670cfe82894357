//! The judge: knows what was typed at the devices and what the archives hold, and believes nothing that a client says of itself
//! except what it shows.

use xmpp_client::api::Delivery;

use super::replica::Shown;

/// One message that a person sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its text, unique in the run.
    pub body: String,
    /// At which device.
    pub device: usize,
    /// When.
    pub at: u64,
    /// It was written to the device's storage or went out: from here on it may not be lost.
    pub taken: bool,
    /// The page was loaded again before that: nothing knows of it.
    pub withdrawn: bool,
}

/// What was typed, in order.
#[derive(Debug, Default)]
pub struct Judge {
    /// All of it.
    pub sent: Vec<Sent>,
}

/// The two ends of a conversation after healing.
#[derive(Debug)]
pub struct Evidence {
    /// Bodies in each account's archive, oldest first.
    pub archives: [Vec<String>; 2],
    /// What each device shows.
    pub shown: [Vec<Shown>; 2],
    /// Whether each device shows a gap.
    pub gaps: [usize; 2],
    /// The pages were loaded anew: they know nothing but the archive, so they must show its order. Before that, two people
    /// who write at the same moment may each see the own message first.
    pub reloaded: bool,
}

impl Judge {
    /// Writes down that a person pressed send; answers the text.
    pub fn sending(&mut self, device: usize, at: u64) -> String {
        // The closing bracket keeps 1 from being found in 11.
        let body = format!("message <{}> of {}", self.sent.len(), ["romeo", "juliet"][device]);
        self.sent.push(Sent { body: body.clone(), device, at, taken: false, withdrawn: false });
        body
    }

    /// Something that contains `text` has become durable at the device, or left it.
    pub fn taken(&mut self, device: usize, text: &str) {
        let open = self.sent.iter_mut().filter(|sent| sent.device == device && !sent.taken && !sent.withdrawn);
        for sent in open {
            let escaped = sent.body.replace('<', "&lt;").replace('>', "&gt;");
            sent.taken = text.contains(&sent.body) || text.contains(&escaped);
        }
    }

    /// The page of a device is gone, with everything that was not taken.
    pub fn reloaded(&mut self, device: usize) {
        for sent in self.sent.iter_mut().filter(|sent| sent.device == device && !sent.taken) {
            sent.withdrawn = true;
        }
    }

    /// # Errors
    /// What is wrong, in a sentence.
    pub fn verdict(&self, evidence: &Evidence) -> Result<(), String> {
        for sent in &self.sent {
            self.one(sent, evidence)?;
        }
        for (device, archive) in evidence.archives.iter().enumerate() {
            for sender in 0..2 {
                let order: Vec<usize> = archive.iter().filter_map(|body| self.position(body, sender)).collect();
                if !order.is_sorted() {
                    return Err(format!("archive {device} has device {sender}'s messages in the order {order:?}"));
                }
            }
            if let Some(unknown) = archive.iter().find(|body| !self.sent.iter().any(|sent| sent.body == **body)) {
                return Err(format!("archive {device} holds {unknown:?}, which nobody sent"));
            }
            let shown: Vec<&String> =
                evidence.shown[device].iter().map(|shown| &shown.body).filter(|body| archive.contains(body)).collect();
            let same = if evidence.reloaded {
                shown.iter().copied().eq(archive)
            } else {
                self.same_by_sender(&shown, archive)
            };
            if !same {
                return Err(format!("device {device} shows {shown:?} but its archive is {archive:?}"));
            }
            if evidence.gaps[device] != 0 {
                return Err(format!("device {device} still shows a gap"));
            }
        }
        Ok(())
    }

    fn one(&self, sent: &Sent, evidence: &Evidence) -> Result<(), String> {
        let Sent { body, device, at, .. } = sent;
        let counts = evidence.archives.each_ref().map(|archive| archive.iter().filter(|other| *other == body).count());
        let own: Vec<&Shown> = evidence.shown[*device].iter().filter(|shown| shown.body == *body).collect();
        let complain =
            |what: &str| Err(format!("{body:?}, sent at {at} ms, {what} (archives {counts:?}, shown {own:?})"));
        if counts[0] > 1 || counts[1] > 1 {
            return complain("is in an archive more than once");
        }
        if counts[0] != counts[1] {
            return complain("is in only one archive");
        }
        match own.as_slice() {
            [] if sent.withdrawn => Ok(()),
            [] => complain("is not shown where it was sent"),
            [_, _, ..] => complain("is shown more than once"),
            [shown] => match (&shown.delivery, counts[0]) {
                (Some(Delivery::Failed { .. }), 0) => Ok(()),
                (Some(Delivery::Sent | Delivery::Delivered | Delivery::Read), 1) => Ok(()),
                (Some(Delivery::Failed { .. }), _) => complain("arrived but is shown as failed"),
                (Some(Delivery::Pending), _) => complain("is still pending"),
                _ => complain("is shown as sent but is in no archive"),
            },
        }
    }

    fn same_by_sender(&self, shown: &[&String], archive: &[String]) -> bool {
        (0..2).all(|sender| {
            let of = |body: &str| self.position(body, sender);
            shown.iter().filter_map(|body| of(body)).eq(archive.iter().filter_map(|body| of(body)))
        })
    }

    fn position(&self, body: &str, sender: usize) -> Option<usize> {
        self.sent.iter().position(|sent| sent.device == sender && sent.body == body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge() -> (Judge, Evidence) {
        let mut judge = Judge::default();
        let bodies: Vec<String> = (0..2).map(|_| judge.sending(0, 5)).collect();
        judge.taken(0, &bodies.concat());
        let shown = |delivery: Option<Delivery>| {
            bodies.iter().map(|body| Shown { body: body.clone(), delivery: delivery.clone() }).collect()
        };
        let shown = [shown(Some(Delivery::Sent)), shown(None)];
        (judge, Evidence { archives: [bodies.clone(), bodies], shown, gaps: [0, 0], reloaded: true })
    }

    #[test]
    fn a_clean_run_passes() {
        let (judge, evidence) = judge();
        assert_eq!(judge.verdict(&evidence), Ok(()));
    }

    #[test]
    fn loss_doubling_disorder_and_lies_are_found() {
        let spoil: [fn(&mut Evidence); 7] = [
            |it| drop(it.archives[1].pop()),
            |it| it.archives.iter_mut().for_each(|archive| archive.push(archive[0].clone())),
            |it| it.archives.iter_mut().for_each(|archive| archive.reverse()),
            |it| it.shown[0][0].delivery = Some(Delivery::Pending),
            |it| drop(it.shown[0].pop()),
            |it| it.shown[1].reverse(),
            |it| it.shown[0][0].delivery = Some(Delivery::Failed { condition: "timeout".into(), text: None }),
        ];
        for (index, spoil) in spoil.into_iter().enumerate() {
            let (judge, mut evidence) = judge();
            spoil(&mut evidence);
            assert!(judge.verdict(&evidence).is_err(), "spoiled evidence {index} passed");
        }
    }

    #[test]
    fn what_never_left_the_page_may_be_gone() {
        let mut judge = Judge::default();
        judge.sending(0, 1);
        judge.reloaded(0);
        let evidence = Evidence { archives: [vec![], vec![]], shown: [vec![], vec![]], gaps: [0, 0], reloaded: true };
        assert_eq!(judge.verdict(&evidence), Ok(()));
    }
}
