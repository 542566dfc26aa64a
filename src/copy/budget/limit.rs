//! The memory limit of the process's control groups, and the memory of the machine. What cannot be read is no limit.

use std::path::{Path, PathBuf};

/// The least limit of the own control group and those above it; None where there is none below the machine's memory.
pub(super) fn limit(root: &Path) -> Option<u64> {
    let machine = machine(root).unwrap_or(u64::MAX);
    let groups = std::fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let limits = groups.lines().filter_map(|line| {
        // hierarchy:controllers:path
        let mut parts = line.splitn(3, ':');
        let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        if controllers.is_empty() {
            let mounts = ["sys/fs/cgroup", "sys/fs/cgroup/unified"];
            return mounts.iter().filter_map(|mount| least(&root.join(mount), path, "memory.max")).min();
        }
        if controllers.split(',').any(|name| name == "memory") {
            return least(&root.join("sys/fs/cgroup/memory"), path, "memory.limit_in_bytes");
        }
        None
    });
    // Version 1 says "unlimited" by the largest number of whole pages.
    limits.min().filter(|bytes| *bytes < machine && *bytes < 1 << 60)
}

/// The least number in `file` of the group and its ancestors, as far as they are visible: in a container without a
/// namespace of its own, the path is the host's, and only the mount's root is there.
fn least(mount: &Path, group: &str, file: &str) -> Option<u64> {
    // A group outside of the namespace's root is shown as `/../…`.
    let names = group.split('/').filter(|name| !name.is_empty() && *name != "..");
    let own = names.fold(PathBuf::from(mount), |path, name| path.join(name));
    own.ancestors()
        .take_while(|folder| folder.starts_with(mount))
        .filter_map(|folder| number(&std::fs::read_to_string(folder.join(file)).ok()?))
        .min()
}

/// None for `max`.
fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The machine's memory: MemTotal of /proc/meminfo.
pub(super) fn machine(root: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    number(line.trim().strip_suffix("kB")?)?.checked_mul(1024)
}
