use super::*;
use crate::limits::tests::tree;
use tempfile::TempDir;

fn jobs(count: usize) -> Workers {
    Workers { jobs: NonZeroUsize::new(count).unwrap(), rejects: false }
}

#[test]
fn the_budget_is_given_or_the_limit_or_a_part_of_the_machine() {
    let unlimited = tree(&[("proc/meminfo", "MemTotal: 1048576 kB\n")]);
    let limited = tree(&[("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "134217728\n")]);
    let nothing = tree(&[]);
    let limits = |memory, root: &TempDir| granted(memory, jobs(4), root.path()).unwrap();
    assert_eq!(limits(None, &limited), shared(128 * MIB - PROGRAM, jobs(4)).unwrap());
    assert_eq!(limits(None, &unlimited), shared(256 * MIB, jobs(4)).unwrap());
    assert_eq!(limits(None, &nothing), shared(WITHOUT_LIMIT, jobs(4)).unwrap());
    for root in [&limited, &unlimited, &nothing] {
        assert_eq!(limits(Some(64 * MIB), root), shared(64 * MIB, jobs(4)).unwrap());
    }
}

#[test]
fn a_limit_of_the_address_space_counts_where_it_is_the_tighter_one() {
    let limits = |soft: &str| {
        format!(
            "Limit                     Soft Limit           Hard Limit           Units\nMax address space         {soft}          unlimited            bytes\n"
        )
    };
    let of = |space: &str, container: Option<&str>| {
        let (limits, meminfo) = (limits(space), "MemTotal: 16777216 kB\n");
        let mut files = vec![
            ("proc/self/limits", limits.as_str()),
            ("proc/meminfo", meminfo),
            ("proc/self/cgroup", "0::/\n"),
        ];
        files.extend(container.map(|bytes| ("sys/fs/cgroup/memory.max", bytes)));
        size(None, tree(&files).path())
    };
    let (wide, tight) = ((4096 * MIB).to_string(), (320 * MIB).to_string());
    assert_eq!(of("unlimited", Some("134217728")).0, 128 * MIB - PROGRAM);
    assert_eq!(of(&wide, Some("134217728")).0, 128 * MIB - PROGRAM);
    assert_eq!(of(&wide, None).0, WITHOUT_LIMIT);
    assert_eq!(of(&tight, Some("1073741824")).0, 64 * MIB);
    assert_eq!(
        of(&tight, None),
        (64 * MIB, "the limit of 320 MiB of the address space (ulimit -v)".to_owned())
    );
    assert_eq!(of("1000", None).0, 0);
}

#[test]
fn the_parts_together_are_no_more_than_the_budget() {
    for (count, rejects) in (1..=64).flat_map(|count| [(count, false), (count, true)]) {
        let workers = Workers { rejects, ..jobs(count) };
        let least = least(workers);
        assert_eq!(shared(least - MIB, workers), None, "{workers:?}");
        for bytes in (least..=4096 * MIB).step_by(usize::try_from(37 * MIB + 4321).unwrap()) {
            let limits = shared(bytes, workers).unwrap();
            let [batch, share, value] = [limits.batch, limits.share, limits.value].map(|size| size as u64);
            let fixed = WORKER + if rejects { REJECTS } else { 0 };
            let all = count as u64 * (fixed + BATCHES * (batch + share + OVER)) + value + OVER;
            assert!(all <= bytes, "{workers:?}, {bytes}: {limits:?}");
            assert!(batch <= BATCH && share <= SHARE && value >= share, "{limits:?}");
        }
    }
    assert_eq!(shared(1024 * MIB, jobs(2)).unwrap().batch as u64, BATCH);
}

#[test]
fn too_little_memory_says_how_much_it_takes() {
    let limited = tree(&[("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "50331648\n")]);
    let error = granted(None, jobs(2), limited.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let says = "the container's limit of 48 MiB is too little memory for 2 chunks at once: give the container at least \
                54 MiB, or say --memory 6MiB, or lower --jobs";
    assert!(error.to_string().contains(says), "{error}");
    assert!(granted(Some(6 * MIB), jobs(2), limited.path()).is_ok());
    let error = granted(Some(16 * MIB), jobs(64), limited.path()).unwrap_err();
    assert!(error.to_string().contains("--memory is too little memory for 64 chunks at once: give at least"));
}

#[test]
fn no_more_jobs_than_the_memory_is_enough_for() {
    let of = |mib: u64| {
        let limit = (mib * MIB).to_string();
        let root = tree(&[("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", &limit)]);
        fitting(None, jobs(8), root.path()).get()
    };
    assert_eq!([of(1024), of(128), of(64), of(54), of(48), of(1)], [8, 8, 5, 2, 1, 1]);
    // What fits is no error, and one more is.
    let root = tree(&[("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "67108864")]);
    assert!(granted(None, jobs(5), root.path()).is_ok());
    assert!(granted(None, jobs(6), root.path()).is_err());
    assert_eq!(fitting(Some(1024 * MIB), jobs(8), root.path()).get(), 8);
}

#[test]
fn rows_that_are_left_out_have_their_place_in_the_budget() {
    let root = tree(&[]);
    let with = |count| Workers { rejects: true, ..jobs(count) };
    assert!(granted(Some(16 * MIB), jobs(4), root.path()).is_ok());
    let error = granted(Some(16 * MIB), with(4), root.path()).unwrap_err();
    let says = "--memory is too little memory for 4 chunks at once with --rejects: give at least 19 MiB, or lower --jobs";
    assert!(error.to_string().contains(says), "{error}");
    assert!(fitting(Some(64 * MIB), with(32), root.path()) < fitting(Some(64 * MIB), jobs(32), root.path()));
}
