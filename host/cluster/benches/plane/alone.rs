//! What runs in a process of its own, so that processor time and memory are its own: the loop, and the bare client that lists.

use crate::figures::{cpu, resident, say};
use crate::running::{DELETE_ALL, How, Running};
use kube::api::{Api, DynamicObject, ListParams};
use probate_cluster::connect::{Target, connect};
use probate_cluster::observe::discover::discover;
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;

/// Runs the loop until it is killed; says of each decision when it was made and what was spent until then.
pub(crate) async fn run_loop(kubeconfig: PathBuf) -> anyhow::Result<()> {
    let (begin, spent) = (Instant::now(), cpu("self")?);
    say(&json!({"resident": resident("self")?.0}).to_string())?;
    let running = Running::start(kubeconfig, How::new(DELETE_ALL));
    let mut last = 0;
    loop {
        last = running.turned_beyond(last).await;
        let (wall, cpu) = (begin.elapsed().as_secs_f64(), cpu("self")? - spent);
        say(&json!({"turns": last, "wall": wall, "cpu": cpu}).to_string())?;
    }
}

/// Lists every kind that the loop watches, in pages, and parses each object; how large they are is counted afterwards.
pub(crate) async fn list(kubeconfig: PathBuf) -> anyhow::Result<()> {
    let (begin, spent) = (Instant::now(), cpu("self")?);
    let access = connect(&Target { kubeconfig: Some(kubeconfig), context: None }).await?;
    let found = discover(&access.read).await?;
    let mut objects = 0;
    for served in found.evidence.values() {
        let api: Api<DynamicObject> = Api::all_with(access.read.clone(), &served.resource);
        objects += pages(&api, |_| 0).await?.0;
    }
    let (wall, cpu) = (begin.elapsed().as_secs_f64(), cpu("self")? - spent);
    let mut bytes = 0;
    for served in found.evidence.values() {
        let api: Api<DynamicObject> = Api::all_with(access.read.clone(), &served.resource);
        bytes += pages(&api, trimmed).await?.1;
    }
    say(&json!({"objects": objects, "wall": wall, "cpu": cpu, "trimmed": bytes}).to_string())
}

/// Counts objects, and what `of` says of each; a page is dropped before the next comes.
async fn pages(api: &Api<DynamicObject>, of: fn(DynamicObject) -> usize) -> kube::Result<(usize, usize)> {
    let (mut objects, mut sum) = (0, 0);
    let mut params = ListParams::default().limit(500);
    loop {
        let page = api.list(&params).await?;
        objects += page.items.len();
        sum += page.items.into_iter().map(of).sum::<usize>();
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => return Ok((objects, sum)),
        }
    }
}

/// Bytes of compact JSON without managedFields and the last applied text.
fn trimmed(mut object: DynamicObject) -> usize {
    object.metadata.managed_fields = None;
    if let Some(annotations) = &mut object.metadata.annotations {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
    serde_json::to_vec(&object).map_or(0, |bytes| bytes.len())
}
