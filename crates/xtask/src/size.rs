//! `cargo xtask size`: what a page loads, in bytes, until the sign-in form, until signed in, until a chat is open.
//!
//! The lists of files are kept by the browser tests: they write down what a real page asked for (`e2e/loads.txt`) and fail
//! when that differs from what is committed. Here the files are weighed: raw, as the `.gz` and as the `.br` beside them.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};

use crate::test::Counts;
use crate::workspace::Workspace;

/// The moments of a page's life and the most brotli bytes it may have loaded by then, where there is a limit: half of what the
/// leading client loads. What comes after the last moment, when the browser is idle, is not waited for and not counted.
const MOMENTS: &[(&str, Option<u64>)] =
    &[("sign-in form", Some(180_000)), ("signed in", None), ("chat open", Some(225_000))];

/// What the page has loaded by each moment.
pub(crate) struct Report {
    rows: Vec<Row>,
}

struct Row {
    moment: &'static str,
    limit: Option<u64>,
    weight: Weight,
}

#[derive(Clone, Copy, Default)]
struct Weight {
    raw: u64,
    gzip: u64,
    brotli: u64,
}

impl Report {
    /// Each limit is one check.
    pub(crate) fn counts(&self) -> Counts {
        let limited = self.rows.iter().filter(|row| row.limit.is_some()).count() as u64;
        let failed = self.rows.iter().filter(|row| row.is_over()).count() as u64;
        Counts { passed: limited - failed, failed }
    }
}

impl Row {
    fn is_over(&self) -> bool {
        self.limit.is_some_and(|limit| self.weight.brotli > limit)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:14}{:>10}{:>10}{:>10}{:>10}", "until", "raw", "gzip -9", "brotli-11", "limit")?;
        for row in &self.rows {
            let Weight { raw, gzip, brotli } = row.weight;
            write!(f, "{:14}{raw:>10}{gzip:>10}{brotli:>10}", row.moment)?;
            match row.limit {
                Some(limit) => write!(f, "{limit:>10}")?,
                None => write!(f, "{:>10}", "-")?,
            }
            writeln!(f, "{}", if row.is_over() { "  TOO MUCH" } else { "" })?;
        }
        Ok(())
    }
}

/// Weighs what `dist` made.
///
/// # Errors
/// When the list of files is missing or names one that is not there.
pub(crate) fn measure(workspace: &Workspace) -> anyhow::Result<Report> {
    let list = workspace.path("e2e/loads.txt");
    let text = fs::read_to_string(&list).with_context(|| format!("can't read {}", list.display()))?;
    let element = workspace.dist().join("element");
    let mut loaded = Weight::default();
    let mut rows = Vec::new();
    for (moment, limit) in MOMENTS {
        for file in files_at(&text, moment) {
            let weight = weigh(&element, file)?;
            loaded.raw += weight.raw;
            loaded.gzip += weight.gzip;
            loaded.brotli += weight.brotli;
        }
        rows.push(Row { moment, limit: *limit, weight: loaded });
    }
    if loaded.raw == 0 {
        bail!("{} names no files", list.display());
    }
    Ok(Report { rows })
}

/// The command: prints the table.
///
/// # Errors
/// As [`measure`].
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    let report = measure(workspace)?;
    print!("{report}");
    Ok(if report.counts().failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Lines like `sign-in form: define.js`.
fn files_at<'a>(list: &'a str, moment: &'a str) -> impl Iterator<Item = &'a str> {
    list.lines()
        .filter_map(|line| line.split_once(": "))
        .filter(move |(when, _)| *when == moment)
        .map(|(_, file)| file.trim())
}

fn weigh(folder: &Path, pattern: &str) -> anyhow::Result<Weight> {
    let name = resolve(folder, pattern)?;
    let bytes = |suffix: &str| -> anyhow::Result<u64> {
        let path = folder.join(format!("{name}{suffix}"));
        let meta = fs::metadata(&path).with_context(|| format!("can't weigh {}", path.display()))?;
        Ok(meta.len())
    };
    Ok(Weight { raw: bytes("")?, gzip: bytes(".gz")?, brotli: bytes(".br")? })
}

/// A name with `*` in place of a content hash names the one file that fits.
fn resolve(folder: &Path, pattern: &str) -> anyhow::Result<String> {
    let Some((before, after)) = pattern.split_once('*') else {
        return Ok(pattern.to_owned());
    };
    let (parent, before) = before.rsplit_once('/').unwrap_or(("", before));
    let place = folder.join(parent);
    let entries = fs::read_dir(&place).with_context(|| format!("can't read {}", place.display()))?;
    let fits: Vec<String> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(before) && name.ends_with(after))
        .collect();
    match fits.as_slice() {
        [name] if parent.is_empty() => Ok(name.clone()),
        [name] => Ok(format!("{parent}/{name}")),
        _ => bail!("{} files in {} fit {pattern}, one should", fits.len(), place.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(brotli: u64, limit: Option<u64>) -> Row {
        Row { moment: "sign-in form", limit, weight: Weight { raw: brotli * 3, gzip: brotli + 1, brotli } }
    }

    #[test]
    fn above_the_limit_fails() {
        let report = Report { rows: vec![row(100, Some(100)), row(500, None), row(101, Some(100))] };
        assert_eq!(report.counts(), Counts { passed: 1, failed: 1 });
        assert_eq!(report.to_string().matches("TOO MUCH").count(), 1);
    }

    #[test]
    fn the_list_is_read_by_moment() {
        let list = "# what a page asks for\nsign-in form: define.js\nsign-in form: converse_chat_bg-*.wasm\nchat open: emoji.js\n";
        let files: Vec<&str> = files_at(list, "sign-in form").collect();
        assert_eq!(files, ["define.js", "converse_chat_bg-*.wasm"]);
        assert_eq!(files_at(list, "signed in").count(), 0);
    }
}
