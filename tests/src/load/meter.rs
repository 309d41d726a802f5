//! CPU time of a process and all its descendants, the ended ones included, and the most memory
//! the process ever held, from /proc.

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

/// Linux counts CPU time for user space in hundredths of a second.
const TICKS_PER_SECOND: u64 = 100;

/// Watches one process and what it starts.
#[derive(Debug, Clone, Copy)]
pub struct Meter {
    process: u32,
}

impl Meter {
    /// Of the process with this id.
    pub fn of(process: u32) -> Self {
        Self { process }
    }

    /// CPU time used so far, by the process, its living descendants and those they waited for.
    pub fn cpu(&self) -> Duration {
        let all = processes();
        let ticks: u64 = all
            .keys()
            .filter(|id| descends(**id, self.process, &all))
            .filter_map(|id| all.get(id))
            .map(|process| process.ticks)
            .sum();
        Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
    }

    /// The most memory the process itself held at any time, in octets (`VmHWM`); 0 once it ended.
    pub fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        kibibytes.and_then(|k| k.parse::<u64>().ok()).unwrap_or(0) << 10
    }
}

struct Process {
    parent: u32,
    ticks: u64,
}

fn processes() -> HashMap<u32, Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return HashMap::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            Some((id, read(&stat)?))
        })
        .collect()
}

/// Fields of proc(5): ppid is the 4th, utime, stime, cutime and cstime are the 14th to 17th. The
/// name, the 2nd, stands in brackets and may hold anything.
fn read(stat: &str) -> Option<Process> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let ticks = fields
        .get(11..15)?
        .iter()
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Some(Process {
        parent: fields.get(1)?.parse().ok()?,
        ticks,
    })
}

fn descends(id: u32, ancestor: u32, all: &HashMap<u32, Process>) -> bool {
    let parent = |id: &u32| all.get(id).map(|process| process.parent);
    // No tree of processes is deeper than there are processes.
    std::iter::successors(Some(id), parent)
        .take(all.len())
        .any(|id| id == ancestor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_of_a_child_counts_as_ours() {
        let meter = Meter::of(std::process::id());
        let before = meter.cpu();
        let status = std::process::Command::new("sh")
            .args(["-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"])
            .status();
        assert!(status.unwrap().success());
        assert!(meter.cpu() - before >= Duration::from_millis(50));
    }

    #[test]
    fn memory_that_was_given_back_still_counts() {
        let meter = Meter::of(std::process::id());
        let before = meter.peak_memory();
        drop(std::hint::black_box(vec![1_u8; 256 << 20]));
        assert!(meter.peak_memory() >= before.max(256 << 20));
    }

    #[test]
    fn a_name_with_brackets_is_read() {
        let stat = "7 (a) b) S 3 7 7 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1";
        let process = read(stat).unwrap();
        assert_eq!((process.parent, process.ticks), (3, 100));
    }
}
