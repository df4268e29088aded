//! The deletion protocol in a simulated cluster: claims, volumes and assets with compare-and-swap, the binder, protection, a CSI
//! driver that destroys, an admission policy, and everybody else; stepped by replicas that keep nothing between two looks.

mod api;
mod ask;
mod chaos;
mod crash;
mod ledger;
mod names;
mod observe;
mod paths;
mod replica;
mod restore;
mod verbs;
