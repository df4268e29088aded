//! A replica that decided, was stopped, and sends its write late: what another one has found out since makes it fail.

use crate::api::{Reply, text};
use crate::ask;
use crate::oracle::before;
use crate::replica::Replica;
use probate_core::protocol::Intended;
use serde_json::json;

fn other() -> Replica {
    Replica::new(ask::set(&json!({})))
}

#[test]
fn a_late_delete_fails_once_the_flip_is_rolled_back() {
    let (mut api, delete) = before(Intended::DeleteClaim);
    api.pod("p", "data");
    other().run(&mut api);
    assert_eq!(text(api.volumes.values().next().unwrap(), "/spec/persistentVolumeReclaimPolicy"), "Delete");
    assert!(matches!(api.send(&delete), Reply::Refused(409, _)));
    api.controllers();
    assert_eq!((api.claims.len(), api.assets.len()), (1, 1));
}

#[test]
fn a_late_delete_that_comes_before_the_roll_back_is_kept() {
    let (mut api, delete) = before(Intended::DeleteClaim);
    api.pod("p", "data");
    let mut other = other();
    let (name, look) = other.frame(&api).remove(0);
    let next = other.decide(&look, &name);
    other.act(&mut api, &name, &look, next);
    assert!(matches!(api.send(&delete), Reply::Done(_)), "the roll-back is only in the record yet");
    api.others.clear();
    other.run(&mut api);
    let volume = api.volumes.values().next().unwrap();
    assert_eq!(text(volume, "/spec/persistentVolumeReclaimPolicy"), "Retain");
    assert_eq!((api.claims.len(), api.assets.len()), (0, 1));
}

#[test]
fn a_late_purge_fails_once_it_is_held() {
    let (mut api, purge) = before(Intended::ReclaimDelete);
    let namespace = api.namespaces.get_mut("shop").unwrap();
    namespace["metadata"]["annotations"] = json!({"probate.dev/hold": "stop"});
    other().run(&mut api);
    assert!(matches!(api.send(&purge), Reply::Refused(422, _)));
    api.controllers();
    assert_eq!(api.assets.len(), 1);
    assert!(api.records.values().all(|(_, record)| record.status.intent.is_none()));
}
