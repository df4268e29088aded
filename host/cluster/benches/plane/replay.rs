//! A bare client: the calls that the loop made for one claim, sent once more for another, one after the other.

use http::Request;
use jiff::Timestamp;
use kube::Client;
use probate_cluster::connect::Access;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Instant;

/// A claim, its uid and that of its volume.
#[derive(Clone, Debug)]
pub(crate) struct Twin {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) volume: String,
}

/// One call of ours, as the audit log has it. Watches are none: they stay open.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) verb: String,
    pub(crate) uri: String,
    pub(crate) began: Timestamp,
    pub(crate) ended: Timestamp,
    resource: String,
    name: String,
    code: u64,
    body: Value,
}

impl Call {
    pub(crate) fn ours(event: &Value) -> Option<Self> {
        let text = |at: &str| event.pointer(at).and_then(Value::as_str).unwrap_or_default().to_owned();
        let ours = text("/user/username") == "system:serviceaccount:probate:probate";
        let call = Self {
            verb: text("/verb"),
            uri: text("/requestURI"),
            began: text("/requestReceivedTimestamp").parse().ok()?,
            ended: text("/stageTimestamp").parse().ok()?,
            resource: text("/objectRef/resource"),
            name: text("/objectRef/name"),
            code: event.pointer("/responseStatus/code").and_then(Value::as_u64).unwrap_or(0),
            body: event.get("requestObject").cloned().unwrap_or_default(),
        };
        (ours && text("/stage") == "ResponseComplete" && call.verb != "watch").then_some(call)
    }

    pub(crate) fn path(&self) -> &str {
        self.uri.split('?').next().unwrap_or_default()
    }

    /// True where it put the mark on that claim.
    pub(crate) fn shows(&self, claim: &str) -> bool {
        let patches = self.verb == "patch" && self.resource == "persistentvolumeclaims" && self.name == claim;
        patches && self.code == 200 && !self.uri.contains("dryRun")
    }

    fn writes(&self) -> bool {
        !matches!(self.verb.as_str(), "get" | "list")
    }

    /// The same call for another claim.
    fn of(&self, model: &Twin, twin: &Twin) -> Self {
        let put = |text: &str| {
            let text = text.replace(&model.uid, &twin.uid).replace(&model.volume, &twin.volume);
            text.replace(&model.name, &twin.name)
        };
        let body = serde_json::from_str(&put(&self.body.to_string())).unwrap_or_default();
        Self { uri: put(&self.uri), body, ..self.clone() }
    }

    /// Names the revision that its object has now.
    fn at(&mut self, revisions: &BTreeMap<String, Value>) {
        let Some(revision) = revisions.get(key(&self.uri)) else { return };
        if let Some(own) = self.body.pointer_mut("/metadata/resourceVersion") {
            *own = revision.clone();
        }
        for operation in self.body.as_array_mut().into_iter().flatten() {
            if operation["op"] == "test" && operation["path"] == "/metadata/resourceVersion" {
                operation["value"] = revision.clone();
            }
        }
    }

    async fn send(&self, client: &Client) -> anyhow::Result<Value> {
        let (method, content) = match self.verb.as_str() {
            "create" => ("POST", "application/json"),
            "update" => ("PUT", "application/json"),
            "patch" if self.body.is_array() => ("PATCH", "application/json-patch+json"),
            "patch" => ("PATCH", "application/merge-patch+json"),
            "delete" => ("DELETE", "application/json"),
            _ => ("GET", "application/json"),
        };
        let body = if self.writes() { serde_json::to_vec(&self.body)? } else { Vec::new() };
        let request = Request::builder().method(method).uri(&self.uri);
        let request = request.header("accept", "application/json").header("content-type", content);
        Ok(client.request(request.body(body)?).await?)
    }
}

/// An object's path, whichever part of it is written.
fn key(uri: &str) -> &str {
    let path = uri.split('?').next().unwrap_or_default();
    path.strip_suffix("/status").unwrap_or(path)
}

/// How long it took, and which writes were refused.
pub(crate) struct Replayed {
    pub(crate) seconds: f64,
    pub(crate) refused: Vec<String>,
}

/// Sends the calls that were made for `model` for its twin, and asks for the kinds there are, which the audit log leaves out.
pub(crate) async fn replay(
    access: &Access,
    calls: &[Call],
    model: &Twin,
    twin: &Twin,
) -> anyhow::Result<Replayed> {
    let mut revisions = BTreeMap::new();
    let mut calls: Vec<Call> = calls.iter().map(|call| call.of(model, twin)).collect();
    for call in calls.iter().filter(|call| matches!(call.verb.as_str(), "update" | "patch")) {
        let read = Call { verb: "get".into(), uri: key(&call.uri).to_owned(), ..call.clone() };
        let object = read.send(&access.read).await?;
        revisions.insert(read.uri, object["metadata"]["resourceVersion"].clone());
    }
    let (begin, mut asked, mut refused) = (Instant::now(), false, Vec::new());
    for call in &mut calls {
        call.at(&revisions);
        let client = if call.writes() { &access.write } else { &access.read };
        match call.send(client).await {
            Ok(object) if object["metadata"]["name"].is_string() => {
                revisions.insert(key(&call.uri).to_owned(), object["metadata"]["resourceVersion"].clone());
            }
            Ok(_) => {}
            Err(error) if call.code < 300 => refused.push(format!("{} {}: {error}", call.verb, call.uri)),
            Err(_) => {}
        }
        if call.verb == "list" && !asked {
            asked = true;
            access.read.list_core_api_versions_aggregated().await?;
            access.read.list_api_groups_aggregated().await?;
        }
    }
    Ok(Replayed { seconds: begin.elapsed().as_secs_f64(), refused })
}
