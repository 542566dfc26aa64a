use super::*;
use crate::settings::Throttle as Limits;

fn replica(name: &str, lag: Option<u64>, replayed: u64, written: u64) -> Replica {
    Replica { name: name.to_owned(), lag: lag.map(Duration::from_secs), replayed, written }
}

fn seconds(of: Option<(&str, Duration)>) -> (String, u64) {
    of.map_or_else(Default::default, |(name, lag)| (name.to_owned(), lag.as_secs()))
}

#[test]
fn the_lag_is_what_the_server_says_or_how_long_we_have_waited() {
    let mut lags = Lags::default();
    let mut now = Instant::now();
    let mut look = |pause, replicas: &[Replica]| {
        now += Duration::from_secs(pause);
        seconds(lags.worst(replicas, now))
    };
    assert_eq!(look(0, &[]), (String::new(), 0));
    // What the server measured counts from the first look; if all is replayed, it is an old measurement.
    assert_eq!(look(0, &[replica("a", Some(30), 5, 9)]), ("a".to_owned(), 30));
    assert_eq!(look(2, &[replica("a", Some(30), 9, 9)]), ("a".to_owned(), 0));
    // Without a measurement: since it was first seen not to be there.
    assert_eq!(look(2, &[replica("a", None, 9, 20)]).1, 0);
    assert_eq!(look(2, &[replica("a", None, 19, 50)]).1, 2);
    assert_eq!(look(9, &[replica("a", Some(3), 19, 50)]).1, 11);
    // It has passed that place, though not the newest one.
    assert_eq!(look(1, &[replica("a", None, 30, 60)]).1, 0);
    assert_eq!(look(5, &[replica("a", None, 59, 60)]).1, 5);
    // Away for a while, and back where it was: no better for that.
    assert_eq!(look(100, &[]).1, 0);
    assert_eq!(look(1, &[replica("a", None, 59, 99)]).1, 106);
    // The worst one counts, and is named.
    let both = [replica("a", None, 99, 99), replica("b", Some(4), 1, 99), replica("c", Some(1), 98, 99)];
    assert_eq!(look(1, &both), ("b".to_owned(), 4));
}

fn watcher(limit: u64) -> Watcher {
    let limit = Duration::from_secs(limit);
    let limits = Limits { max_replica_lag: Some(limit), ..Limits::default() };
    Watcher {
        target: TargetSettings::parse("postgres://u@h/d").unwrap(),
        throttle: Arc::new(Throttle::new(limits)),
        client: None,
        lags: Lags::default(),
        limit,
        said: None,
        none_said: false,
        failing_since: None,
    }
}

/// May a worker write?
fn goes(watcher: &Watcher) -> bool {
    use futures_util::FutureExt;
    watcher.throttle.wait(1, 1).now_or_never().is_some()
}

#[test]
fn workers_wait_above_the_limit_and_go_on_below_half_of_it() {
    let mut watcher = watcher(10);
    let now = Instant::now();
    assert!(!goes(&watcher), "before the first answer");
    let expected =
        [(0, true), (10, true), (11, false), (10, false), (6, false), (5, true), (9, true), (60, false)];
    for (lag, expected) in expected {
        watcher.answered(&[replica("a", Some(lag), 1, 2)], now);
        assert_eq!(goes(&watcher), expected, "{lag}");
    }
    watcher.answered(&[], now);
    assert!(goes(&watcher), "none is connected any more");
}

#[test]
fn a_target_that_cannot_be_asked_does_not_stop_the_copy_for_good() {
    let error = Error::new(ErrorKind::TargetUnavailable, "away");
    let mut watcher = watcher(10);
    let mut now = Instant::now();
    watcher.answered(&[replica("a", Some(11), 1, 2)], now);
    for (pause, expected) in [(1, false), (59, false), (1, true), (100, true)] {
        now += Duration::from_secs(pause);
        watcher.failed(&error, now);
        assert_eq!(goes(&watcher), expected, "after {pause} more");
    }
    watcher.answered(&[replica("a", Some(11), 1, 2)], now);
    assert!(!goes(&watcher));
    // A short interruption changes nothing, and the minute begins anew.
    watcher.failed(&error, now);
    now += Duration::from_secs(30);
    watcher.answered(&[replica("a", Some(0), 2, 2)], now);
    assert!(goes(&watcher));
    watcher.failed(&error, now);
    assert!(goes(&watcher));
}
