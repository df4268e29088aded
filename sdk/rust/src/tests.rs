//! What the SDK promises, asked natively of a small policy.

use crate::export::{Session, wit};
use crate::parts::{Continuity, EffectivePolicy, ReferenceState, UsageState};
use crate::prelude::*;
use crate::{json, parts};

/// Keeps production, and lets go what is unused.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Sample {
    #[serde(default = "thirty")]
    #[schemars(range(min = 1))]
    unused_days: u64,
    mood: Option<Mood>,
}

fn thirty() -> u64 {
    30
}

#[derive(Deserialize, JsonSchema, Clone, Copy)]
enum Mood {
    /// Kind.
    Kind,
    /// Stern.
    Stern,
}

impl Policy for Sample {
    const NAME: &'static str = "sample";
    const READS: &'static [Fact] = &[Fact::Namespace, Fact::UsageUnusedSince];

    fn evaluate(&self, evidence: &Evidence) -> Result<Verdict> {
        if matches!(self.mood, Some(Mood::Kind)) && evidence.referenced()? {
            return Ok(Verdict::retain("kind"));
        }
        if evidence.namespace()?.is_some_and(|namespace| namespace.label("env") == Some("prod")) {
            let keep = Verdict::retain("production stays").rule("production").recheck(hours(1));
            return Ok(keep.ensure(Ensure::ReclaimPolicyRetain).annotate("probate.dev/note.a", "b"));
        }
        Ok(match evidence.unused()? {
            Some(unused) if unused.seconds >= days(self.unused_days) => {
                Verdict::delete(format!("unused since {}", unused.since)).rule("unused")
            }
            _ => Verdict::abstain(),
        })
    }
}

