//! What people are told, and that they have read it.
//!
//! A notice is written in the transaction of what it tells, after the end of the history is held:
//! whoever tells several people at once never waits for somebody who waits for them. Only who writes
//! the devices of a body at that moment is told, and only who still may sees it. Enforced by
//! `tests/it/notices.rs`.

use super::{Register, Result};
use crate::census::notice::{Kind, Notice};
use crate::census::person::Viewer;
use crate::clock::Instant;
use crate::storage::Unit;
use uuid::Uuid;

/// How many notices the page shows at most.
pub const SHOWN: i64 = 200;

/// What there is to tell.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// What kind of thing.
    pub kind: Kind,
    /// The body it is about.
    pub body: &'a str,
    /// How many devices it is about.
    pub devices: usize,
    /// The device, when it is about one.
    pub device: Option<Uuid>,
    /// The code of the device, or what else there is to say.
    pub text: &'a str,
}

impl Register {
    /// What somebody was told, and may still know.
    pub async fn notices(&self, viewer: &Viewer) -> Result<Vec<Notice>> {
        let bodies = bodies(viewer);
        let mut unit = self.store.read().await?;
        Ok(unit
            .notices(&viewer.account, bodies.as_deref(), SHOWN)
            .await?)
    }

    /// How many of those they have not read.
    pub async fn unread(&self, viewer: &Viewer) -> Result<i64> {
        let bodies = bodies(viewer);
        let mut unit = self.store.read().await?;
        Ok(unit.unread(&viewer.account, bodies.as_deref()).await?)
    }

    /// Notes that somebody has read one of their notices, or all of them.
    pub async fn mark_read(&self, viewer: &Viewer, id: Option<Uuid>) -> Result<()> {
        let mut unit = self.store.write().await?;
        unit.mark_read(&viewer.account, id, self.clock.now())
            .await?;
        Ok(unit.commit().await?)
    }

    /// Tells the same to these people, in the order of their accounts.
    pub(super) async fn tell_people(
        &self,
        unit: &mut Unit,
        viewer: &Viewer,
        accounts: &[String],
        told: Told<'_>,
        at: Instant,
    ) -> Result<()> {
        for account in accounts {
            let notice = Notice {
                id: self.clock.new_id(),
                account: account.clone(),
                body: told.body.to_owned(),
                kind: told.kind,
                at,
                author: viewer.account.clone(),
                devices: i64::try_from(told.devices).unwrap_or(i64::MAX),
                device: told.device,
                text: told.text.to_owned(),
                read_at: None,
            };
            unit.tell(&notice).await?;
        }
        Ok(())
    }

    /// Tells that somebody changed a device to whom it concerns: to who wrote it last, when a
    /// colleague did; to all who write for the body, when it was nobody of them.
    pub(super) async fn tell_change(
        &self,
        unit: &mut Unit,
        viewer: &Viewer,
        before: &str,
        told: Told<'_>,
    ) -> Result<()> {
        let mut officers = officers_of(unit, viewer, told.body).await?;
        if viewer.bodies().any(|own| own == told.body) {
            officers.retain(|account| account == before);
        }
        let at = self.clock.now();
        self.tell_people(unit, viewer, &officers, told, at).await
    }
}

/// The accounts of who writes the devices of a body now, but for the one who acts.
pub(super) async fn officers_of(
    unit: &mut Unit,
    viewer: &Viewer,
    body: &str,
) -> Result<Vec<String>> {
    let officers = unit.officers(body).await?;
    Ok(officers
        .into_iter()
        .map(|(account, _)| account)
        .filter(|account| *account != viewer.account)
        .collect())
}

/// The bodies of which somebody may be told; all when there is no list.
fn bodies(viewer: &Viewer) -> Option<Vec<String>> {
    (!viewer.reads_all()).then(|| viewer.bodies().map(str::to_owned).collect())
}
