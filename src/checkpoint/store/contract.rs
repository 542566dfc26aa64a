//! What every store must do; called with each implementation. `tests/integration/store.rs` includes this file too.

use super::{PutOutcome, Store, Tag};
use bytes::Bytes;
use futures_util::future::join_all;
use std::sync::Arc;

fn stored(outcome: PutOutcome) -> Tag {
    match outcome {
        PutOutcome::Stored { tag, .. } => tag,
        PutOutcome::Conflict => panic!("expected the write to be stored, but it was a conflict"),
    }
}

async fn body(store: &dyn Store, key: &str) -> String {
    let object = store.get(key).await.unwrap().expect("the object must be there");
    String::from_utf8(object.body.to_vec()).unwrap()
}

/// Everything below, one after the other, under keys of its own.
pub(crate) async fn holds(store: Arc<dyn Store>, root: &str) {
    reads_what_was_written(&*store, &format!("{root}/a")).await;
    conditions_hold(&*store, &format!("{root}/b")).await;
    lists_and_deletes(&*store, &format!("{root}/c")).await;
    strange_names(&*store, &format!("{root}/d")).await;
    listings_tell_versions(&*store, &format!("{root}/g")).await;
    one_creator_wins(Arc::clone(&store), &format!("{root}/e/one.json")).await;
    no_update_is_lost(store, &format!("{root}/f/counter.json")).await;
}

async fn reads_what_was_written(store: &dyn Store, root: &str) {
    let key = format!("{root}/object.json");
    assert!(store.get(&key).await.unwrap().is_none());
    let tag = stored(store.create(&key, Bytes::from_static(b"one")).await.unwrap());
    let object = store.get(&key).await.unwrap().unwrap();
    assert_eq!((&object.body[..], &object.tag), (&b"one"[..], &tag));
    let age = object.now.duration_since(object.modified).as_secs();
    assert!((-2..=60).contains(&age), "written {age} s ago by the store's clock");
}

async fn conditions_hold(store: &dyn Store, root: &str) {
    let key = format!("{root}/object.json");
    let first = stored(store.create(&key, Bytes::from_static(b"one")).await.unwrap());
    assert_eq!(store.create(&key, Bytes::from_static(b"two")).await.unwrap(), PutOutcome::Conflict);
    assert_eq!(body(store, &key).await, "one");
    let second = stored(store.replace(&key, Bytes::from_static(b"three"), &first).await.unwrap());
    assert_ne!(first, second);
    let stale = store.replace(&key, Bytes::from_static(b"four"), &first).await.unwrap();
    assert_eq!(stale, PutOutcome::Conflict);
    assert_eq!(body(store, &key).await, "three");
    store.delete(&key).await.unwrap();
    let absent = store.replace(&key, Bytes::from_static(b"five"), &second).await.unwrap();
    assert_eq!(absent, PutOutcome::Conflict);
    assert!(store.get(&key).await.unwrap().is_none());
}

/// If a listing says which version of an object there is, it is the one that a read finds.
async fn listings_tell_versions(store: &dyn Store, root: &str) {
    let key = format!("{root}/object.json");
    let first = stored(store.create(&key, Bytes::from_static(b"one")).await.unwrap());
    let second = stored(store.replace(&key, Bytes::from_static(b"two"), &first).await.unwrap());
    let listed = store.list_versions(&format!("{root}/")).await.unwrap();
    assert_eq!(listed.iter().map(|object| &object.key).collect::<Vec<_>>(), [&key]);
    let Some(version) = &listed[0].version else { return };
    assert!(second.means(&version.tag) && !first.means(&version.tag), "{second} {}", version.tag);
    let object = store.get(&key).await.unwrap().unwrap();
    assert_eq!(version.modified.as_second(), object.modified.as_second());
    assert!(version.now >= version.modified);
}

async fn lists_and_deletes(store: &dyn Store, root: &str) {
    assert_eq!(store.list(&format!("{root}/")).await.unwrap(), Vec::<String>::new());
    for name in ["tables/2.json", "tables/1.json", "plan.json", "tables-of-another/1.json"] {
        stored(store.create(&format!("{root}/{name}"), Bytes::from_static(b"{}")).await.unwrap());
    }
    let tables = store.list(&format!("{root}/tables/")).await.unwrap();
    assert_eq!(tables, [format!("{root}/tables/1.json"), format!("{root}/tables/2.json")]);
    assert_eq!(store.list(&format!("{root}/tables/2")).await.unwrap(), [format!("{root}/tables/2.json")]);
    assert_eq!(store.list(&format!("{root}/")).await.unwrap().len(), 4);
    store.delete(&tables[0]).await.unwrap();
    store.delete(&tables[0]).await.unwrap();
    assert_eq!(store.list(&format!("{root}/tables/")).await.unwrap(), tables[1..]);
}

async fn strange_names(store: &dyn Store, root: &str) {
    let key = format!("{root}/tables/00001-my%20schema.Gr%C3%B6%C3%9Fe%2E%5B%5D.json");
    stored(store.create(&key, Bytes::from_static(b"one")).await.unwrap());
    assert_eq!(store.list(&format!("{root}/")).await.unwrap(), std::slice::from_ref(&key));
    assert_eq!(body(store, &key).await, "one");
}

async fn one_creator_wins(store: Arc<dyn Store>, key: &str) {
    let creators = (0..20).map(|number| {
        let (store, key) = (Arc::clone(&store), key.to_owned());
        tokio::spawn(async move { store.create(&key, Bytes::from(format!("pod {number}"))).await.unwrap() })
    });
    let outcomes: Vec<_> = join_all(creators).await.into_iter().map(Result::unwrap).collect();
    let winners: Vec<_> = outcomes
        .iter()
        .enumerate()
        .filter(|(_, outcome)| matches!(outcome, PutOutcome::Stored { .. }))
        .collect();
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    assert_eq!(body(&*store, key).await, format!("pod {}", winners[0].0));
}

/// Five writers count to 50 together, ten steps each.
async fn no_update_is_lost(store: Arc<dyn Store>, key: &str) {
    stored(store.create(key, Bytes::from_static(b"0")).await.unwrap());
    let writers = (0..5).map(|_| {
        let (store, key) = (Arc::clone(&store), key.to_owned());
        tokio::spawn(async move { count(&*store, &key, 10).await })
    });
    join_all(writers).await.into_iter().for_each(Result::unwrap);
    assert_eq!(body(&*store, key).await, "50");
}

/// Adds one, `times` times, by compare and swap.
pub(crate) async fn count(store: &dyn Store, key: &str, times: u32) {
    let mut done = 0;
    while done < times {
        let object = store.get(key).await.unwrap().unwrap();
        let number: u32 = std::str::from_utf8(&object.body).unwrap().parse().unwrap();
        let next = Bytes::from((number + 1).to_string());
        if matches!(store.replace(key, next, &object.tag).await.unwrap(), PutOutcome::Stored { .. }) {
            done += 1;
        }
    }
}
