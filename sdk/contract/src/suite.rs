//! `PolicyTest`: suites of cases beside a policy.

use crate::cause::Cause;
use crate::common::Time;
use crate::dump::Incomplete;
use crate::evidence::{Open, Trigger};
use crate::fact::Fact;
use crate::manifest::Program;
use crate::plan::{DecisionAction, NextStep, Vote};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The objects of one cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClusterWorld {
    /// Objects, complete unless said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<Open>,
    /// Files of objects, relative to the suite.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// A dump, as complete as it states.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub dump: Option<String>,
    /// What is not complete.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<Incomplete>,
}

/// The world that a case starts from, or adds on top.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct World {
    /// Objects, complete unless said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<Open>,
    /// Files of objects, relative to the suite.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// A dump, as complete as it states.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub dump: Option<String>,
    /// Several clusters instead.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub clusters: BTreeMap<String, ClusterWorld>,
    /// Records: whole, or `subject` and fields of their status.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<Open>,
    /// What is not complete.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<Incomplete>,
    /// The spec of Settings; both minima are zero unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Open")]
    pub settings: Option<Open>,
    /// Why the subject is looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Trigger")]
    pub trigger: Option<Trigger>,
}

/// What must come out; all that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Expect {
    /// The decision's action.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DecisionAction")]
    pub action: Option<DecisionAction>,
    /// All must be among the decision's causes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// All must be missing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Fact>,
    /// Annotations to be set, exactly these.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "BTreeMap<String, String>")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// What the controller would do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "NextStep")]
    pub next_step: Option<NextStep>,
    /// The policy's vote.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vote")]
    pub verdict: Option<Vote>,
    /// The policy's rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub rule: Option<String>,
    /// The policy's reason: exact, or `/regular expression/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub reason: Option<String>,
    /// Which policy is meant, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub policy: Option<String>,
}

/// What a row or a case changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Case {
    /// Name.
    pub name: String,
    /// Subject: `pvc/NS/NAME` or `pv/NAME`, with `CLUSTER:` before it where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub when: Option<String>,
    /// Another time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub now: Option<Time>,
    /// Added on top of the suite's world.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "World")]
    pub given: Option<World>,
    /// Objects to change: `KIND[.GROUP]/[NS/]NAME` to a merge patch.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub patch: BTreeMap<String, Open>,
    /// Objects to leave out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
    /// Other parameters, merged over the policy's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Open")]
    pub parameters: Option<Open>,
    /// What is not complete.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<Incomplete>,
    /// Records in place of or beside the world's, by subject.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<Open>,
    /// Evidence itself: an example with keys replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Open")]
    pub input: Option<Open>,
    /// Rows, each of which changes one thing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub table: Vec<Case>,
    /// What must come out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Expect")]
    pub expect: Option<Expect>,
}

/// The suite.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyTest {
    /// `probate.dev/v1alpha1`.
    pub api_version: String,
    /// `PolicyTest`.
    pub kind: String,
    /// Manifests, or bare `.rego` and `.wasm`, relative to the suite.
    pub policies: Vec<String>,
    /// The time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub now: Option<Time>,
    /// Where every case starts.
    #[serde(default)]
    pub given: World,
    /// Other programs that must answer the same.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variants: BTreeMap<String, Program>,
    /// The cases.
    pub cases: Vec<Case>,
}
