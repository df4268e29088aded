//! A process that dies at any of its writes is gone on with by the next: the same end, and nothing twice. `PROBATE_CRASHES=all` tries
//! every write, else a sample.

use crate::stand::{DELETE_ALL, How, Stand};
use probate_apiserver::proxy::{Barrier, Fault, Passed, Proxy, Rule};
use probate_apiserver::until;
use serde_json::json;

/// Where a process dies, relative to one of its requests.
#[derive(Clone, Copy, Debug)]
enum Death {
    /// The API server never sees it.
    Before,
    /// It is done, and nobody learns of it.
    Unheard,
    /// It is done, and the process dies with the reply in its hands.
    After,
}

/// One write of a clean run: verb, resource, and how many of the same came before it.
type Place = (String, String, u64);

fn counts(passed: &Passed) -> bool {
    let call = &passed.call;
    let writes = ["create", "update", "patch", "delete"].contains(&call.verb.as_str());
    writes
        && !call.dry_run
        && !["events", "leases", "serviceaccounts/token"].contains(&call.resource.as_str())
}

/// The writes of a run from a bound claim to its destroyed data.
async fn clean(stand: &Stand) -> Vec<Place> {
    let proxy = Proxy::start(&stand.rig.plane).await.unwrap();
    let how = How { kubeconfig: Some(stand.through(&proxy).await), ..How::new(DELETE_ALL) };
    let volume = prepare(stand, "clean").await;
    let _running = stand.run_as(how).await;
    until("destroyed data", async || Ok(stand.digest(&volume).is_none().then_some(()))).await.unwrap();
    let mut places: Vec<Place> = Vec::new();
    for passed in proxy.passed().iter().filter(|passed| counts(passed)) {
        let key = (passed.call.verb.clone(), passed.call.resource.clone());
        let before = places.iter().filter(|(verb, resource, _)| (verb, resource) == (&key.0, &key.1)).count();
        places.push((key.0, key.1, before as u64 + 1));
    }
    places
}

async fn prepare(stand: &Stand, name: &str) -> k8s_openapi::api::core::v1::PersistentVolume {
    stand.namespace(name).await;
    let volume = stand.claim(name, "data").await;
    stand.policy(name, json!({"graceSeconds": 0, "quarantineSeconds": 0, "purge": "Auto"})).await;
    volume
}

async fn die(stand: &Stand, name: &str, place: &Place, death: Death) -> u64 {
    let volume = prepare(stand, name).await;
    let proxy = Proxy::start(&stand.rig.plane).await.unwrap();
    let barrier = Barrier::default();
    let fault = match death {
        Death::Before => Fault::Drop,
        Death::Unheard => Fault::CommitThenDrop,
        Death::After => Fault::HoldReply(barrier.clone()),
    };
    let (verb, resource, nth) = place;
    let rule = Rule::new(verb, resource, fault).dry_run(false).from(*nth).times(1);
    let injected = proxy.inject(rule);
    let how = How { kubeconfig: Some(stand.through(&proxy).await), ..How::new(DELETE_ALL) };
    let running = stand.run_as(how).await;
    // A run that needs fewer of these writes than the clean one has nothing to die at.
    let end = until("a death, or the end", async || {
        let held = matches!(death, Death::After) && barrier.count() > 0;
        Ok((injected.fired() > 0 || held || stand.digest(&volume).is_none()).then_some(()))
    });
    end.await.unwrap();
    drop(running);
    barrier.release();
    let _next = stand.run(DELETE_ALL).await;
    until("destroyed data", async || Ok(stand.digest(&volume).is_none().then_some(()))).await.unwrap();
    stand.gone(name, "data").await;
    let handle = probate_apiserver::driver::handle_of(&volume).unwrap();
    let destroyed = stand.rig.driver.destroyed().unwrap();
    assert_eq!(destroyed.iter().filter(|known| *known == handle).count(), 1, "{place:?} {death:?}");
    // A write whose sender died while it ran is logged as cancelled, done or not: the driver's journal counts what was done.
    let volume = volume.metadata.name.as_deref().unwrap();
    let wrote = stand.wrote();
    let deletes = wrote.iter().filter(|write| write.deletes(name)).count();
    let handed = wrote.iter().filter(|write| write.hands(volume)).count();
    assert!(deletes <= 1 && handed <= 1, "{place:?} {death:?}: {deletes} {handed}");
    injected.fired().min(1)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_dies_at_a_write_is_gone_on_with() {
    let Some(stand) = Stand::start().await else { return };
    let places = clean(&stand).await;
    assert!(places.len() >= 8, "{places:?}");
    let every = if std::env::var("PROBATE_CRASHES").is_ok_and(|all| all == "all") { 1 } else { 5 };
    let deaths = [Death::Before, Death::Unheard, Death::After];
    let all = places.iter().flat_map(|place| deaths.iter().map(move |death| (place, *death)));
    let (mut tried, mut died) = (0, 0);
    for (at, (place, death)) in all.enumerate().filter(|(at, _)| at % every == 0) {
        died += die(&stand, &format!("crash-{at}"), place, death).await;
        tried += 1;
    }
    eprintln!("{} writes of a clean run, {tried} deaths tried, {died} died", places.len());
    assert!(died * 10 >= tried * 7, "{died} of {tried}");
}
