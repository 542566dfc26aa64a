//! What is counted. Nothing here costs anything a row: chunks, batches and tables are counted, and if no collector is
//! named only a few integers are kept.
//!
//! Metrics of a table carry its name: a few hundred tables are a few hundred series a process, and without them nobody
//! would find the slow one. A process that copies more than 2000 tables has the rest in one series
//! (`otel.metric.overflow`), as the SDK bounds every metric. Everything else has attributes of a handful of values.

pub use super::names::Cause;
use super::names::{self, EVERYWHERE, Metric, Outcome, RunPhase};
use crate::error::Error;
use crate::model::counts::Totals;
use crate::model::names::TableName;
use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter};
use opentelemetry::{KeyValue, Value};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Seconds that a chunk takes: from tables of one row to 128 MiB through a narrow network.
const CHUNK_SECONDS: [f64; 11] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

static INSTRUMENTS: OnceLock<Instruments> = OnceLock::new();
static IN_FLIGHT: AtomicI64 = AtomicI64::new(0);
static TOTALS: Mutex<Option<TotalsReader>> = Mutex::new(None);
static CLOCKS: [Clock; 4] = [const { Clock::new() }; 4];
static HELD: Mutex<Option<Arc<Held>>> = Mutex::new(None);

/// Reads the counts of the process at an export.
type TotalsReader = Arc<dyn Fn() -> Totals + Send + Sync>;

struct Instruments {
    everywhere: Vec<KeyValue>,
    rows: Counter<u64>,
    bytes: Counter<u64>,
    chunks: Counter<u64>,
    chunk_duration: Histogram<f64>,
    retries: Counter<u64>,
    table_rows: Counter<u64>,
    table_bytes: Counter<u64>,
    table_duration: Gauge<f64>,
    table_failures: Counter<u64>,
}

