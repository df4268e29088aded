//! Restore gives the same data until the purge: from the record, from the volume alone, elsewhere, and whatever crashes.

use crate::api::{Api, Reply, text};
use crate::paths::quarantined;
use probate_contract::Cause;
use probate_contract::record::VolumeRecord;
use probate_core::protocol::{self, Answer, Intended, Next, Outcome, Restoring, Seen, restorable, restore};
use serde_json::{Value, json};

/// What a restore looks for: a volume by name, a record by name if there is one.
pub(crate) struct Job {
    pub(crate) record: Option<String>,
    pub(crate) volume: Option<String>,
    pub(crate) to: Option<(String, String)>,
    pub(crate) return_policy: bool,
    /// Dies at that mutating call; whether it is committed.
    pub(crate) crash: Option<(usize, bool)>,
    pub(crate) calls: usize,
}

impl Job {
    pub(crate) fn of(record: Option<&str>, volume: &str) -> Self {
        Self {
            record: record.map(str::to_owned),
            volume: Some(volume.to_owned()),
            to: None,
            return_policy: false,
            crash: None,
            calls: 0,
        }
    }

    fn situation<'a>(&self, api: &'a Api) -> (Option<&'a VolumeRecord>, Seen) {
        let record = self.record.as_ref().and_then(|name| api.records.get(name)).map(|(_, record)| record);
        let volume = self.volume.as_ref().map_or(Seen::Absent, |name| api.see_volume(name));
        (record, volume)
    }

    /// Runs it to its end; gives what stopped it.
    pub(crate) fn run(&mut self, api: &mut Api) -> Next {
        let (mut answer, mut bound_since) = (None, None);
        for _ in 0..60 {
            let (record, volume) = self.situation(api);
            let record = record.cloned();
            let known = match &volume {
                Seen::Present(volume) => restorable(record.as_ref(), Some(volume)),
                _ => restorable(record.as_ref(), None),
            };
            let Some(known) = known else { return Next::Rest { until: None } };
            let to = self.to.clone().unwrap_or((known.namespace, known.name));
            let claim = api.see_claim(&to.0, &to.1);
            let bound = matches!(&claim, Seen::Present(claim) if text(claim, "/status/phase") == "Bound");
            bound_since = if bound { bound_since.or(Some(api.now)) } else { None };
            let next = restore(&Restoring {
                now: api.now,
                record: record.as_ref(),
                volume: &volume,
                claim: &claim,
                namespace: &api.see_namespace(&to.0),
                to: self.to.as_ref().map(|(namespace, name)| (namespace.as_str(), name.as_str())),
                bound_since,
                return_policy: self.return_policy,
                answer: answer.take().as_ref(),
            });
            match next {
                Next::Rest { until: Some(_) } => {
                    api.now += 30;
                    api.controllers();
                }
                Next::Record(_) | Next::Forget | Next::Write(_) => {
                    let done = next == Next::Forget;
                    self.calls += 1;
                    let crash = self.crash.filter(|(at, _)| *at == self.calls);
                    if crash.is_none_or(|(_, committed)| committed) {
                        answer = self.commit(api, next);
                    }
                    if crash.is_some() {
                        (answer, bound_since) = (None, None);
                    } else if done {
                        return Next::Forget;
                    }
                }
                other => return other,
            }
        }
        panic!("the restore never ends");
    }

    fn commit(&self, api: &mut Api, next: Next) -> Option<Answer> {
        let name = self.record.clone().unwrap_or_default();
        match next {
            Next::Record(status) => {
                let (version, record) = api.records.get_mut(&name).unwrap();
                record.status = *status;
                *version += 1;
                None
            }
            Next::Forget => {
                api.records.remove(&name);
                None
            }
            Next::Write(write) => {
                let (outcome, message) = match api.send(&write) {
                    Reply::Done(_) => (Outcome::Applied, String::new()),
                    Reply::Refused(status, message) => (protocol::outcome(status, &message), message),
                };
                let (intended, dry_run) = (write.intended, write.dry_run());
                Some(Answer { intended, dry_run, uid: String::new(), outcome, message })
            }
            _ => None,
        }
    }
}

fn asset(api: &Api, volume: &str) -> String {
    let handle = text(&api.volumes[volume], "/spec/csi/volumeHandle");
    api.assets[handle].clone()
}

fn back(api: &Api, namespace: &str, name: &str, volume: &str) -> Value {
    let claim = api.claims[&(namespace.to_owned(), name.to_owned())].clone();
    assert_eq!(text(&claim, "/spec/volumeName"), volume);
    assert_eq!(text(&claim, "/status/phase"), "Bound");
    assert_eq!(text(&api.volumes[volume], "/spec/claimRef/uid"), text(&claim, "/metadata/uid"));
    claim
}