#[test]
fn a_policy_answers_from_parameters_and_evidence() {
    let unused = Evidence::example_claim().unused_for(days(30));
    let verdict = ask::<Sample>("{}", &unused).unwrap();
    assert_eq!(
        (verdict.action, verdict.reason.as_str()),
        (Action::Delete, "unused since 2026-10-23T06:00:00Z")
    );
    assert_eq!(verdict.basis, ["namespace", "usage.unusedSince"]);
    let early = Evidence::example_claim().unused_for(days(30) - 1);
    assert_eq!(ask::<Sample>("{}", &early).unwrap().action, Action::Abstain);
    assert_eq!(ask::<Sample>(r#"{"unusedDays": 31}"#, &unused).unwrap().action, Action::Abstain);
    let production = unused.with_namespace_label("env", "prod");
    assert_eq!(ask::<Sample>("{}", &production).unwrap().rule.as_deref(), Some("production"));
    assert_eq!(ask::<Sample>("{}", &Evidence::example_claim()).unwrap().action, Action::Abstain);
}

#[test]
fn a_read_that_is_not_declared_is_an_error_on_full_evidence_too() {
    let error = ask::<Sample>(r#"{"mood": "Kind"}"#, &Evidence::example_claim()).unwrap_err();
    assert!(error.message().contains("add Fact::UsageReferenced to READS"), "{error}");
}

#[test]
fn parameters_that_do_not_fit_are_refused() {
    for (parameters, part) in
        [(r#"{"unusedDay": 3}"#, "unusedDay"), (r#"{"unusedDays": -1}"#, "-1"), ("[", "EOF")]
    {
        let error = ask::<Sample>(parameters, &Evidence::example_claim()).unwrap_err();
        assert!(
            error.message().starts_with("parameters of sample: ") && error.message().contains(part),
            "{error}"
        );
    }
}

#[test]
fn every_fact_of_the_examples_is_readable() {
    let claim = Evidence::example_claim();
    assert_eq!(claim.now().unwrap(), "2026-11-22T06:00:00Z");
    assert_eq!(claim.parameters().unwrap()["unusedDays"], 30);
    assert_eq!((claim.cluster_name().unwrap(), claim.cluster_uid().unwrap()), ("harvester", "5b0f2a6e"));
    assert_eq!(claim.trigger().unwrap().r#type, parts::TriggerType::Scan);
    assert_eq!(claim.subject().unwrap().label("tier"), Some("db"));
    assert_eq!(claim.subject().unwrap().object, None);
    assert_eq!(claim.object().unwrap()["status"]["phase"], "Bound");
    assert_eq!(claim.claim().unwrap().unwrap().volume_name.as_deref(), Some("pvc-c1f4b6de"));
    assert!(claim.volume().unwrap().unwrap().governing);
    assert_eq!(claim.released().unwrap(), None);
    assert_eq!(claim.storage_class().unwrap().unwrap().annotation("any"), None);
    assert_eq!(claim.namespace().unwrap().unwrap().label("env"), Some("dev"));
    assert!(claim.referenced().unwrap());
    assert_eq!(claim.usage_state().unwrap(), UsageState::Stopped);
    assert_eq!(claim.unused().unwrap(), None);
    assert!(claim.counterparts().unwrap().is_empty());
    assert_eq!(claim.guest_cluster().unwrap(), None);
    assert_eq!(claim.effective_retention().unwrap(), EffectivePolicy::Delete);
    assert_eq!(
        claim.facts_read().count(),
        Fact::ALL.len() - 4,
        "all but references, owners, snapshots, sources"
    );

    let volume = Evidence::example_volume();
    assert_eq!(volume.claim().unwrap(), None);
    assert_eq!(volume.namespace().unwrap(), None);
    assert_eq!(volume.released().unwrap().unwrap().seconds, 1_042_200);
    assert_eq!(volume.volume().unwrap().unwrap().released_since, None, "a fact of its own");
    assert_eq!(volume.unused().unwrap().unwrap().continuity, Continuity::Watched);
    assert_eq!(volume.guest_cluster().unwrap().unwrap().name, "gc1");
    assert_eq!(volume.counterparts().unwrap()[0].state, CounterpartState::Gone);
    assert_eq!(volume.retention_from().unwrap().unwrap().cluster, "harvester");
    assert_eq!(volume.retention_sources().unwrap().len(), 2);
}

#[test]
fn the_questions_answer_as_in_rego() {
    let claim = Evidence::example_claim();
    assert_eq!(claim.since("2026-11-22T05:00:00Z").unwrap(), 3600);
    assert_eq!(claim.since("2026-11-22T08:00:00+01:00").unwrap(), -3600);
    assert!(claim.passed("2026-11-22T06:00:00Z").unwrap());
    assert!(!claim.passed("2026-11-22T06:00:01Z").unwrap());
    assert_eq!(claim.since("2026-11-22T05:59:59.5Z").unwrap(), 0);
    for nonsense in [
        "2026-11-22T06:00Z",
        "2026-11-22T06:00:00z",
        "2026-11-22T06:00:00Z[UTC]",
        "",
        "tomorrow",
        "2026-11-22",
        "2026-11-22T06:00:00",
        "2026-11-22 06:00:00Z",
        "2026-13-22T06:00:00Z",
    ] {
        assert!(claim.passed(nonsense).is_err(), "{nonsense}");
    }
    assert!(claim.referenced_by("VirtualMachine").unwrap());
    assert!(!claim.referenced_by("Pod").unwrap());
    assert!(claim.referenced_as("VirtualMachine", ReferenceState::Stopped).unwrap());
    assert!(!claim.referenced_as("VirtualMachine", ReferenceState::Active).unwrap());
    assert_eq!(claim.gone_seconds("VirtualMachine").unwrap(), None, "it is alive");
    assert_eq!(claim.gone_seconds("Pod").unwrap(), None, "there never was one");
    let mut snapshot = serde_json::to_value(&claim.snapshots().unwrap()[0]).unwrap();
    assert!(!claim.snapshot_within(days(30)).unwrap(), "it would go with the volume");
    snapshot["independent"] = json!(true);
    let backed_up = Evidence::example_claim().with("snapshots", json!([snapshot]));
    assert!(backed_up.snapshot_within(187_200).unwrap());
    assert!(!backed_up.snapshot_within(187_199).unwrap());
    snapshot["ready"] = json!(false);
    assert!(!backed_up.with("snapshots", json!([snapshot])).snapshot_within(days(30)).unwrap());
    let finished = Evidence::example_claim().with(
        "references",
        json!([
        {"cluster": "c", "kind": "Pod", "namespace": "n", "name": "p", "state": "Finished"}]),
    );
    assert!(!finished.referenced_by("Pod").unwrap(), "it wants nothing any more");
    assert!(finished.referenced_as("Pod", ReferenceState::Finished).unwrap());

    let volume = Evidence::example_volume();
    assert_eq!(volume.gone_seconds("VirtualMachine").unwrap(), Some(1_065_000));
    let later: serde_json::Value = serde_json::from_str(volume.as_json()).unwrap();
    let mut second = later["owners"][0].clone();
    second["goneSince"] = json!("2026-11-20T06:00:00Z");
    let both = volume.with("owners", json!([later["owners"][0], second]));
    assert_eq!(both.gone_seconds("VirtualMachine").unwrap(), Some(days(2)), "the last counts");
}

#[test]
fn units_are_checked() {
    assert_eq!((days(2), hours(2)), (172_800, 7200));
    assert_eq!(days(u64::MAX), u64::MAX, "too long is never");
    assert_eq!(duration("1w2d3h4m5s").unwrap(), 604_800 + 2 * 86_400 + 3 * 3600 + 4 * 60 + 5);
    for nonsense in
        ["", "5", "d", "-1d", "1.5h", "1d1d", "1h1d", "1 d", "99999999999999999999d", "1234567890w"]
    {
        assert!(duration(nonsense).is_err(), "{nonsense}");
    }
    assert_eq!(bytes("1048576").unwrap(), 1 << 20);
    assert_eq!(bytes("500M").unwrap(), 500_000_000);
    assert_eq!(bytes("0.5Gi").unwrap(), 1 << 29);
    assert_eq!(bytes("0.3").unwrap(), 1);
    for nonsense in ["", "Gi", "-1Gi", "1GB", "1e3", "1.", ".5Gi", "100Ei"] {
        assert!(bytes(nonsense).is_err(), "{nonsense}");
    }
}

#[test]
fn setters_keep_ages_in_step() {
    let moved = Evidence::example_claim().at("2026-11-22T07:00:00Z");
    assert_eq!(moved.subject().unwrap().age_seconds, 22_884_360 + 3600);
    assert_eq!(moved.snapshots().unwrap()[0].age_seconds, 187_200 + 3600);
    let released = Evidence::example_claim().released_for(hours(5));
    assert_eq!(released.released().unwrap().unwrap().seconds, hours(5));
    let absent = Evidence::example_volume().without("usage.unusedSince").without("namespace");
    assert_eq!(absent.unused().unwrap(), None);
    let labelled = Evidence::example_claim().with_label("app.example/x", "y").with_annotation("a.b/c", "d");
    assert_eq!(labelled.subject().unwrap().label("app.example/x"), Some("y"));
    assert_eq!(labelled.subject().unwrap().annotation("a.b/c"), Some("d"));
}

#[test]
fn evidence_that_lacks_a_fact_or_is_no_object_is_an_error() {
    let lacking = Evidence::example_claim().without("usage").without("owners");
    assert!(lacking.referenced().unwrap_err().message().contains("does not hold `usage.referenced`"));
    assert!(lacking.owners().is_err());
    assert!(Evidence::from_json("[]").is_err());
    let wrong = Evidence::example_claim().with("namespace", json!({"name": 5}));
    assert!(wrong.namespace().unwrap_err().message().contains("not of its schema"));
}

#[test]
fn a_session_is_configured_once_and_then_answers() {
    let described = Session::<Sample>::describe("1.2.3", "");
    assert_eq!((described.title.as_str(), described.version.as_str()), ("sample", "1.2.3"));
    assert_eq!(described.reads, ["namespace", "usage.unusedSince"]);
    let schema: serde_json::Value = serde_json::from_str(&described.parameters_schema).unwrap();
    assert_eq!(
        schema["properties"],
        json!({"unusedDays": {"type": "integer", "minimum": 1, "default": 30},
               "mood": {"type": "string", "enum": ["Kind", "Stern"]}})
    );

    let session = Session::<Sample>::new();
    let document = || Evidence::example_claim().with_namespace_label("env", "prod").as_json().to_owned();
    assert!(session.evaluate(document()).unwrap_err().message.contains("before configure"));
    session.configure("{}").unwrap();
    assert!(session.configure("{}").unwrap_err().message.contains("twice"));
    let verdict = session.evaluate(document()).unwrap();
    assert!(matches!(verdict.action, wit::Action::Retain));
    assert!(matches!(verdict.ensure, Some(wit::Measure::ReclaimPolicyRetain)));
    assert_eq!(verdict.recheck_after_seconds, Some(3600));
    assert_eq!(verdict.annotations.len(), 1);
    assert!(session.evaluate("{}".into()).unwrap().reason.is_empty(), "everything may be absent here");
}

#[test]
fn a_verdict_that_the_host_would_refuse_is_an_error_when_asked() {
    #[derive(Deserialize, JsonSchema)]
    struct Silent {}
    impl Policy for Silent {
        const NAME: &'static str = "silent";
        const READS: &'static [Fact] = &[];
        fn evaluate(&self, _: &Evidence) -> Result<Verdict> {
            Ok(Verdict::retain(""))
        }
    }
    assert!(
        ask::<Silent>("{}", &Evidence::example_claim()).unwrap_err().message().contains("needs a reason")
    );
    assert_eq!(Session::<Silent>::describe("1", "T").parameters_schema, "{}");
}
