//! Whoever had a claim that is gone is told that its volume is not.

use super::Controller;
use probate_core::inventory::Inventory;
use probate_core::left::{claims, left};

impl Controller {
    /// Tells of the volumes that say Retain and have lost their claim since the last turn.
    pub(super) async fn left(&mut self, inventory: &Inventory) {
        let here = claims(inventory, &self.options.name);
        let before = std::mem::replace(&mut self.claims, here);
        for one in left(inventory, &self.options.name, &before) {
            tracing::info!(volume = one.volume, claim = one.claim.name, "a claim left its volume behind");
            self.events.left(&one).await;
        }
    }
}
