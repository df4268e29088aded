//! The deletion protocol in a simulated cluster: claims, volumes and assets with compare-and-swap, the binder, protection, a CSI
//! driver that destroys, an admission policy, and everybody else; stepped by replicas that keep nothing between two looks.
//! `PROBATE_HISTORIES` sets how many histories of everybody at once are tried.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic, its helpers too"
)]

mod api;
mod ask;
mod chaos;
mod crash;
mod kept;
mod late;
mod learned;
mod ledger;
mod names;
mod observe;
mod oracle;
mod paths;
mod replica;
mod restore;
mod verbs;
mod words;
