//! Metrics: names and labels are a promise; no object names in labels.

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// Labels of one family, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Labels<const N: usize>(pub [(&'static str, String); N]);

impl<const N: usize> EncodeLabelSet for Labels<N> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        self.0.iter().try_for_each(|(name, value)| (*name, value.as_str()).encode_label(encoder))
    }
}

trait EncodeOne {
    fn encode_label(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error>;
}

impl EncodeOne for (&str, &str) {
    fn encode_label(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        prometheus_client::encoding::EncodeLabel::encode(self, encoder.encode_label())
    }
}

/// All metrics.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// Changed answers, by policy, verdict and mode.
    pub decisions: Family<Labels<3>, Counter>,
    /// Claims and volumes deleted or handed to their driver, by step and outcome.
    pub effects: Family<Labels<2>, Counter>,
    /// Bytes whose asset was handed to its driver.
    pub reclaimed_bytes: Counter,
    /// Bytes that each cause holds back.
    pub retained_bytes: Family<Labels<1>, Gauge>,
    /// Bytes in each state of the protocol.
    pub state_bytes: Family<Labels<1>, Gauge>,
    /// Subjects of which something that is needed is not known.
    pub unknown_subjects: Gauge,
    /// All subjects.
    pub subjects: Gauge,
    /// Time of a whole evaluation.
    pub evaluation_seconds: Histogram,
    /// Failures, by policy and kind.
    pub policy_errors: Family<Labels<2>, Counter>,
    /// 1 where everything is listed and watched.
    pub store_synced: Gauge,
    /// Objects that are watched.
    pub store_objects: Gauge,
    /// 1 where a breaker is open.
    pub breaker_open: Gauge,
    /// 1 where the admission policy is in force.
    pub admission_in_force: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("probate"),
            decisions: Family::default(),
            effects: Family::default(),
            reclaimed_bytes: Counter::default(),
            retained_bytes: Family::default(),
            state_bytes: Family::default(),
            unknown_subjects: Gauge::default(),
            subjects: Gauge::default(),
            evaluation_seconds: Histogram::new(exponential_buckets(0.001, 4.0, 9)),
            policy_errors: Family::default(),
            store_synced: Gauge::default(),
            store_objects: Gauge::default(),
            breaker_open: Gauge::default(),
            admission_in_force: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let Self { registry, .. } = self;
        registry.register("decisions", "Changed answers of policies", self.decisions.clone());
        registry.register(
            "effects",
            "Writes of the deletion protocol by step and outcome",
            self.effects.clone(),
        );
        registry.register_with_unit(
            "reclaimed",
            "Bytes whose asset was handed to its driver",
            Unit::Bytes,
            self.reclaimed_bytes.clone(),
        );
        registry.register_with_unit(
            "retained",
            "Bytes that each cause holds back",
            Unit::Bytes,
            self.retained_bytes.clone(),
        );
        registry.register_with_unit(
            "state",
            "Bytes in each state of the deletion protocol",
            Unit::Bytes,
            self.state_bytes.clone(),
        );
        registry.register(
            "unknown_subjects",
            "Subjects of which something is not known",
            self.unknown_subjects.clone(),
        );
        registry.register("subjects", "Claims and volumes", self.subjects.clone());
        registry.register_with_unit(
            "evaluation",
            "Time of a whole evaluation",
            Unit::Seconds,
            self.evaluation_seconds.clone(),
        );
        registry.register("policy_errors", "Failures of policies", self.policy_errors.clone());
        registry.register(
            "store_synced",
            "1 where everything is listed and watched",
            self.store_synced.clone(),
        );
        registry.register("store_objects", "Objects that are watched", self.store_objects.clone());
        registry.register("breaker_open", "1 where a breaker is open", self.breaker_open.clone());
        registry.register(
            "admission_in_force",
            "1 where the admission policy protects quarantined volumes",
            self.admission_in_force.clone(),
        );
    }

    /// The text format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
