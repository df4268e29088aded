//! The only file that destroys: the DELETE of a claim or a volume, and the PATCH that hands a volume to its driver. Neither goes out
//! without a ticket, and only the guard makes tickets.

use super::send::{Reply, path, send};
use http::Method;
use kube::Client;
use probate_core::guard::Ticket;
use probate_core::protocol::Target;
use serde_json::{Value, json};

/// Deletes, if the object is the very one in the very state that was decided about.
pub(super) async fn delete(
    client: &Client,
    target: &Target,
    _ticket: &Ticket,
    uid: &str,
    resource_version: &str,
    dry_run: bool,
) -> Reply {
    let mut options = json!({
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": uid, "resourceVersion": resource_version},
        "propagationPolicy": "Background",
    });
    if dry_run && let Some(options) = options.as_object_mut() {
        options.insert("dryRun".into(), json!(["All"]));
    }
    send(client, Method::DELETE, &path(target), "application/json", &options).await
}

/// Makes the reclaim policy Delete: the driver destroys the asset.
pub(super) async fn reclaim(client: &Client, target: &Target, _ticket: &Ticket, patch: &[Value]) -> Reply {
    let url = format!("{}?fieldManager={}", path(target), crate::own::FIELD_MANAGER);
    send(client, Method::PATCH, &url, "application/json-patch+json", &json!(patch)).await
}

/// Removes our own record of something long gone, if nobody wrote it meanwhile.
pub(crate) async fn forget(client: &Client, url: &str, uid: &str, resource_version: &str) -> Reply {
    let options = json!({
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": uid, "resourceVersion": resource_version},
    });
    send(client, Method::DELETE, url, "application/json", &options).await
}
