//! Whoever had a claim that is gone is told that its volume is not.

use super::Controller;
use super::turn::Looked;
use probate_core::left::left;

impl Controller {
    /// Tells of the volumes that say Retain and have lost their claim since the last turn.
    pub(super) async fn left(&self, look: &Looked) {
        let Looked { inventory, scope } = look;
        let looked = |uid: &str| scope.as_ref().is_none_or(|scope| scope.uids.contains(uid));
        for one in left(inventory, &self.options.name, |uid| looked(uid) && self.tally.has(uid)) {
            tracing::info!(volume = one.volume, claim = one.claim.name, "a claim left its volume behind");
            self.events.left(&one).await;
        }
    }
}
