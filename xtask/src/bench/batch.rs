//! What a line of `kycvs verify --batch` costs in files of a thousand to a million answers, and how much memory that takes.
//!
//! Each file is verified as often in a round as makes a million lines, so that the clock, which counts hundredths of a
//! second, sees them all alike; a file of one line as often as that of a thousand. The rounds take turns. Processor time
//! and memory are the children's own, as GNU time reports them: of the shell that starts them one by one and of
//! `kycvs`, whichever is largest.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use crate::context::{Context, Stop};
use crate::tools;

/// Measures, prints, and with `check` fails where a bound is broken.
pub(crate) fn run(check: bool, rounds: usize) -> ExitCode {
    let result = Context::new("bench-batch")
        .map_err(Stop::from)
        .and_then(|mut context| measure(&mut context, rounds.max(1)));
    super::close(result, check)
}

fn measure(context: &mut Context, rounds: usize) -> Result<Vec<String>, Stop> {
    tools::program(context, "time", "time")?;
    eprintln!("building, see {}", context.log_name());
    let program = context.kycvs()?;
    let folder = context.target("xtask-work")?.join("batch");
    fs::create_dir_all(&folder)?;
    eprintln!("making {MOST} answers");
    let files = Files::make(context, &program, &folder)?;

    let mut sizes = SIZES.map(|lines| (lines, Vec::new()));
    for round in 0..rounds {
        eprintln!("round {} of {rounds}", round + 1);
        for step in 0..sizes.len() {
            // Another one begins each time.
            let place = (round + step) % sizes.len();
            let (lines, taken) = &mut sizes[place];
            taken.push(files.verify(context, &program, *lines)?);
        }
    }
    // Hundreds of megabytes that nobody needs any more.
    fs::remove_dir_all(&folder)?;
    let [(_, one), sizes @ ..] = sizes.map(|(lines, taken)| (lines, middle(&taken)));
    let rows = rows(one, &sizes);
    print!("{}", table(one, &rows));
    Ok(beyond(&rows))
}

/// The files, and what they are verified with.
struct Files {
    folder: PathBuf,
}

impl Files {
    /// Issues the largest and cuts the others off its beginning: the same answers.
    fn make(context: &mut Context, program: &Path, folder: &Path) -> Result<Self, Stop> {
        let files = Self { folder: folder.to_path_buf() };
        fs::remove_dir_all(files.path("keys")).ok();
        let mut keygen = context.command(program);
        context.must(keygen.args(["keygen", "--issuer", ISSUER, "--out-dir"]).arg(files.path("keys")))?;
        let mut rows = BufWriter::new(File::create(files.path("people.csv"))?);
        writeln!(rows, "status")?;
        for row in 0..MOST {
            writeln!(rows, "{}", row % 3)?;
        }
        rows.into_inner().map_err(std::io::IntoInnerError::into_error)?;

        let mut issue = context.command(program);
        issue.args(["issue", "--issuer", ISSUER, "--purpose", "rail-booking", "--audience", AUDIENCE]);
        issue.args(["--now", "2026-07-01T10:00:00Z", "--key"]).arg(files.path("keys/issuer.pem"));
        issue.arg("--batch").arg(files.path("people.csv")).arg("--out").arg(files.answers(MOST));
        context.must(&mut issue)?;
        let smaller: Vec<u64> = SIZES.into_iter().filter(|size| *size < MOST).collect();
        for lines in smaller {
            let mut whole = BufReader::new(File::open(files.answers(MOST))?);
            let mut part = BufWriter::new(File::create(files.answers(lines))?);
            let mut line = Vec::new();
            for _ in 0..lines {
                line.clear();
                whole.read_until(b'\n', &mut line)?;
                part.write_all(&line)?;
            }
            part.flush()?;
        }
        Ok(files)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn answers(&self, lines: u64) -> PathBuf {
        self.path(&format!("answers-{lines}"))
    }

    /// Verifies the file of so many lines as often as a round wants; what one run took. Every answer has to be good.
    fn verify(&self, context: &mut Context, program: &Path, lines: u64) -> Result<Taken, Stop> {
        let times = times(lines);
        let mut command = context.command("time");
        // The shell, which is started again and again, is small: what starts a program counts as its memory.
        command.args(["--format", "took %U %S %M", "sh", "-c", REPEAT, "sh", &times.to_string()]);
        command.arg(program).args(["verify", "--no-nonce", "--at-least", "0", "--audience", AUDIENCE]);
        command.args(["--now", "2026-07-01T10:05:00Z"]);
        command.arg("--trust").arg(self.path("keys/trust.cbor")).arg("--batch").arg(self.answers(lines));
        let begin = Instant::now();
        let said = context.must(&mut command)?;
        let wall = begin.elapsed().as_secs_f64();
        let good = said.matches(&format!("{lines} good, 0 not good")).count() as u64;
        if good != times {
            return Err(Stop::Failed(format!("of {times} runs over {lines} lines, {good} found all good")));
        }
        let taken = Taken::of(&said, wall).ok_or_else(|| Stop::Failed("GNU time reported nothing".into()))?;
        Ok(taken.each(times))
    }
}

/// How often a file is verified in a round.
const fn times(lines: u64) -> u64 {
    if lines < FEWEST { MOST / FEWEST } else { MOST / lines }
}

/// What a run took.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Taken {
    /// Seconds.
    wall: f64,
    /// Seconds of user and system, of all cores.
    processor: f64,
    /// Kibibytes that were in memory at once.
    memory: u64,
}

