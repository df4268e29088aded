//! What a request means to an API server: verb, resource, namespace, name.

use serde::Serialize;
use serde_json::Value;

/// One request as the API server's own audit log would name it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Call {
    /// `get list watch create update patch delete deletecollection`.
    pub verb: String,
    /// API group, empty for core.
    pub group: String,
    /// Plural, with its subresource after a slash; empty for other paths.
    pub resource: String,
    /// Namespace, if any.
    pub namespace: String,
    /// Name, if any.
    pub name: String,
    /// Whether nothing would be stored.
    pub dry_run: bool,
    /// The path.
    pub path: String,
    /// The body, if it is JSON.
    pub body: Value,
}

impl Call {
    pub(super) fn of(method: &http::Method, uri: &http::Uri, body: &[u8]) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let query = uri.query().unwrap_or_default();
        let mut call = Self { path: uri.path().to_owned(), ..Self::default() };
        call.place(uri.path());
        call.dry_run = query.split('&').any(|part| part.starts_with("dryRun=All"))
            || body
                .get("dryRun")
                .and_then(Value::as_array)
                .is_some_and(|all| all.iter().any(|one| one == "All"));
        let watch = query.split('&').any(|part| matches!(part, "watch=true" | "watch=1"));
        call.verb = match method.as_str() {
            "GET" if watch => "watch",
            "GET" if call.name.is_empty() && !call.resource.is_empty() => "list",
            "GET" => "get",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" if call.name.is_empty() => "deletecollection",
            "DELETE" => "delete",
            other => other,
        }
        .to_owned();
        call.body = body;
        call
    }

    fn place(&mut self, path: &str) {
        let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            ["api", _version, ..] => drop(parts.drain(..2)),
            ["apis", group, _version, _, ..] => {
                (*group).clone_into(&mut self.group);
                drop(parts.drain(..3));
            }
            _ => return,
        }
        // A namespace's own subresources are no resources in it.
        if let &["namespaces", namespace, resource, ..] = parts.as_slice()
            && !matches!(resource, "status" | "finalize")
        {
            namespace.clone_into(&mut self.namespace);
            parts.drain(..2);
        }
        let mut parts = parts.into_iter();
        parts.next().unwrap_or_default().clone_into(&mut self.resource);
        parts.next().unwrap_or_default().clone_into(&mut self.name);
        if let Some(subresource) = parts.next() {
            self.resource = format!("{}/{subresource}", self.resource);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Call;

    #[test]
    fn requests_are_named_as_the_audit_log_names_them() {
        let cases = [
            ("GET", "/api/v1/persistentvolumes", "list", "", "persistentvolumes", "", ""),
            ("GET", "/api/v1/persistentvolumes?limit=5&watch=true", "watch", "", "persistentvolumes", "", ""),
            (
                "DELETE",
                "/api/v1/namespaces/a/persistentvolumeclaims/b",
                "delete",
                "",
                "persistentvolumeclaims",
                "a",
                "b",
            ),
            ("DELETE", "/api/v1/namespaces/a/pods", "deletecollection", "", "pods", "a", ""),
            (
                "PATCH",
                "/apis/probate.dev/v1alpha1/namespaces/p/plans/x/status",
                "patch",
                "probate.dev",
                "plans/status",
                "p",
                "x",
            ),
            ("GET", "/api/v1/namespaces/a", "get", "", "namespaces", "", "a"),
            ("PUT", "/api/v1/namespaces/a/finalize", "update", "", "namespaces/finalize", "", "a"),
            ("GET", "/readyz", "get", "", "", "", ""),
            ("GET", "/apis/apps/v1", "get", "", "", "", ""),
            (
                "POST",
                "/apis/storage.k8s.io/v1/storageclasses",
                "create",
                "storage.k8s.io",
                "storageclasses",
                "",
                "",
            ),
        ];
        for (method, uri, verb, group, resource, namespace, name) in cases {
            let call = Call::of(&method.parse().unwrap(), &uri.parse().unwrap(), b"");
            let seen = (&*call.verb, &*call.group, &*call.resource, &*call.namespace, &*call.name);
            assert_eq!(seen, (verb, group, resource, namespace, name), "{method} {uri}");
        }
    }

    #[test]
    fn a_dry_run_is_seen_in_query_and_body() {
        let dry =
            |uri: &str, body: &[u8]| Call::of(&http::Method::DELETE, &uri.parse().unwrap(), body).dry_run;
        assert!(dry("/api/v1/persistentvolumes/x?dryRun=All", b""));
        assert!(dry("/api/v1/persistentvolumes/x", br#"{"dryRun":["All"]}"#));
        assert!(!dry("/api/v1/persistentvolumes/x", br#"{"dryRun":[]}"#));
    }
}
