use super::*;
use std::fs;
use tempfile::TempDir;

const MACHINE: u64 = 16 * 1024 * MIB;

fn tree(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn found(files: &[(&str, &str)]) -> Option<u64> {
    let meminfo = format!("MemFree: 12 kB\nMemTotal:       {} kB\n", MACHINE / KIB);
    let root = tree(&[files, &[("proc/meminfo", meminfo.as_str())]].concat());
    limit::limit(root.path())
}

#[test]
fn the_limit_is_the_least_of_the_groups_above() {
    let own = "proc/self/cgroup";
    for (what, files, expected) in [
        ("nothing is readable", &[][..], None),
        ("v2", &[(own, "0::/pod/a\n"), ("sys/fs/cgroup/pod/a/memory.max", "134217728\n")], Some(128 * MIB)),
        (
            "v2, the parent has less",
            &[
                (own, "0::/pod/a\n"),
                ("sys/fs/cgroup/pod/a/memory.max", "max\n"),
                ("sys/fs/cgroup/pod/memory.max", "67108864\n"),
            ],
            Some(64 * MIB),
        ),
        ("v2 in a namespace", &[(own, "0::/\n"), ("sys/fs/cgroup/memory.max", "1048576")], Some(MIB)),
        ("v2 unlimited", &[(own, "0::/a\n"), ("sys/fs/cgroup/a/memory.max", "max\n")], None),
        (
            "v1",
            &[
                (own, "9:cpu,cpuacct:/x\n4:memory:/docker/b\n0::/\n"),
                ("sys/fs/cgroup/memory/docker/b/memory.limit_in_bytes", "134217728\n"),
                ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
                ("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1\n"),
            ],
            Some(128 * MIB),
        ),
        (
            "v1, the path is the host's",
            &[
                (own, "4:memory:/kubepods/pod1/c\n"),
                ("sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n"),
            ],
            Some(256 * MIB),
        ),
        (
            "v1 unlimited",
            &[
                (own, "4:memory:/a\n"),
                ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n"),
            ],
            None,
        ),
        (
            "hybrid",
            &[
                (own, "4:memory:/a\n0::/b\n"),
                ("sys/fs/cgroup/unified/b/memory.max", "99999999\n"),
                ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "88888888\n"),
            ],
            Some(88_888_888),
        ),
        (
            "outside of the namespace",
            &[(own, "0::/../c\n"), ("sys/fs/cgroup/memory.max", "7777777\n"), ("sys/fs/memory.max", "1\n")],
            Some(7_777_777),
        ),
        (
            "more than the machine has",
            &[(own, "0::/\n"), ("sys/fs/cgroup/memory.max", "99999999999999")],
            None,
        ),
        ("no number", &[(own, "0::/\nx\n"), ("sys/fs/cgroup/memory.max", "much")], None),
    ] {
        assert_eq!(found(files), expected, "{what}");
    }
}

fn jobs(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

#[test]
fn the_budget_is_given_or_the_limit_or_a_part_of_the_machine() {
    let unlimited = tree(&[("proc/meminfo", "MemTotal: 1048576 kB\n")]);
    let limited = tree(&[("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "134217728\n")]);
    let nothing = tree(&[]);
    let limits = |memory, root: &TempDir| Budget::new(memory, jobs(4), root.path()).unwrap().limits();
    assert_eq!(limits(None, &limited), shared(128 * MIB - PROGRAM, 4).unwrap());
    assert_eq!(limits(None, &unlimited), shared(256 * MIB, 4).unwrap());
    assert_eq!(limits(None, &nothing), shared(WITHOUT_LIMIT, 4).unwrap());
    for root in [&limited, &unlimited, &nothing] {
        assert_eq!(limits(Some(64 * MIB), root), shared(64 * MIB, 4).unwrap());
    }
}

#[test]
fn the_parts_together_are_no_more_than_the_budget() {
    for jobs in 1..=64 {
        assert_eq!(shared(least(jobs) - MIB, jobs), None, "{jobs}");
        for bytes in (least(jobs)..=4096 * MIB).step_by(usize::try_from(37 * MIB + 4321).unwrap()) {
            let limits = shared(bytes, jobs).unwrap();
            let [batch, share, value] = [limits.batch, limits.share, limits.value].map(|size| size as u64);
            let all = jobs * (WORKER + BATCHES * (batch + share + OVER)) + value + OVER;
            assert!(all <= bytes, "{jobs} jobs, {bytes}: {limits:?}");
            assert!(batch <= BATCH && share <= SHARE && value >= share, "{limits:?}");
        }
    }
    assert_eq!(shared(1024 * MIB, 2).unwrap().batch as u64, BATCH);
}

#[test]
fn too_little_memory_says_how_much_it_takes() {
    let limited = tree(&[("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "50331648\n")]);
    let error = Budget::new(None, jobs(2), limited.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let says = "the container's limit of 48 MiB is too little memory for 2 chunks at once: give the container at least \
                54 MiB, or say --memory 6MiB, or lower --jobs";
    assert!(error.to_string().contains(says), "{error}");
    assert!(Budget::new(Some(6 * MIB), jobs(2), limited.path()).is_ok());
    let error = Budget::new(Some(16 * MIB), jobs(64), limited.path()).unwrap_err();
    assert!(error.to_string().contains("--memory is too little memory for 64 chunks at once: give at least"));
}
