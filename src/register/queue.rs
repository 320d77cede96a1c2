//! What can be sent to review, what waits there, and what came back.

use super::find::Names;
use super::review::in_state;
use super::{Error, Register, Result, may_write};
use crate::census::filter::{Filter, Open, Slice, Sort, State};
use crate::census::person::Viewer;
use crate::census::review::{Review, open_request};
use crate::census::revision::Revision;
use crate::census::vocabulary::Field;
use crate::clock::Instant;
use crate::storage::Unit;
use crate::storage::device::Listed;
use crate::storage::review::{Claim, Queue, Wanted};
use std::collections::HashMap;
use uuid::Uuid;

/// How one of an officer's bodies stands towards review, in devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// The body's code.
    pub body: String,
    /// Its name.
    pub name: String,
    /// How many can be sent as they are.
    pub ready: usize,
    /// How many lack something that sending asks for.
    pub incomplete: i64,
    /// How many wait for a reviewer.
    pub waiting: i64,
    /// How many were sent back and not sent again.
    pub sent_back: i64,
    /// How many have an accepted state.
    pub accepted: i64,
}

/// What waits of a body, a page of it.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// What was sent.
    pub listed: Listed,
    /// The accepted states of the same devices.
    pub accepted: HashMap<Uuid, Revision>,
    /// How many wait on all pages.
    pub total: i64,
    /// Who has the body in hand.
    pub claim: Option<Claim>,
    /// What the codes mean.
    pub names: Names,
    /// When the page was made: what is sent later was not looked at.
    pub looked_at: Instant,
}

impl Register {
    /// How this officer's bodies stand towards review, in the order of their names.
    pub async fn sending(&self, viewer: &Viewer) -> Result<Vec<Sending>> {
        let mut unit = self.store.read().await?;
        let names = self.names_in(&mut unit).await?;
        let mut found = Vec::new();
        for body in viewer.bodies() {
            found.push(sending(&mut unit, viewer, &names, body).await?);
        }
        found.sort_by(|left, right| crate::census::collation::italian(&left.name, &right.name));
        Ok(found)
    }

    /// How one body of this officer's stands towards review.
    pub async fn sending_of(&self, viewer: &Viewer, body: &str) -> Result<Sending> {
        may_write(viewer, body)?;
        let mut unit = self.store.read().await?;
        let names = self.names_in(&mut unit).await?;
        sending(&mut unit, viewer, &names, body).await
    }

    /// What waits for a reviewer, body by body, the one that has waited longest first.
    pub async fn queues(&self, viewer: &Viewer) -> Result<Vec<(Queue, Option<Claim>)>> {
        reads_queues(viewer)?;
        let mut unit = self.store.read().await?;
        let mut queues = Vec::new();
        for queue in unit.queues().await? {
            let claim = self.standing_claim(&mut unit, &queue.body).await?;
            queues.push((queue, claim));
        }
        Ok(queues)
    }

    /// What waits of a body, a page of it.
    pub async fn waiting(&self, viewer: &Viewer, body: &str, slice: &Slice) -> Result<Waiting> {
        reads_queues(viewer)?;
        let filter = waiting_of(viewer, body);
        let mut unit = self.store.read().await?;
        if unit.bodies().await?.iter().all(|one| one.code != body) {
            return Err(Error::NotFound("Questo ente non c’è."));
        }
        let listed = unit.devices(&filter, slice).await?;
        let devices: Vec<Uuid> = listed.rows.iter().map(|one| one.device).collect();
        let accepted = unit.accepted(&devices).await?;
        let waiting = Waiting {
            accepted: accepted.into_iter().map(|one| (one.device, one)).collect(),
            total: unit.count(&filter).await?,
            claim: self.standing_claim(&mut unit, body).await?,
            names: self.names_in(&mut unit).await?,
            looked_at: self.clock.now(),
            listed,
        };
        drop(unit);
        self.note_filter(&filter, "convalida").await?;
        Ok(waiting)
    }

    /// The device of a body that waits and follows this code, or else the first.
    pub async fn next_waiting(
        &self,
        viewer: &Viewer,
        body: &str,
        after: &str,
    ) -> Result<Option<Uuid>> {
        reads_queues(viewer)?;
        let mut unit = self.store.read().await?;
        let waiting = unit.submitted(Wanted { body, device: None }).await?;
        let next = waiting.iter().find(|entry| entry.code.as_str() > after);
        Ok(next.or(waiting.first()).map(|entry| entry.device))
    }

    /// Whether something of a device waits for a reviewer, as far as this person may know.
    pub async fn waits(&self, viewer: &Viewer, device: Uuid) -> Result<bool> {
        let mut unit = self.store.read().await?;
        let sent = in_state(&mut unit, viewer, device, State::Submitted).await?;
        Ok(sent.is_some())
    }

    /// What the reviewer asked for last, as long as nothing was sent or accepted since.
    pub async fn open_request(&self, viewer: &Viewer, device: Uuid) -> Result<Option<Review>> {
        let said = self.thread_of_device(viewer, device).await?;
        Ok(open_request(&said).cloned())
    }
}

fn reads_queues(viewer: &Viewer) -> Result<()> {
    if viewer.reads_all() {
        Ok(())
    } else {
        Err(Error::Forbidden(
            "La convalida è di chi coordina il censimento: per i vostri dispositivi usate «Invio».",
        ))
    }
}

fn waiting_of(viewer: &Viewer, body: &str) -> Filter {
    let mut filter = Filter::of(viewer);
    filter.state = State::Submitted;
    filter.exact = vec![(Field::Ente, body.to_owned())];
    filter
}

async fn sending(unit: &mut Unit, viewer: &Viewer, names: &Names, body: &str) -> Result<Sending> {
    let mut filter = Filter::working(viewer);
    filter.exact = vec![(Field::Ente, body.to_owned())];
    let with = |open: Option<Open>, state: State| {
        let mut filter = filter.clone();
        filter.open = open;
        filter.state = state;
        filter
    };
    let slice = Wanted { body, device: None };
    Ok(Sending {
        body: body.to_owned(),
        name: names.words(Field::Ente, body),
        ready: unit.to_submit(slice).await?.len(),
        incomplete: unit
            .count(&with(Some(Open::Missing), State::Working))
            .await?,
        waiting: unit.count(&waiting_of(viewer, body)).await?,
        sent_back: unit
            .count(&with(Some(Open::SentBack), State::Working))
            .await?,
        accepted: unit.count(&with(None, State::Accepted)).await?,
    })
}

/// How a queue is sorted: by the body's own codes, so many at a time.
#[must_use]
pub const fn slice(size: usize) -> Slice {
    Slice {
        sort: Sort::Code,
        from: None,
        size,
    }
}