impl Taken {
    /// What GNU time says at the end of `said`.
    fn of(said: &str, wall: f64) -> Option<Self> {
        let line = said.lines().rev().find_map(|line| line.strip_prefix("took "))?;
        let mut words = line.split(' ');
        let (user, system) = (words.next()?.parse::<f64>().ok()?, words.next()?.parse::<f64>().ok()?);
        Some(Self { wall, processor: user + system, memory: words.next()?.parse().ok()? })
    }

    #[expect(clippy::cast_precision_loss, reason = "they are some thousand")]
    fn each(self, times: u64) -> Self {
        Self { wall: self.wall / times as f64, processor: self.processor / times as f64, ..self }
    }
}

/// The middle one of the rounds; of the memory, the most.
fn middle(taken: &[Taken]) -> Taken {
    let median = |figure: fn(&Taken) -> f64| {
        let mut figures: Vec<f64> = taken.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Taken {
        wall: median(|taken| taken.wall),
        processor: median(|taken| taken.processor),
        memory: taken.iter().map(|taken| taken.memory).max().unwrap_or(0),
    }
}

/// A line of the table. The figures are microseconds of processor time.
#[derive(Clone, Copy)]
struct Row {
    lines: u64,
    taken: Taken,
    /// A whole run, its start and its tables too, for each of its lines.
    whole: f64,
    /// The same without what a run over one line takes, the start.
    started: f64,
    /// What this run takes over that of the next smaller file, for each line that it has more.
    further: f64,
}

/// The files, smallest first; that of one line is only what the others are compared with.
#[expect(clippy::cast_precision_loss, reason = "they are a million at most")]
fn rows(one: Taken, sizes: &[(u64, Taken)]) -> Vec<Row> {
    let smaller = std::iter::once((1, one)).chain(sizes.iter().copied());
    let row = |((fewer, before), &(lines, taken)): ((u64, Taken), &(u64, Taken))| Row {
        lines,
        taken,
        whole: taken.processor * 1e6 / lines as f64,
        started: (taken.processor - one.processor) * 1e6 / lines as f64,
        further: (taken.processor - before.processor) * 1e6 / (lines - fewer) as f64,
    };
    smaller.zip(sizes).map(row).collect()
}

fn table(one: Taken, rows: &[Row]) -> String {
    let mut text = String::from(
        "| lines | wall, s | peak, MiB | µs a line | of that at 1,000 | without the start | each further line |\n\
         |---:|---:|---:|---:|---:|---:|---:|\n",
    );
    let thousand = rows.first().map_or(f64::NAN, |row| row.whole);
    for Row { lines, taken, whole, started, further } in rows {
        let (memory, ratio) = (mebibytes(taken.memory), whole / thousand);
        let _ = writeln!(
            text,
            "| {lines} | {:.3} | {memory:.1} | {whole:.2} | {ratio:.3} | {started:.2} | {further:.2} |",
            taken.wall
        );
    }
    let start = one.processor * 1e3;
    let _ = writeln!(
        text,
        "\nMicroseconds of processor time, user and system, of all cores: of the whole run; without what a run over one line \
         takes ({start:.1} ms); and what the lines cost that the next smaller file does not have. A run's start and the tables \
         that it makes for a key are in the first, the tables in the second, neither in the last, from 10,000 lines on."
    );
    text
}

/// What a file of a million is over.
fn beyond(rows: &[Row]) -> Vec<String> {
    let of = |lines: u64| rows.iter().find(|row| row.lines == lines);
    let (Some(thousand), Some(million)) = (of(FEWEST), of(MOST)) else {
        return vec!["a thousand and a million lines were not measured".to_owned()];
    };
    let mut beyond = Vec::new();
    if million.taken.memory >= MEMORY_BOUND {
        let (took, bound) = (mebibytes(million.taken.memory), mebibytes(MEMORY_BOUND));
        beyond.push(format!("a million lines: {took:.1} MiB of memory, not under {bound:.0}"));
    }
    let ratio = million.whole / thousand.whole;
    if ratio.is_nan() || ratio > LARGEST_RATIO {
        beyond.push(format!("a line of a million: {ratio:.3} times one of a thousand, not {LARGEST_RATIO}"));
    }
    beyond
}

#[expect(clippy::cast_precision_loss, reason = "it is shown with one digit")]
fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1024.0
}

