use super::*;
use std::fs;
use tempfile::TempDir;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
const MACHINE: u64 = 16 * 1024 * MIB;
const OWN: &str = "proc/self/cgroup";

/// A folder that stands for `/`.
pub(crate) fn tree(files: &[(&str, &str)]) -> TempDir {
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
    memory(root.path())
}

#[test]
fn the_limit_is_the_least_of_the_groups_above() {
    for (what, files, expected) in [
        ("nothing is readable", &[][..], None),
        ("v2", &[(OWN, "0::/pod/a\n"), ("sys/fs/cgroup/pod/a/memory.max", "134217728\n")], Some(128 * MIB)),
        (
            "v2, the parent has less",
            &[
                (OWN, "0::/pod/a\n"),
                ("sys/fs/cgroup/pod/a/memory.max", "max\n"),
                ("sys/fs/cgroup/pod/memory.max", "67108864\n"),
            ],
            Some(64 * MIB),
        ),
        ("v2 in a namespace", &[(OWN, "0::/\n"), ("sys/fs/cgroup/memory.max", "1048576")], Some(MIB)),
        ("v2 unlimited", &[(OWN, "0::/a\n"), ("sys/fs/cgroup/a/memory.max", "max\n")], None),
        (
            "v1",
            &[
                (OWN, "9:cpu,cpuacct:/x\n4:memory:/docker/b\n0::/\n"),
                ("sys/fs/cgroup/memory/docker/b/memory.limit_in_bytes", "134217728\n"),
                ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
                ("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "1\n"),
            ],
            Some(128 * MIB),
        ),
        (
            "v1, the path is the host's",
            &[
                (OWN, "4:memory:/kubepods/pod1/c\n"),
                ("sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n"),
            ],
            Some(256 * MIB),
        ),
        (
            "v1 unlimited",
            &[
                (OWN, "4:memory:/a\n"),
                ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n"),
            ],
            None,
        ),
        (
            "hybrid",
            &[
                (OWN, "4:memory:/a\n0::/b\n"),
                ("sys/fs/cgroup/unified/b/memory.max", "99999999\n"),
                ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "88888888\n"),
            ],
            Some(88_888_888),
        ),
        (
            "outside of the namespace",
            &[(OWN, "0::/../c\n"), ("sys/fs/cgroup/memory.max", "7777777\n"), ("sys/fs/memory.max", "1\n")],
            Some(7_777_777),
        ),
        (
            "more than the machine has",
            &[(OWN, "0::/\n"), ("sys/fs/cgroup/memory.max", "99999999999999")],
            None,
        ),
        ("no number", &[(OWN, "0::/\nx\n"), ("sys/fs/cgroup/memory.max", "much")], None),
    ] {
        assert_eq!(found(files), expected, "{what}");
    }
}

/// On a machine of 16 CPUs.
fn cpus_of(files: &[(&str, &str)]) -> u64 {
    let status = "Name:\tx\nCpus_allowed:\tffff\nCpus_allowed_list:\t0-15\nMems_allowed_list:\t0\n";
    let all: Vec<_> = [("proc/self/status", status)].iter().chain(files).copied().collect();
    cpus(tree(&all).path())
}

#[test]
fn the_cpus_are_the_least_quota_rounded_up_or_the_affinity() {
    let (v2, quota, period) = ("sys/fs/cgroup/cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us");
    let v1 = |folder: &str, file: &str| format!("sys/fs/cgroup/{folder}/{file}");
    let status = "proc/self/status";
    for (what, expected, files) in [
        ("no group", 16, vec![]),
        ("v2", 2, vec![(OWN, "0::/\n"), (v2, "200000 100000\n")]),
        ("v2, a half", 1, vec![(OWN, "0::/\n"), (v2, "50000 100000\n")]),
        ("v2, one and a half", 2, vec![(OWN, "0::/\n"), (v2, "150000 100000\n")]),
        ("v2, almost nothing", 1, vec![(OWN, "0::/\n"), (v2, "1000 100000\n")]),
        ("v2, another period", 3, vec![(OWN, "0::/\n"), (v2, "25001 10000\n")]),
        ("v2, unlimited", 16, vec![(OWN, "0::/\n"), (v2, "max 100000\n")]),
        ("v2, more than there are", 16, vec![(OWN, "0::/\n"), (v2, "6400000 100000\n")]),
        (
            "v2, the parent has less",
            3,
            vec![
                (OWN, "0::/pod/a\n"),
                ("sys/fs/cgroup/pod/a/cpu.max", "800000 100000\n"),
                ("sys/fs/cgroup/pod/cpu.max", "300000 100000\n"),
            ],
        ),
        ("v2, nonsense", 16, vec![(OWN, "0::/\n"), (v2, "much")]),
        ("v2, no period", 16, vec![(OWN, "0::/\n"), (v2, "100000 0")]),
        (
            "v1",
            3,
            vec![
                (OWN, "9:cpu,cpuacct:/x\n4:memory:/m\n0::/\n"),
                (&v1("cpu,cpuacct/x", quota), "250000\n"),
                (&v1("cpu,cpuacct/x", period), "100000\n"),
            ],
        ),
        (
            "v1, unlimited, and the path is the host's",
            16,
            vec![
                (OWN, "9:cpu:/kubepods/pod1/c\n"),
                (&v1("cpu", quota), "-1\n"),
                (&v1("cpu", period), "100000\n"),
            ],
        ),
        (
            "v1, the group of another controller",
            16,
            vec![
                (OWN, "9:cpuset:/x\n"),
                (&v1("cpu/x", quota), "100000\n"),
                (&v1("cpu/x", period), "100000\n"),
            ],
        ),
        ("pinned to some", 5, vec![(status, "Cpus_allowed_list:\t0-2,7,9\n")]),
        (
            "pinned to fewer than the quota",
            1,
            vec![(OWN, "0::/\n"), (v2, "400000 100000\n"), (status, "Cpus_allowed_list:\t3\n")],
        ),
    ] {
        assert_eq!(cpus_of(&files), expected, "{what}");
    }
}

#[test]
fn without_proc_the_standard_library_knows() {
    let expected = std::thread::available_parallelism().unwrap().get() as u64;
    for files in [&[][..], &[("proc/self/status", "Cpus_allowed_list:\t7-3\n")]] {
        assert_eq!(cpus(tree(files).path()), expected);
    }
    assert!(cpus(Path::new("/")) >= 1);
}
