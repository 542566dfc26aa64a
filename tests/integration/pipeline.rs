//! The whole job: plan, shards as pods of their own, finish, status, and every way to go on.

use super::harness::World;

#[test]
fn three_shards_at_once_then_finish_then_nothing_is_left_to_do() {
    let world = World::new();
    world.company(30, 6000, 1);
    world.prepare();
    let pods = ["1/3", "2/3", "3/3"]
        .map(|shard| world.command(&["sync", "--shard", shard]).pod(&format!("pod-{}", &shard[..1])).spawn());
    for pod in pods {
        pod.wait().exits(0);
    }
    let rows = world.assert_equal();
    world.succeed(&["finish"]);
    assert_eq!(world.object("finish.json").unwrap()["status"]["status"], "completed");
    let before = world.server.stats().rows();
    for shard in 1..=7 {
        let name = format!("{shard}/7");
        let done = world.succeed(&["sync", "--shard", &name]);
        assert_eq!(done.lines_with("Processing:"), Vec::<&str>::new());
        assert!(done.lines_with("Skipping").iter().all(|line| line.contains("(already completed)")));
    }
    println!("{} rows of catalogs", world.server.stats().rows() - before);
    assert_eq!(world.assert_equal(), rows);
}
