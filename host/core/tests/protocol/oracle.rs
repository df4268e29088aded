//! The judges of this folder see what they are there for: each planted mistake is caught.

use crate::api::Api;
use crate::ask;
use crate::replica::Replica;
use probate_core::protocol::{Intended, Next, Write};
use serde_json::json;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A cluster right before that write, and the write.
pub(crate) fn before(intended: Intended) -> (Api, Write) {
    let mut api = Api::new();
    let mut replica = Replica::new(ask::set(&json!({})));
    api.pair("data");
    for _ in 0..400 {
        api.now += 100;
        for (name, look) in replica.frame(&api) {
            let next = replica.decide(&look, &name);
            if let Next::Write(write) = &next
                && write.intended == intended
                && !write.dry_run()
            {
                return (api, (**write).clone());
            }
            replica.act(&mut api, &name, &look, next);
        }
        api.controllers();
    }
    panic!("{intended:?} never comes");
}

fn caught(mut api: Api, act: impl FnOnce(&mut Api)) -> bool {
    catch_unwind(AssertUnwindSafe(|| act(&mut api))).is_err()
}

#[test]
fn planted_mistakes_are_caught() {
    let (api, delete) = before(Intended::DeleteClaim);
    assert!(!caught(api.clone(), |api| drop(api.send(&delete))), "the right write is none");
    assert!(caught(api.clone(), |api| {
        api.records.clear();
        api.send(&delete);
    }));
    assert!(caught(api.clone(), |api| {
        let volume = api.volumes.values_mut().next().unwrap();
        volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Delete");
        api.send(&delete);
    }));
    assert!(caught(api.clone(), |api| {
        api.admission = false;
        api.send(&delete);
    }));
    assert!(caught(api, |api| {
        api.deleted.push(delete_uid(&delete));
        api.send(&delete);
    }));
    let (api, purge) = before(Intended::ReclaimDelete);
    assert!(!caught(api.clone(), |api| {
        api.send(&purge);
        api.controllers();
    }));
    assert!(caught(api.clone(), |api| {
        for (_, record) in api.records.values_mut() {
            record.status.intent = None;
        }
        api.send(&purge);
    }));
    assert!(caught(api, |api| {
        let name = api.volumes.keys().next().unwrap().clone();
        api.edit_volume(&name, |volume| volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Delete"));
        api.controllers();
    }));
}

fn delete_uid(write: &Write) -> String {
    match &write.request {
        probate_core::protocol::Request::Delete { uid, .. } => uid.clone(),
        other => panic!("{other:?}"),
    }
}
