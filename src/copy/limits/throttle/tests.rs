use super::*;
use futures_util::FutureExt;
use futures_util::future::join_all;
use std::sync::Mutex as StdMutex;
use tokio::task::yield_now;
use tokio::time::timeout;

fn limits(rows: u64, bytes: u64) -> Limits {
    Limits {
        rows_per_second: NonZeroU64::new(rows),
        bytes_per_second: NonZeroU64::new(bytes),
        max_replica_lag: None,
    }
}

/// A clock that nobody waits for.
struct Clock {
    limits: Limits,
    began: Instant,
    now: Instant,
    used: Used,
}

impl Clock {
    fn new(rows: u64, bytes: u64) -> Self {
        let now = Instant::now() + 10 * CREDIT;
        Self { limits: limits(rows, bytes), began: now, now, used: Used { rows: now, bytes: now } }
    }

    /// As `turn` does it; seconds that it took.
    fn write(&mut self, rows: u64, bytes: u64) -> f64 {
        let then = self.used.after(&self.limits, rows, bytes, self.now);
        let due = then.rows.max(then.bytes).max(self.now);
        self.used = then;
        (due - std::mem::replace(&mut self.now, due)).as_secs_f64()
    }

    fn idle(&mut self, millis: u64) {
        self.now += Duration::from_millis(millis);
    }

    fn elapsed(&self) -> f64 {
        (self.now - self.began).as_secs_f64()
    }
}

#[track_caller]
fn assert_equal(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
}

#[test]
fn batches_go_at_the_limit_and_no_error_adds_up() {
    let mut clock = Clock::new(1000, 0);
    for _ in 0..3000 {
        clock.write(7, 1 << 40);
    }
    assert_equal(clock.elapsed(), 21.0);
    let mut clock = Clock::new(0, 1_000_000);
    for _ in 0..100 {
        clock.write(u64::MAX, 256 * 1024);
    }
    assert_equal(clock.elapsed(), 26.2144);
    // What a row costs is no whole number of nanoseconds: never faster than the limit, and hardly slower.
    let mut clock = Clock::new(999_999_999, 0);
    for _ in 0..1000 {
        clock.write(999_999, 0);
    }
    assert!(clock.elapsed() >= 0.999_999 && clock.elapsed() < 1.001, "{}", clock.elapsed());
}

#[test]
fn the_tighter_limit_decides_and_the_other_one_adds_nothing() {
    for (rows, bytes, expected) in [(100, 1_000_000, 10.0), (1_000_000, 100, 20.0), (100, 100, 20.0)] {
        let mut clock = Clock::new(rows, bytes);
        for _ in 0..10 {
            clock.write(100, 200);
        }
        assert_equal(clock.elapsed(), expected);
    }
}

#[test]
fn a_batch_larger_than_a_second_waits_as_long_as_it_takes() {
    let mut clock = Clock::new(1, 1_000_000);
    assert_equal(clock.write(1, 2_000_000_000), 2000.0);
    // A row was earned while the bytes were waited for.
    assert_equal(clock.write(100_000, 256 * 1024), 99_999.0);
    // Longer than the sun will shine: no overflow.
    assert_equal(clock.write(u64::MAX, u64::MAX), LONGEST.as_secs_f64());
}

#[test]
fn at_most_a_second_is_kept_of_what_was_not_used() {
    let mut clock = Clock::new(1000, 0);
    for idle in [1000, 2000, 3_600_000] {
        clock.idle(idle);
        assert_equal(clock.write(1000, 0), 0.0);
        assert_equal(clock.write(500, 0), 0.5);
    }
    clock.idle(500);
    assert_equal(clock.write(1000, 0), 0.5);
}

#[tokio::test]
async fn without_a_limit_nothing_waits() {
    let throttle = Throttle::new(Limits::default());
    assert!(throttle.wait(u64::MAX, usize::MAX).now_or_never().is_some());
    assert_eq!(throttle.held().seconds(), [0.0, 0.0]);
}

#[tokio::test]
async fn workers_take_turns() {
    let throttle = Arc::new(Throttle::new(limits(0, 1_000_000)));
    let began = Instant::now();
    let order = Arc::new(StdMutex::new(Vec::new()));
    let first = throttle.used.lock().await;
    let workers: Vec<_> = (0..4)
        .map(|worker| {
            let (throttle, order) = (Arc::clone(&throttle), Arc::clone(&order));
            tokio::spawn(async move {
                for _ in 0..5 {
                    throttle.wait(1, 60_000).await;
                    order.lock().unwrap().push(worker);
                }
            })
        })
        .collect();
    // All of them wait.
    for _ in 0..10 {
        yield_now().await;
    }
    drop(first);
    for ended in join_all(workers).await {
        ended.unwrap();
    }
    let ended = began.elapsed();
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3].repeat(5));
    // 1.2 MB, of which the first second's may have been kept from before the workers came.
    assert!(ended >= Duration::from_millis(199), "{ended:?}");
    let [rate, replicas] = throttle.held().seconds();
    assert!(rate > 0.0 && rate <= ended.as_secs_f64() && replicas <= 0.0, "{rate} {replicas}");
}

#[tokio::test]
async fn a_worker_that_is_stopped_has_used_nothing_and_lets_the_next_one_go() {
    let throttle = Arc::new(Throttle::new(limits(1, 0)));
    let before = *throttle.used.lock().await;
    let spawn = |rows| {
        let throttle = Arc::clone(&throttle);
        tokio::spawn(async move { throttle.wait(rows, 0).await })
    };
    let (first, second) = (spawn(1_000_000), spawn(0));
    for _ in 0..10 {
        yield_now().await;
    }
    assert!(!first.is_finished() && !second.is_finished(), "both wait");
    first.abort();
    timeout(Duration::from_secs(60), second).await.unwrap().unwrap();
    let used = throttle.used.lock().await.rows;
    assert!(used - before.rows < Duration::from_secs(100_000), "what was not written is not used");
}

#[tokio::test]
async fn nothing_goes_through_while_a_replica_is_behind() {
    let limits = Limits { max_replica_lag: Some(Duration::from_secs(10)), ..Limits::default() };
    let throttle = Arc::new(Throttle::new(limits));
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let throttle = Arc::clone(&throttle);
            tokio::spawn(async move { throttle.wait(1, 1).await })
        })
        .collect();
    for _ in 0..10 {
        yield_now().await;
    }
    assert!(workers.iter().all(|worker| !worker.is_finished()), "before the first answer");
    assert!(throttle.set_behind(false));
    assert!(!throttle.set_behind(false));
    for worker in workers {
        timeout(Duration::from_secs(60), worker).await.unwrap().unwrap();
    }
    assert!(throttle.wait(1, 1).now_or_never().is_some());
    assert!(throttle.set_behind(true));
    assert!(throttle.wait(1, 1).now_or_never().is_none());
    let [rate, replicas] = throttle.held().seconds();
    assert!(replicas > 0.0 && rate <= 0.0, "{rate} {replicas}");
}
