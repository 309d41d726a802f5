//! A histogram of atomics: how often something was how large. It takes no lock, so that counting
//! costs a message a few additions.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::{EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::{MetricType, TypedMetric};

/// How many bounds one has.
const BOUNDS: usize = 10;

/// A histogram over whole numbers of a small unit, shown in a base unit. Clones count together.
#[derive(Debug, Clone)]
pub(super) struct Spread {
    /// How many of the small unit make one of the base unit.
    scale: u64,
    bounds: [u64; BOUNDS],
    noted: Arc<Noted>,
}

#[derive(Debug, Default)]
struct Noted {
    /// One more than bounds: the last holds what lies above them all.
    counts: [AtomicU64; BOUNDS + 1],
    sum: AtomicU64,
}

impl Spread {
    /// Empty; `bounds` rise, and are in the small unit as what is noted.
    pub(super) fn new(scale: u64, bounds: [u64; BOUNDS]) -> Self {
        Self {
            scale,
            bounds,
            noted: Arc::default(),
        }
    }

    /// Notes one value.
    pub(super) fn note(&self, value: u64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        self.noted.counts[place].fetch_add(1, Ordering::Relaxed);
        self.noted.sum.fetch_add(value, Ordering::Relaxed);
    }

    fn base(&self, value: u64) -> f64 {
        // 53 bits: enough for 9 PB and 285 years of microseconds.
        value as f64 / self.scale as f64
    }
}

impl TypedMetric for Spread {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for Spread {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let bounds = self.bounds.iter().map(|bound| self.base(*bound));
        let counts = self
            .noted
            .counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = bounds.chain([f64::INFINITY]).zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        let sum = self.base(self.noted.sum.load(Ordering::Relaxed));
        encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}
