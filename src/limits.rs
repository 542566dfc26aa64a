//! What the process may take: memory and CPUs, by its control groups (v1 or v2), its affinity, and the machine. What
//! cannot be read is no limit.
//!
//! Linux: cgroups(7); Control Group v2, "memory.max", "cpu.max"; cgroup-v1/memory, "memory.limit_in_bytes"; CFS
//! bandwidth control, "cpu.cfs_quota_us"; proc_pid_status(5), "Cpus_allowed_list".

pub mod memory;

use std::path::{Path, PathBuf};

/// The least memory limit of the own control group and those above it; None if there is none below the machine's
/// memory. `root`: `/`, or in a test what stands for it.
#[must_use]
pub fn memory(root: &Path) -> Option<u64> {
    let machine = machine_memory(root).unwrap_or(u64::MAX);
    let limit = |folder: PathBuf, file| number(&read(&folder.join(file))?);
    let least = groups(root, "memory", &["memory"])
        .filter_map(|(folder, v2)| limit(folder, if v2 { "memory.max" } else { "memory.limit_in_bytes" }))
        .min();
    // Version 1 says "unlimited" by the largest number of whole pages.
    least.filter(|bytes| *bytes < machine && *bytes < 1 << 60)
}

/// The most address space that the process may use (`RLIMIT_AS`, `ulimit -v`); None if it is not limited.
/// proc_pid_limits(5).
#[must_use]
pub fn address_space(root: &Path) -> Option<u64> {
    let text = read(&root.join("proc/self/limits"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    // The soft limit, the hard one, the unit; `unlimited` is no number.
    number(line.split_whitespace().next()?)
}

/// The machine's memory: MemTotal of /proc/meminfo.
#[must_use]
pub fn machine_memory(root: &Path) -> Option<u64> {
    let text = read(&root.join("proc/meminfo"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    number(line.strip_suffix("kB")?)?.checked_mul(1024)
}

/// CPUs that the process can keep busy: the least quota of its control groups, rounded up, and no more than its
/// affinity lets it run on. At least 1.
#[must_use]
pub fn cpus(root: &Path) -> u64 {
    let quota = groups(root, "cpu", &["cpu", "cpu,cpuacct"])
        .filter_map(|(folder, v2)| {
            if v2 {
                let text = read(&folder.join("cpu.max"))?;
                let (quota, period) = text.trim().split_once(' ')?;
                quotient(quota, period)
            } else {
                quotient(&read(&folder.join("cpu.cfs_quota_us"))?, &read(&folder.join("cpu.cfs_period_us"))?)
            }
        })
        .min();
    let allowed = allowed(root).unwrap_or_else(|| {
        std::thread::available_parallelism().map_or(1, |cpus| u64::try_from(cpus.get()).unwrap_or(1))
    });
    quota.unwrap_or(u64::MAX).min(allowed).max(1)
}

/// Rounded up; None for `max` and -1, which are no quota.
fn quotient(quota: &str, period: &str) -> Option<u64> {
    Some(number(quota)?.div_ceil(number(period).filter(|period| *period > 0)?))
}

/// How many CPUs the affinity names: `0-3,8`.
fn allowed(root: &Path) -> Option<u64> {
    let text = read(&root.join("proc/self/status"))?;
    let list = text.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    list.trim()
        .split(',')
        .map(|part| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            number(last)?.checked_sub(number(first)?)?.checked_add(1)
        })
        .sum()
}

/// The folders of the own control group and of its ancestors that may limit `controller`, as far as they are visible:
/// in a container without a namespace of its own, the path is the host's, and only the mount's root is there. With
/// each, whether it is of version 2. `mounts`: names of version 1's mount.
fn groups(root: &Path, controller: &str, mounts: &[&str]) -> impl Iterator<Item = (PathBuf, bool)> {
    let own = read(&root.join("proc/self/cgroup")).unwrap_or_default();
    let mut found = Vec::new();
    for line in own.lines() {
        // hierarchy:controllers:path
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(group)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let (v2, mounts) = match controllers {
            "" => (true, &["", "unified"][..]),
            names if names.split(',').any(|name| name == controller) => (false, mounts),
            _ => continue,
        };
        for mount in mounts {
            let mount = root.join("sys/fs/cgroup").join(mount);
            // A group outside of the namespace's root is shown as `/../…`.
            let names = group.split('/').filter(|name| !name.is_empty() && *name != "..");
            let folder = names.fold(mount.clone(), |path, name| path.join(name));
            let above = folder.ancestors().take_while(|folder| folder.starts_with(&mount));
            found.extend(above.map(|folder| (folder.to_owned(), v2)));
        }
    }
    found.into_iter()
}

fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// None for `max` and for what is negative.
fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

#[cfg(test)]
#[path = "limits/tests.rs"]
pub(crate) mod tests;