/// Runs `$2 ...` `$1` times, and stops where it fails.
const REPEAT: &str =
    r#"times=$1; shift; while [ "$times" -gt 0 ]; do "$@" > /dev/null || exit; times=$((times - 1)); done"#;
const ISSUER: &str = "in.gov.cowin";
const AUDIENCE: &str = "irctc.co.in";
const FEWEST: u64 = 1_000;
const MOST: u64 = 1_000_000;
const SIZES: [u64; 5] = [1, FEWEST, 10_000, 100_000, MOST];
/// In kibibytes.
const MEMORY_BOUND: u64 = 64 << 10;
const LARGEST_RATIO: f64 = 1.05;

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(processor: f64, memory: u64) -> Taken {
        Taken { wall: processor, processor, memory }
    }

    #[test]
    fn what_gnu_time_says_is_read() {
        let said = "1000 good, 0 not good\ntook 1.50 0.25 18432\n";
        assert_eq!(Taken::of(said, 2.0), Some(Taken { wall: 2.0, processor: 1.75, memory: 18_432 }));
        assert_eq!(Taken::of("1000 good, 0 not good\n", 2.0), None);
        assert_eq!(Taken::of("took 1.50 much 18432", 2.0), None);
    }

    #[test]
    fn each_round_has_a_million_lines() {
        assert_eq!(SIZES.map(times), [1_000, 1_000, 100, 10, 1]);
    }

    #[test]
    fn the_middle_is_shown_and_the_most_memory() {
        let three = [taken(3.0, 5), taken(1.0, 9), taken(2.0, 7)];
        assert_eq!(middle(&three), taken(2.0, 9));
    }

    #[test]
    fn a_broken_bound_is_told() {
        // 10 ms to start, 10 ms for tables, and ten microseconds a line.
        let one = taken(0.01, 9_000);
        let sizes = |of_a_million: f64, memory: u64| {
            let sizes = [
                (FEWEST, taken(0.03, 17_000)),
                (10_000, taken(0.12, 17_000)),
                (MOST, taken(of_a_million, memory)),
            ];
            rows(one, &sizes)
        };
        let good = sizes(10.02, 18_000);
        assert_eq!(beyond(&good), [""; 0]);
        let table = table(one, &good);
        for line in [
            "| 1000 | 0.030 | 16.6 | 30.00 | 1.000 | 20.00 | 20.02 |",
            "| 10000 | 0.120 | 16.6 | 12.00 | 0.400 | 11.00 | 10.00 |",
            "| 1000000 | 10.020 | 17.6 | 10.02 | 0.334 | 10.01 | 10.00 |",
        ] {
            assert!(table.contains(line), "{table}");
        }
        let slow = "a line of a million: 1.060 times one of a thousand, not 1.05";
        assert_eq!(beyond(&sizes(31.8, 18_000)), [slow]);
        assert_eq!(beyond(&sizes(10.02, 65_536)), ["a million lines: 64.0 MiB of memory, not under 64"]);
        assert_eq!(beyond(&sizes(f64::NAN, 18_000)).len(), 1);
    }
}
