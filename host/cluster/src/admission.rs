//! Whether the shipped admission policies are in force: their text as it stands in the cluster, and the guard of quarantined volumes
//! tried by server dry-run, as a user who may do to one volume what the guard refuses. Without it nothing is quarantined or purged.

use crate::connect::Access;
use crate::deploy::part;
use crate::deploy::{GUARD, SELF_TEST_USER, SELF_TEST_VOLUME, admission_policies};
use kube::Client;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::core::Request;
use serde_json::{Value, json};

const POLICIES: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies";
const BINDINGS: &str = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
const VOLUMES: &str = "/api/v1/persistentvolumes";

/// Asks the API server.
///
/// # Errors
/// Why they are not in force, in words for `AdmissionPolicyMissing`.
pub async fn in_force(access: &Access) -> Result<(), String> {
    for policy in admission_policies() {
        let name = part(&policy, "/metadata/name").as_str().unwrap_or_default();
        let stands = get(&access.read, POLICIES, name).await?;
        if let Some(field) = weaker(part(&policy, "/spec"), part(&stands, "/spec"), "spec") {
            return Err(format!("ValidatingAdmissionPolicy {name} is not the shipped one: {field}"));
        }
        let binding = get(&access.read, BINDINGS, name).await?;
        let shipped = json!({"policyName": name, "validationActions": ["Deny"]});
        if let Some(field) = weaker(&shipped, part(&binding, "/spec"), "spec") {
            return Err(format!("ValidatingAdmissionPolicyBinding {name} is not the shipped one: {field}"));
        }
    }
    // An installation in audit has none, and then nothing is tried either.
    get(&access.read, VOLUMES, SELF_TEST_VOLUME).await?;
    for (what, attempt) in attempts() {
        refused(&access.write, what, attempt).await?;
    }
    Ok(())
}

/// Sends a request as another user, if the right to is there.
///
/// # Errors
/// The API server refuses, or does not answer.
pub async fn send_as(client: &Client, user: &str, attempt: Attempt) -> Result<Value, kube::Error> {
    let mut request = attempt.map_err(kube::Error::BuildRequest)?;
    if let Ok(user) = user.parse() {
        request.headers_mut().insert("impersonate-user", user);
    }
    client.request(request).await
}

type Attempt = Result<axum::http::Request<Vec<u8>>, kube::core::request::Error>;

/// What the guard refuses, each by dry-run.
fn attempts() -> Vec<(&'static str, Attempt)> {
    let patch = |body: Value| {
        let params = PatchParams { dry_run: true, ..PatchParams::default() };
        Request::new(VOLUMES).patch(SELF_TEST_VOLUME, &params, &Patch::Merge(&body))
    };
    let delete = DeleteParams { dry_run: true, ..DeleteParams::default() };
    vec![
        ("handing it to its driver", patch(json!({"spec": {"persistentVolumeReclaimPolicy": "Delete"}}))),
        ("taking its mark away", patch(json!({"metadata": {"labels": {"probate.dev/state": null}}}))),
        ("giving it to another claim", patch(json!({"spec": {"claimRef": {"name": "another"}}}))),
        (
            "forgetting its claim",
            patch(json!({"metadata": {"annotations": {"probate.dev/claim": "another"}}})),
        ),
        ("deleting it", Request::new(VOLUMES).delete(SELF_TEST_VOLUME, &delete)),
    ]
}

async fn refused(client: &Client, what: &str, attempt: Attempt) -> Result<(), String> {
    match send_as(client, SELF_TEST_USER, attempt).await {
        Ok(_) => Err(format!("{GUARD} does not refuse {what}")),
        Err(kube::Error::Api(status))
            if status.code == 403 && status.message.contains(&format!("'{GUARD}'")) =>
        {
            Ok(())
        }
        Err(error) => Err(format!("{GUARD} could not be tried, {what}: {error}")),
    }
}

async fn get(client: &Client, url: &str, name: &str) -> Result<Value, String> {
    let request = Request::new(url).get(name, &kube::api::GetParams::default());
    let request = request.map_err(|error| error.to_string())?;
    client.request(request).await.map_err(|error| match error {
        kube::Error::Api(status) if status.code == 404 => format!("{name} is not installed"),
        other => format!("{name} cannot be read: {other}"),
    })
}

/// The first field that differs from what is shipped. The API server fills in empty selectors and lists, nothing else.
fn weaker(shipped: &Value, stands: &Value, path: &str) -> Option<String> {
    match (shipped, stands) {
        (Value::Object(shipped), Value::Object(stands)) => {
            let more = stands.iter().find(|(key, value)| !shipped.contains_key(*key) && !empty(value));
            more.map(|(key, _)| format!("{path}.{key}")).or_else(|| {
                shipped.iter().find_map(|(key, value)| {
                    weaker(value, stands.get(key).unwrap_or(&Value::Null), &format!("{path}.{key}"))
                })
            })
        }
        (Value::Array(shipped), Value::Array(stands)) if shipped.len() == stands.len() => {
            let mut pairs = shipped.iter().zip(stands).enumerate();
            pairs.find_map(|(at, (shipped, stands))| weaker(shipped, stands, &format!("{path}[{at}]")))
        }
        _ => (shipped != stands).then(|| path.to_owned()),
    }
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::weaker;
    use crate::deploy::admission_policies;
    use serde_json::json;

    #[test]
    fn a_policy_that_says_less_is_weaker() {
        for policy in admission_policies() {
            let mut stands = policy["spec"].clone();
            assert_eq!(weaker(&policy["spec"], &stands, "spec"), None);
            stands["matchConstraints"]["excludeResourceRules"] = json!([]);
            assert_eq!(weaker(&policy["spec"], &stands, "spec"), None, "filled in by the API server");
            let changes: [fn(&mut serde_json::Value); 5] = [
                |spec| spec["failurePolicy"] = json!("Ignore"),
                |spec| spec["matchConstraints"]["namespaceSelector"] = json!({"matchLabels": {"a": "b"}}),
                |spec| spec["matchConstraints"]["excludeResourceRules"] = json!([{"resources": ["*"]}]),
                |spec| spec["matchConditions"][0]["expression"] = json!("false"),
                |spec| drop(spec["validations"].as_array_mut().and_then(Vec::pop)),
            ];
            for (at, change) in changes.into_iter().enumerate() {
                let mut changed = stands.clone();
                change(&mut changed);
                assert!(weaker(&policy["spec"], &changed, "spec").is_some(), "{at}");
            }
        }
    }
}
