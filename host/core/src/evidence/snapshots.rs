//! Snapshots of the volume: by the claim's name, and contents by the asset's handle where their snapshot is gone.

use super::View;
use crate::facts::Known;
use crate::inventory::ObjectId;
use crate::time;
use probate_contract::evidence::{Snapshot, SnapshotType};

/// All snapshots, sorted.
pub(crate) fn of(view: &View<'_>) -> Known<Vec<Snapshot>> {
    let mut list = Vec::new();
    let claim = match view.claim.get() {
        Some((id, _)) => view.cluster.object(*id).map(|object| (&*object.head.namespace, &*object.head.name)),
        None => view
            .volume
            .get()
            .and_then(|(_, volume)| volume.claim.as_ref())
            .map(|claim| (&*claim.namespace, &*claim.name)),
    };
    let mut covered = Vec::new();
    if let Some((namespace, name)) = claim {
        for snapshot in
            view.cluster.snapshots_of(namespace, name).filter_map(|at| view.cluster.snapshots.get(at))
        {
            covered.extend(
                view.cluster
                    .object(snapshot.object)
                    .map(|object| (object.head.namespace.clone(), object.head.name.clone())),
            );
            list.extend(typed(view, snapshot.object, snapshot.data.ready, snapshot.data.bytes));
        }
    }
    let volume = view.volume.get().map(|(_, volume)| *volume);
    if let Some((driver, handle)) =
        volume.and_then(|volume| Some((volume.driver.as_deref()?, volume.handle.as_deref()?)))
    {
        let contents =
            view.cluster.contents_of(driver, handle).filter_map(|at| view.cluster.contents.get(at));
        for content in contents.filter(|content| {
            content.data.snapshot.as_ref().is_none_or(|reference| !covered.contains(reference))
        }) {
            list.extend(typed(view, content.object, content.data.ready, content.data.bytes));
        }
    }
    let uid = match view.claim.get() {
        Some((id, _)) => view.cluster.object(*id).map(|object| &*object.head.uid),
        None => volume.and_then(|volume| volume.claim.as_ref()).map(|claim| &*claim.uid),
    };
    if let Some(((namespace, name), uid)) = claim.zip(uid) {
        for (object, copy) in view.cluster.copies_of(namespace, name, uid) {
            list.extend(typed(view, *object, copy.ready, copy.bytes).map(|snapshot| Snapshot {
                r#type: copy.r#type,
                independent: copy.independent,
                ..dated(view, snapshot, copy.created)
            }));
        }
    }
    list.sort_by(|left: &Snapshot, right| {
        (&left.kind, &left.namespace, &left.name).cmp(&(&right.kind, &right.namespace, &right.name))
    });
    Known::unless(view.gaps.snapshots(view.namespace()).to_vec(), Some(list))
}

/// What the object says of the time of its data, else when the object was made.
fn dated(view: &View<'_>, snapshot: Snapshot, created: Option<i64>) -> Snapshot {
    match created {
        Some(at) => Snapshot { created_at: time::format(at), age_seconds: view.since(at), ..snapshot },
        None => snapshot,
    }
}

fn typed(view: &View<'_>, id: ObjectId, ready: bool, bytes: Option<i64>) -> Option<Snapshot> {
    let kind = view.cluster.kind_of(id)?;
    let head = &view.cluster.object(id)?.head;
    let created = head.created.unwrap_or(view.now());
    Some(Snapshot {
        cluster: view.cluster.name.to_string(),
        group: Some(kind.group.clone()),
        kind: kind.kind.clone(),
        namespace: Some(head.namespace.to_string()).filter(|namespace| !namespace.is_empty()),
        name: head.name.to_string(),
        uid: Some(head.uid.to_string()),
        r#type: SnapshotType::Snapshot,
        ready,
        created_at: time::format(created),
        age_seconds: view.since(created),
        bytes,
        // A snapshot of the same storage system may share blocks with the volume.
        independent: false,
    })
}
