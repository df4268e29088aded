//! One request, sent once. What the reply does not tell is unknown, and found out by reading.

use crate::error::ClusterError;
use http::{Method, Request};
use kube::Client;
use probate_core::protocol::{Answer, Intended, Outcome, Seen, Target, outcome};
use serde_json::Value;

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// The status code; 0 without a reply.
    pub(crate) status: u16,
    /// What was said.
    pub(crate) message: String,
    /// The object.
    pub(crate) body: Option<Value>,
}

impl Reply {
    pub(crate) fn outcome(&self) -> Outcome {
        outcome(self.status, &self.message)
    }

    pub(crate) fn answer(&self, intended: Intended, dry_run: bool, uid: String) -> Answer {
        let created = self.body.as_ref().and_then(|body| body.pointer("/metadata/uid")?.as_str());
        Answer {
            intended,
            dry_run,
            uid: created.map_or(uid, str::to_owned),
            outcome: self.outcome(),
            message: self.message.clone(),
        }
    }
}

/// Where the object is.
pub(crate) fn path(target: &Target) -> String {
    match target {
        Target::Claim { namespace, name } => {
            format!("/api/v1/namespaces/{namespace}/persistentvolumeclaims/{name}")
        }
        Target::Volume { name } => format!("/api/v1/persistentvolumes/{name}"),
    }
}

/// Sends a request and takes whatever comes back.
pub(crate) async fn send(
    client: &Client,
    method: Method,
    url: &str,
    content_type: &str,
    body: &Value,
) -> Reply {
    let request = Request::builder()
        .method(method)
        .uri(url)
        .header(http::header::CONTENT_TYPE, content_type)
        .header(http::header::ACCEPT, "application/json")
        .body(body.to_string().into_bytes());
    let request = match request {
        Ok(request) => request,
        Err(error) => return Reply { status: 400, message: error.to_string(), body: None },
    };
    match client.request::<Value>(request).await {
        Ok(body) => Reply { status: 200, message: String::new(), body: Some(body) },
        Err(kube::Error::Api(status)) => {
            Reply { status: status.code, message: status.message.clone(), body: None }
        }
        Err(error) => Reply { status: 0, message: error.to_string(), body: None },
    }
}

/// Reads an object at the API server's latest state.
pub(crate) async fn get(client: &Client, url: &str) -> Seen {
    let request = match Request::get(url).body(Vec::new()) {
        Ok(request) => request,
        Err(error) => return Seen::Unknown(error.to_string()),
    };
    match client.request::<Value>(request).await {
        Ok(object) => Seen::Present(object),
        Err(kube::Error::Api(status)) if status.code == 404 => Seen::Absent,
        Err(error) => Seen::Unknown(ClusterError::from(error).to_string()),
    }
}