#[test]
fn from_the_record_the_same_volume_comes_back() {
    let (mut api, mut replica, name, volume) = quarantined(&json!({}));
    let before = asset(&api, &volume);
    assert_eq!(Job::of(Some(&name), &volume).run(&mut api), Next::Forget);
    let claim = back(&api, "shop", "data", &volume);
    assert_eq!(asset(&api, &volume), before);
    assert_eq!(claim["metadata"]["labels"], json!({"app": "db"}));
    assert_eq!(claim["metadata"]["annotations"]["probate.dev/hold"], json!("restored"));
    assert!(claim["metadata"]["annotations"].get("pv.kubernetes.io/bind-completed").is_none());
    let kept = &api.volumes[&volume];
    assert_eq!(text(kept, "/spec/persistentVolumeReclaimPolicy"), "Retain");
    assert!(kept["metadata"]["labels"].get("probate.dev/state").is_none());
    // Held for thirty days, and its disuse counted anew.
    replica.run(&mut api);
    replica.pass(&mut api, 12 * 3600);
    assert_eq!(api.deleted.len(), 1);
    back(&api, "shop", "data", &volume);
}

#[test]
fn from_the_volume_alone_when_every_record_is_gone() {
    let (mut api, _, _, volume) = quarantined(&json!({}));
    let before = asset(&api, &volume);
    api.records.clear();
    assert_eq!(Job::of(None, &volume).run(&mut api), Next::Rest { until: None });
    back(&api, "shop", "data", &volume);
    assert_eq!(asset(&api, &volume), before);
}

#[test]
fn elsewhere_when_the_namespace_is_gone() {
    let (mut api, _, name, volume) = quarantined(&json!({}));
    api.namespaces.remove("shop");
    let mut job = Job::of(Some(&name), &volume);
    assert!(matches!(job.run(&mut api), Next::Held { cause: Cause::NamespaceGone, .. }));
    api.namespace("rescue");
    job.to = Some(("rescue".into(), "mine".into()));
    assert_eq!(job.run(&mut api), Next::Forget);
    back(&api, "rescue", "mine", &volume);
}

#[test]
fn a_name_that_is_taken_and_a_quota_are_said_before_anything_is_written() {
    let (mut api, _, name, volume) = quarantined(&json!({}));
    api.claim("data", None);
    let before = api.volumes[&volume].clone();
    let mut job = Job::of(Some(&name), &volume);
    assert!(matches!(job.run(&mut api), Next::Held { cause: Cause::NameReused, .. }));
    api.claims.clear();
    api.denied.insert(Intended::ReserveVolume);
    assert!(matches!(job.run(&mut api), Next::Held { cause: Cause::Blocked, .. }));
    assert_eq!(api.volumes[&volume], before);
}

#[test]
fn the_old_policy_returns_only_on_request() {
    let (mut api, _, name, volume) = quarantined(&json!({}));
    let mut job = Job::of(Some(&name), &volume);
    job.return_policy = true;
    assert_eq!(job.run(&mut api), Next::Forget);
    assert_eq!(text(&api.volumes[&volume], "/spec/persistentVolumeReclaimPolicy"), "Delete");
    back(&api, "shop", "data", &volume);
}

#[test]
fn what_was_handed_to_the_driver_is_not_promised_back() {
    let (mut api, _, name, volume) = quarantined(&json!({}));
    api.edit_volume(&volume, |volume| volume["spec"]["persistentVolumeReclaimPolicy"] = json!("Delete"));
    let stopped = Job::of(Some(&name), &volume).run(&mut api);
    assert!(matches!(stopped, Next::Held { cause: Cause::Terminating, .. }));
}

#[test]
fn a_restore_that_crashes_anywhere_ends_the_same() {
    let (api, _, name, volume) = quarantined(&json!({}));
    let mut clean = Job::of(Some(&name), &volume);
    clean.run(&mut api.clone());
    assert!(clean.calls >= 6, "{}", clean.calls);
    for at in 1..=clean.calls {
        for committed in [false, true] {
            let mut api = api.clone();
            let before = asset(&api, &volume);
            let mut job = Job::of(Some(&name), &volume);
            job.crash = Some((at, committed));
            job.run(&mut api);
            back(&api, "shop", "data", &volume);
            assert_eq!(asset(&api, &volume), before, "call {at}, committed {committed}");
            assert!(api.records.is_empty(), "call {at}, committed {committed}");
        }
    }
}

#[test]
fn a_claim_that_never_had_a_volume_comes_back() {
    let (mut api, mut replica) = crate::paths::started(&json!({}));
    let claim = api.claim("data", None);
    replica.run(&mut api);
    replica.pass(&mut api, 2 * 3600);
    assert!(api.claims.is_empty());
    let mut job = Job::of(Some(&format!("c-{claim}")), "");
    job.volume = None;
    assert_eq!(job.run(&mut api), Next::Forget);
    assert_eq!(api.claims.len(), 1);
}