impl Instruments {
    fn with(&self, more: &[(&'static str, Value)]) -> Vec<KeyValue> {
        let more = more.iter().map(|(name, value)| KeyValue::new(*name, value.clone()));
        self.everywhere.iter().cloned().chain(more).collect()
    }
}

/// Starts to count into this meter; before it, and without it, nothing is exported.
pub(super) fn start(meter: &Meter, run: &str, pod: &str) {
    let values = [run, pod];
    let everywhere: Vec<KeyValue> =
        EVERYWHERE.iter().zip(values).map(|(name, value)| KeyValue::new(*name, value.to_owned())).collect();
    let counter = |metric: Metric| {
        meter.u64_counter(metric.name).with_unit(metric.unit).with_description(metric.what).build()
    };
    observe(meter, &everywhere);
    let duration = names::CHUNK_DURATION;
    let table_duration = names::TABLE_DURATION;
    // A second start is a test's: the first one counts.
    let _ = INSTRUMENTS.set(Instruments {
        rows: counter(names::ROWS),
        bytes: counter(names::BYTES),
        chunks: counter(names::CHUNKS),
        chunk_duration: meter
            .f64_histogram(duration.name)
            .with_unit(duration.unit)
            .with_description(duration.what)
            .with_boundaries(CHUNK_SECONDS.to_vec())
            .build(),
        retries: counter(names::RETRIES),
        table_rows: counter(names::TABLE_ROWS),
        table_bytes: counter(names::TABLE_BYTES),
        table_duration: meter
            .f64_gauge(table_duration.name)
            .with_unit(table_duration.unit)
            .with_description(table_duration.what)
            .build(),
        table_failures: counter(names::TABLE_FAILURES),
        everywhere,
    });
}

/// What is asked for at each export.
fn observe(meter: &Meter, everywhere: &[KeyValue]) {
    let own = everywhere.to_vec();
    meter
        .i64_observable_up_down_counter(names::IN_FLIGHT.name)
        .with_unit(names::IN_FLIGHT.unit)
        .with_description(names::IN_FLIGHT.what)
        .with_callback(move |observer| observer.observe(IN_FLIGHT.load(Ordering::Relaxed), &own))
        .build();
    let own = everywhere.to_vec();
    meter
        .i64_observable_up_down_counter(names::TABLES.name)
        .with_unit(names::TABLES.unit)
        .with_description(names::TABLES.what)
        .with_callback(move |observer| {
            let reader = TOTALS.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let Some(totals) = reader.map(|read| read()) else { return };
            let states = [
                ("completed", totals.completed),
                ("skipped", totals.skipped),
                ("failed", totals.failed),
                ("in_progress", totals.in_progress),
                ("remaining", totals.remaining()),
            ];
            for (state, count) in states {
                let count = i64::try_from(count).unwrap_or(i64::MAX);
                observer.observe(count, &[own.as_slice(), &[KeyValue::new(names::STATE, state)]].concat());
            }
        })
        .build();
    let own = everywhere.to_vec();
    meter
        .f64_observable_counter(names::HELD.name)
        .with_unit(names::HELD.unit)
        .with_description(names::HELD.what)
        .with_callback(move |observer| {
            let held = HELD.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let Some(held) = held else { return };
            for (cause, seconds) in Cause::ALL.into_iter().zip(held.seconds()) {
                let cause = KeyValue::new(names::CAUSE, cause.name());
                observer.observe(seconds, &[own.as_slice(), &[cause]].concat());
            }
        })
        .build();
    let own = everywhere.to_vec();
    meter
        .f64_observable_counter(names::PHASE_DURATION.name)
        .with_unit(names::PHASE_DURATION.unit)
        .with_description(names::PHASE_DURATION.what)
        .with_callback(move |observer| {
            for (phase, clock) in RunPhase::ALL.into_iter().zip(&CLOCKS) {
                if let Some(spent) = clock.spent() {
                    let phase = KeyValue::new(names::PHASE, phase.name());
                    observer.observe(spent.as_secs_f64(), &[own.as_slice(), &[phase]].concat());
                }
            }
        })
        .build();
}

/// Whose counts of tables are exported from now on.
pub fn watch(totals: impl Fn() -> Totals + Send + Sync + 'static) {
    *TOTALS.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(totals));
}

/// A chunk has ended; `copied` are its rows and bytes if it was committed.
pub fn chunk_ended(table: &TableName, outcome: Outcome, copied: Option<(u64, u64)>, took: Duration) {
    let Some(instruments) = INSTRUMENTS.get() else { return };
    let ended = instruments.with(&[(names::OUTCOME, outcome.name().into())]);
    instruments.chunks.add(1, &ended);
    instruments.chunk_duration.record(took.as_secs_f64(), &ended);
    if let Some((rows, bytes)) = copied {
        instruments.rows.add(rows, &instruments.everywhere);
        instruments.bytes.add(bytes, &instruments.everywhere);
        let of_table = instruments.with(&[(names::TABLE, table.to_string().into())]);
        instruments.table_rows.add(rows, &of_table);
        instruments.table_bytes.add(bytes, &of_table);
    }
}

/// A table has ended in this process.
pub fn table_ended(table: &TableName, outcome: Outcome, error: Option<&Error>, took: Duration) {
    let Some(instruments) = INSTRUMENTS.get() else { return };
    let name = (names::TABLE, Value::from(table.to_string()));
    let ended = instruments.with(&[name.clone(), (names::OUTCOME, outcome.name().into())]);
    instruments.table_duration.record(took.as_secs_f64(), &ended);
    if let (Outcome::Failed, Some(error)) = (outcome, error) {
        let failed = instruments.with(&[name, (names::ERROR, error.policy().code.into())]);
        instruments.table_failures.add(1, &failed);
    }
}

/// A step is tried again after this error.
pub fn retried(error: &Error) {
    if let Some(instruments) = INSTRUMENTS.get() {
        instruments.retries.add(1, &instruments.with(&[(names::ERROR, error.policy().code.into())]));
    }
}

/// Bytes on their way from one reader to its writer. What is left when it is dropped was given up.
#[derive(Debug, Default)]
pub struct InFlight(AtomicI64);

impl InFlight {
    /// Read, not written yet.
    pub fn read(&self, bytes: usize) {
        self.add(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Handed to the target's connection.
    pub fn written(&self, bytes: usize) {
        self.add(-i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    fn add(&self, bytes: i64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
        IN_FLIGHT.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        IN_FLIGHT.fetch_sub(self.0.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// How long workers were held back by limits, by cause: time in which at least one of them waited.
#[derive(Debug, Default)]
pub struct Held([Clock; 2]);

impl Held {
    /// A worker waits until this is dropped.
    pub fn begin(&self, cause: Cause) -> RunningClock<'_> {
        RunningClock::run_clock(&self.0[cause as usize])
    }

    /// Seconds so far, in the order of [`Cause::ALL`].
    #[must_use]
    pub fn seconds(&self) -> [f64; 2] {
        self.0.each_ref().map(|clock| clock.spent().unwrap_or_default().as_secs_f64())
    }
}

/// Whose waits are exported from now on.
pub fn watch_held(held: &Arc<Held>) {
    *HELD.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(held));
}

/// How long something took, all its times together, and since when it is under way; times that overlap count once.
#[derive(Debug, Default)]
struct Clock(Mutex<Times>);

#[derive(Debug, Default)]
struct Times {
    ended: Duration,
    since: Option<Instant>,
    running: usize,
}

impl Clock {
    const fn new() -> Self {
        Self(Mutex::new(Times { ended: Duration::ZERO, since: None, running: 0 }))
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// None if it never ran.
    fn spent(&self) -> Option<Duration> {
        let times = self.times();
        let running = times.since.map(|since| since.elapsed());
        (!times.ended.is_zero() || running.is_some()).then(|| times.ended + running.unwrap_or(Duration::ZERO))
    }
}

/// Runs a clock until it is dropped.
#[derive(Debug)]
pub struct RunningClock<'c>(&'c Clock);

impl RunningClock<'static> {
    pub(super) fn start(phase: RunPhase) -> Self {
        Self::run_clock(&CLOCKS[phase as usize])
    }
}

impl<'c> RunningClock<'c> {
    fn run_clock(clock: &'c Clock) -> Self {
        let mut times = clock.times();
        times.running += 1;
        times.since.get_or_insert_with(Instant::now);
        drop(times);
        Self(clock)
    }
}

impl Drop for RunningClock<'_> {
    fn drop(&mut self) {
        let mut times = self.0.times();
        times.running -= 1;
        if times.running == 0
            && let Some(since) = times.since.take()
        {
            times.ended += since.elapsed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_up_is_not_in_flight() {
        // Other tests of this process may pump too; this one looks at its own part.
        let flight = InFlight::default();
        flight.read(1000);
        flight.read(500);
        flight.written(1000);
        assert_eq!(flight.0.load(Ordering::Relaxed), 500);
    }

    #[test]
    fn a_clock_adds_up_and_shows_what_is_under_way() {
        static OWN: Clock = Clock::new();
        assert_eq!(OWN.spent(), None);
        let first = RunningClock::run_clock(&OWN);
        let under_way = OWN.spent().unwrap();
        drop(first);
        let ended = OWN.spent().unwrap();
        assert!(ended >= under_way);
        drop(RunningClock::run_clock(&OWN));
        assert!(OWN.spent().unwrap() > ended);
    }

    #[test]
    fn times_that_overlap_count_once() {
        let clock = Clock::default();
        let began = Instant::now();
        let (first, second) = (RunningClock::run_clock(&clock), RunningClock::run_clock(&clock));
        drop(first);
        assert!(clock.times().since.is_some(), "the second one is still under way");
        drop(second);
        assert!(clock.times().since.is_none());
        assert!(clock.spent().unwrap() <= began.elapsed());
    }
}
