//! Which requests are hit, by what, and how often they were.

use super::call::Call;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// An answer that the API server did not give.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// HTTP status.
    pub code: u16,
    /// Reason as in a Status (`Conflict`, `TooManyRequests`…).
    pub reason: String,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
}

impl Refusal {
    /// With the reason that an API server gives for that status.
    #[must_use]
    pub fn of(code: u16) -> Self {
        let reason = match code {
            400 => "BadRequest",
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "NotFound",
            409 => "Conflict",
            410 => "Expired",
            422 => "Invalid",
            429 => "TooManyRequests",
            500 => "InternalError",
            503 => "ServiceUnavailable",
            504 => "Timeout",
            _ => "Unknown",
        };
        Self { code, reason: reason.to_owned(), retry_after: (code == 429).then_some(1) }
    }

    pub(super) fn status(&self) -> Value {
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": self.code,
            "reason": self.reason, "message": format!("injected: {}", self.reason),
        })
    }
}

/// What happens to a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Answered without the API server.
    Answer(Refusal),
    /// The connection is closed; the API server never saw it.
    Drop,
    /// The API server did it; the connection is closed without a reply.
    CommitThenDrop,
    /// The API server did it; this is the reply.
    CommitThenAnswer(Refusal),
    /// The reply breaks off in the middle of a line, after so many whole ones (events of a watch).
    Truncate(u64),
    /// After so many lines of the reply nothing more comes, and the connection stays.
    Silence(u64),
    /// Once this is released nothing more comes of the reply, and the connection stays.
    Mute(Barrier),
    /// A watch that begins with the event of an expired resourceVersion, and ends.
    Expire,
    /// Later.
    Delay(Duration),
    /// Each line of the reply comes later than the one before.
    Slow(Duration),
    /// Held before the API server sees it. A client that goes away meanwhile takes its request with it.
    Hold(Barrier),
    /// Done by the API server; the reply is held.
    HoldReply(Barrier),
}

/// Holds requests until it is released.
#[derive(Clone, Debug)]
pub struct Barrier {
    arrived: watch::Sender<u64>,
    released: watch::Sender<bool>,
}

impl Default for Barrier {
    fn default() -> Self {
        Self { arrived: watch::Sender::new(0), released: watch::Sender::new(false) }
    }
}

impl Barrier {
    /// Waits until so many requests stand before it, or went through.
    pub async fn arrived(&self, count: u64) {
        drop(self.arrived.subscribe().wait_for(|arrived| *arrived >= count).await);
    }

    /// How many requests came to it.
    #[must_use]
    pub fn count(&self) -> u64 {
        *self.arrived.borrow()
    }

    /// Lets through what stands here, and all that comes.
    pub fn release(&self) {
        self.released.send_replace(true);
    }

    /// Counts one that goes through at once, and tells it of the release.
    pub(super) fn heed(&self) -> watch::Receiver<bool> {
        self.arrived.send_modify(|arrived| *arrived += 1);
        self.released.subscribe()
    }

    pub(super) async fn pass(&self) {
        self.arrived.send_modify(|arrived| *arrived += 1);
        drop(self.released.subscribe().wait_for(|released| *released).await);
    }
}

/// Which requests are hit.
#[derive(Clone, Debug)]
pub struct Rule {
    verb: String,
    resource: String,
    namespace: Option<String>,
    name: Option<String>,
    dry_run: Option<bool>,
    first: u64,
    times: u64,
    fault: Fault,
}

impl Rule {
    /// Requests with that verb on that resource (`plural`, or `plural/subresource`); `*` is any.
    #[must_use]
    pub fn new(verb: &str, resource: &str, fault: Fault) -> Self {
        Self {
            verb: verb.to_owned(),
            resource: resource.to_owned(),
            namespace: None,
            name: None,
            dry_run: None,
            first: 1,
            times: u64::MAX,
            fault,
        }
    }

    /// Only in that namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.to_owned());
        self
    }

    /// Only of that name.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }

    /// Only dry runs, or only the others.
    #[must_use]
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = Some(dry_run);
        self
    }

    /// From the n-th request on that it fits, counted from one.
    #[must_use]
    pub fn from(mut self, first: u64) -> Self {
        self.first = first;
        self
    }

    /// So many times at most.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    fn fits(&self, call: &Call) -> bool {
        let any = |wanted: &str, seen: &str| wanted == "*" || wanted == seen;
        any(&self.verb, &call.verb)
            && any(&self.resource, &call.resource)
            && self.namespace.as_ref().is_none_or(|namespace| *namespace == call.namespace)
            && self.name.as_ref().is_none_or(|name| *name == call.name)
            && self.dry_run.is_none_or(|dry_run| dry_run == call.dry_run)
    }
}

/// A rule in force.
#[derive(Clone, Debug)]
pub struct Injected {
    rule: Arc<Rule>,
    seen: Arc<AtomicU64>,
    fired: Arc<AtomicU64>,
}

impl Injected {
    pub(super) fn new(rule: Rule) -> Self {
        Self { rule: Arc::new(rule), seen: Arc::default(), fired: Arc::default() }
    }

    /// How many requests it fitted.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen.load(Ordering::SeqCst)
    }

    /// How many it hit.
    #[must_use]
    pub fn fired(&self) -> u64 {
        self.fired.load(Ordering::SeqCst)
    }

    /// Its fault, if it hits this request.
    pub(super) fn hit(&self, call: &Call) -> Option<Fault> {
        if !self.rule.fits(call) {
            return None;
        }
        let seen = self.seen.fetch_add(1, Ordering::SeqCst) + 1;
        let due = seen >= self.rule.first && seen - self.rule.first < self.rule.times;
        due.then(|| {
            self.fired.fetch_add(1, Ordering::SeqCst);
            self.rule.fault.clone()
        })
    }

    pub(super) fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.rule, &other.rule)
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, Fault, Injected, Rule};

    #[test]
    fn a_rule_hits_from_its_first_request_for_so_many_times() {
        let rule = Rule::new("delete", "persistentvolumeclaims", Fault::Drop).from(2).times(2).dry_run(false);
        let injected = Injected::new(rule);
        let call = Call {
            verb: "delete".to_owned(),
            resource: "persistentvolumeclaims".to_owned(),
            ..Call::default()
        };
        let hits: Vec<bool> = (0..5).map(|_| injected.hit(&call).is_some()).collect();
        assert_eq!(hits, [false, true, true, false, false]);
        assert!(injected.hit(&Call { dry_run: true, ..call.clone() }).is_none());
        assert!(injected.hit(&Call { verb: "patch".to_owned(), ..call }).is_none());
        assert_eq!((injected.seen(), injected.fired()), (5, 2));
    }
}
