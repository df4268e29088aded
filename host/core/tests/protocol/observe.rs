//! Records over time.

use crate::api::{Api, START};
use crate::ask;
use probate_contract::evidence::Continuity;
use probate_contract::record::VolumeRecord;
use probate_core::observe::{advance, find, matters, needed, subjects, uid as uid_of};
use probate_core::time;
use serde_json::json;

const HOUR: i64 = 3600;

pub(crate) fn next(api: &Api, previous: Option<&VolumeRecord>, watched_since: i64) -> Option<VolumeRecord> {
    let records: Vec<VolumeRecord> = previous.cloned().into_iter().collect();
    let inventory = ask::inventory(api, &records);
    let subject = subjects(&inventory)[0];
    advance(previous, &inventory, subject, watched_since, api.now, &ask::settings())
}

#[test]
fn disuse_is_counted_from_when_it_is_seen_and_ends_with_any_use() {
    let mut api = Api::new();
    let (claim, volume) = api.pair("data");
    let first = next(&api, None, START).unwrap();
    assert_eq!(first.metadata.name, format!("c-{claim}"));
    assert_eq!(first.spec.volume.as_ref().unwrap().uid, volume);
    assert_eq!(first.status.unused_since.as_deref(), Some(time::format(START).as_str()));
    assert_eq!(first.status.observation.as_ref().unwrap().continuity, Continuity::Watched);
    api.now += 10 * HOUR;
    let later = next(&api, Some(&first), START).unwrap();
    assert_eq!(later.status.unused_since, first.status.unused_since, "watched all the time");
    api.pod("p", "data");
    let used = next(&api, Some(&later), START).unwrap();
    assert_eq!(used.status.unused_since, None);
    assert!(!needed(&used), "used, of one layer, nothing under way");
    assert_eq!(next(&api, None, START), None);
    api.others.clear();
    api.now += 60;
    let again = next(&api, None, START).unwrap();
    assert_eq!(again.status.unused_since.as_deref(), Some(time::format(api.now).as_str()));
}

#[test]
fn a_short_gap_is_told_and_a_long_one_starts_anew() {
    let mut api = Api::new();
    api.pair("data");
    let first = next(&api, None, START).unwrap();
    api.now += 1800;
    let short = next(&api, Some(&first), api.now).unwrap();
    assert_eq!(short.status.unused_since, first.status.unused_since);
    assert_eq!(short.status.observation.as_ref().unwrap().largest_gap_seconds, Some(1800));
    api.now += HOUR + 1;
    let long = next(&api, Some(&short), api.now).unwrap();
    assert_eq!(long.status.unused_since.as_deref(), Some(time::format(api.now).as_str()));
    assert_eq!(long.status.observation.as_ref().unwrap().largest_gap_seconds, None);
    let mut ahead = first.clone();
    ahead.status.observation.as_mut().unwrap().last_at = Some(time::format(api.now + 3));
    let other = next(&api, Some(&ahead), START).unwrap();
    assert_eq!(
        other.status.unused_since, first.status.unused_since,
        "another replica's clock is a little ahead"
    );
    ahead.status.observation.as_mut().unwrap().last_at = Some(time::format(api.now + 99));
    let skewed = next(&api, Some(&ahead), START).unwrap();
    assert_eq!(skewed.status.unused_since, long.status.unused_since, "a clock that went back proves nothing");
}

#[test]
fn the_window_counts_watched_time_from_the_release_and_stops_for_a_clone() {
    let mut api = Api::new();
    api.pair("data");
    let mut record = next(&api, None, START).unwrap();
    record.status.quarantine = Some(probate_contract::record::Quarantine {
        decision: "d".into(),
        released_at: time::format(START + 600),
        ..Default::default()
    });
    api.now += 1200;
    let watched = next(&api, Some(&record), START).unwrap();
    assert_eq!(watched.status.quarantine.as_ref().unwrap().watched_seconds, 600, "not before the release");
    api.now += 1200;
    let gap = next(&api, Some(&watched), api.now - 200).unwrap();
    assert_eq!(gap.status.quarantine.as_ref().unwrap().watched_seconds, 800, "nobody looked in between");
    api.now += 600;
    api.edit_claim("data", |claim| {
        claim["metadata"]["finalizers"] = json!(["provisioner.storage.kubernetes.io/cloning-protection"]);
    });
    let cloned = next(&api, Some(&gap), START).unwrap();
    assert_eq!(cloned.status.quarantine.as_ref().unwrap().watched_seconds, 800);
    api.now += 2 * HOUR;
    let away = next(&api, Some(&gap), api.now).unwrap();
    assert_eq!(away.status.quarantine.as_ref().unwrap().watched_seconds, 800);
}

#[test]
fn a_subject_is_found_by_uid_and_a_bound_volume_is_its_claims() {
    let mut api = Api::new();
    let (claim, volume) = api.pair("data");
    let inventory = ask::inventory(&api, &[]);
    let found = |uid: &str| find(&inventory, uid).and_then(|subject| uid_of(&inventory, subject));
    assert_eq!(found(&claim), Some(claim.as_str()));
    assert_eq!(found(&volume), Some(claim.as_str()));
    assert_eq!(found("nobody"), None);
    api.claims.clear();
    let inventory = ask::inventory(&api, &[]);
    assert_eq!(
        find(&inventory, &volume).and_then(|subject| uid_of(&inventory, subject)),
        Some(volume.as_str())
    );
}

#[test]
fn identity_grows_and_never_changes() {
    let mut api = Api::new();
    let claim = api.claim("data", None);
    let first = next(&api, None, START).unwrap();
    assert!(first.spec.volume.is_none());
    api.volume("pvc-late", "data", &claim);
    api.edit_claim("data", |claim| {
        claim["spec"]["volumeName"] = json!("pvc-late");
        claim["status"] = json!({"phase": "Bound"});
    });
    let bound = next(&api, Some(&first), START).unwrap();
    assert_eq!(bound.spec.volume.as_ref().unwrap().name, "pvc-late");
    let mut other = bound.clone();
    other.spec.volume.as_mut().unwrap().uid = "what-was-first".into();
    let kept = next(&api, Some(&other), START);
    assert_eq!(kept.unwrap().spec.volume.unwrap().uid, "what-was-first");
}

#[test]
fn only_what_is_new_is_written() {
    let mut api = Api::new();
    api.pair("data");
    let first = next(&api, None, START).unwrap();
    api.now += 60;
    let same = next(&api, Some(&first), START).unwrap();
    assert!(!matters(&first, &same, &ask::settings()));
    api.now += 1000;
    let later = next(&api, Some(&first), START).unwrap();
    assert!(matters(&first, &later, &ask::settings()), "a reader would soon take it for a gap");
    let mut marked = same.clone();
    marked.status.mark = Some(Default::default());
    assert!(matters(&first, &marked, &ask::settings()));
}
