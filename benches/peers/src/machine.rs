//! On what machine, and how busy it was with other things.

use std::{fmt, process::Command, thread::available_parallelism};

/// What the machine did, from here on.
pub(crate) struct Load {
    begin: Option<Ticks>,
}

/// Of the clock that the system counts processor time with.
#[derive(Clone, Copy)]
struct Ticks {
    /// All that passed, on all cores.
    all: u64,
    /// That some program worked.
    busy: u64,
    /// That this one did, and those that it started and that have ended.
    own: u64,
}

impl Load {
    pub(crate) fn begin() -> Self {
        Self { begin: Ticks::now() }
    }

    pub(crate) fn end(&mut self) -> Others {
        let share = self.begin.zip(Ticks::now()).and_then(|(begin, end)| end.others_since(begin));
        Others(share)
    }
}

/// How many cores other programs kept busy, on average; unknown where the system does not tell.
#[derive(Clone, Copy)]
pub(crate) struct Others(Option<f64>);

impl Others {
    /// A twentieth of a core is what a machine does by itself.
    pub(crate) fn is_quiet(self) -> bool {
        self.0.is_some_and(|cores| cores < 0.05)
    }
}

impl fmt::Display for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(cores) = self.0 else { return f.write_str("busy or not, this system does not tell") };
        let word = if self.is_quiet() { "quiet" } else { "busy" };
        write!(f, "{word}: other programs took {cores:.2} cores")
    }
}

impl Ticks {
    /// Linux tells in `/proc` (proc(5)).
    fn now() -> Option<Self> {
        let stat = std::fs::read_to_string("/proc/stat").ok()?;
        let total = stat.lines().next()?.strip_prefix("cpu ")?;
        // user nice system idle iowait irq softirq steal; guests are counted among users.
        let total: Vec<u64> = total.split_whitespace().take(8).filter_map(|part| part.parse().ok()).collect();
        let all = total.iter().sum();
        let own = std::fs::read_to_string("/proc/self/stat").ok()?;
        // After the name, which may have anything in it: fields 3 and on. 14 to 17 are utime, stime, cutime and cstime.
        let own = own.rsplit_once(')')?.1.split_whitespace().skip(11).take(4);
        let own = own.map(str::parse::<u64>).sum::<Result<u64, _>>().ok()?;
        Some(Self { all, busy: all - total.get(3)? - total.get(4)?, own })
    }

    fn others_since(self, begin: Self) -> Option<f64> {
        let [all, busy, own] = [
            self.all.checked_sub(begin.all)?,
            self.busy.checked_sub(begin.busy)?,
            self.own.checked_sub(begin.own)?,
        ];
        if all == 0 {
            return None;
        }
        #[allow(clippy::cast_precision_loss, reason = "a share")]
        Some(busy.saturating_sub(own) as f64 / all as f64 * cores() as f64)
    }
}

pub(crate) fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}

/// The processor, as it calls itself.
pub(crate) fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.trim().strip_prefix(':'));
    model.map_or_else(|| std::env::consts::ARCH.to_owned(), |model| model.trim().to_owned())
}

/// Which of the instructions that matter here it has.
pub(crate) fn instructions() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = info.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
    let has = |name: &&str| flags.split_whitespace().any(|flag| flag == *name);
    ["avx2", "avx512ifma", "adx", "sha_ni"].into_iter().filter(has).collect::<Vec<_>>().join(", ")
}

pub(crate) fn compiler() -> String {
    let version = Command::new("rustc").arg("--version").output();
    version.map_or_else(|_| "rustc".to_owned(), |out| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}
