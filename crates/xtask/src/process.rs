//! Running other programs: quietly for an answer, or in view of the person who waits.

use std::env;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context as _, bail};

/// What a program said and whether it ended well.
pub(crate) struct Outcome {
    pub(crate) success: bool,
    /// Both of its streams, in the order of arrival, without colours.
    pub(crate) output: String,
}

/// A program to run in `folder`.
pub(crate) fn command(program: impl AsRef<Path>, folder: &Path) -> Command {
    let mut command = Command::new(program.as_ref());
    command.current_dir(folder);
    command
}

/// Runs a program with its output in view.
///
/// # Errors
/// When it can't be started or ends with a failure; the message holds the command line.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let line = describe(command);
    println!("  $ {line}");
    let status = command.status().with_context(|| format!("can't start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(())
}

/// Runs a program silently and answers what it wrote to its standard output.
///
/// # Errors
/// When it can't be started or ends with a failure; the message then holds what it complained about.
pub(crate) fn read(command: &mut Command) -> anyhow::Result<String> {
    let line = describe(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("can't start `{line}`"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("`{line}` failed ({}): {}", output.status, complaint.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a program with its output in view and keeps a copy of it.
///
/// # Errors
/// When it can't be started.
pub(crate) fn watch(command: &mut Command) -> anyhow::Result<Outcome> {
    let line = describe(command);
    println!("  $ {line}");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("can't start `{line}`"))?;
    let (sender, lines) = mpsc::channel();
    let mut readers = Vec::new();
    if let Some(stream) = child.stdout.take() {
        readers.push(forward(stream, sender.clone()));
    }
    if let Some(stream) = child.stderr.take() {
        readers.push(forward(stream, sender.clone()));
    }
    drop(sender);
    let mut output = String::new();
    for line in lines {
        println!("{line}");
        output.push_str(&without_colours(&line));
        output.push('\n');
    }
    for reader in readers {
        let _ = reader.join();
    }
    let status = child.wait().with_context(|| format!("lost track of `{line}`"))?;
    Ok(Outcome { success: status.success(), output })
}

/// Whether a program is on the `PATH` or in cargo's folder of installed programs, and where.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> =
        env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    folders.extend(cargo_bin());
    folders.push(PathBuf::from("/usr/sbin"));
    folders.into_iter().map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

/// The cargo that started us.
pub(crate) fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

fn cargo_bin() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")))?;
    Some(home.join("bin"))
}

fn forward(stream: impl Read + Send + 'static, to: mpsc::Sender<String>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut bytes = Vec::new();
        while matches!(reader.read_until(b'\n', &mut bytes), Ok(count) if count > 0) {
            let line = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
            if to.send(line).is_err() {
                break;
            }
            bytes.clear();
        }
    })
}

fn describe(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or_else(|| command.get_program());
    let mut line = name.to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

/// Drops terminal escape sequences (`ESC [ … letter`).
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character != '\u{1b}' {
            plain.push(character);
            continue;
        }
        for escaped in characters.by_ref() {
            if escaped.is_ascii_alphabetic() {
                break;
            }
        }
    }
    plain
}

/// Prints a heading and lets it appear at once, before a program that takes long.
pub(crate) fn announce(text: &str) {
    println!("{text}");
    let _ = std::io::stdout().flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_dropped() {
        assert_eq!(without_colours("\u{1b}[32m  3 passed\u{1b}[0m"), "  3 passed");
    }

    #[test]
    fn both_streams_are_kept_and_failure_is_seen() {
        let outcome = watch(command("sh", Path::new("/")).args(["-c", "echo one; echo two >&2; exit 3"]))
            .expect("a shell exists");
        assert!(!outcome.success);
        assert!(outcome.output.contains("one") && outcome.output.contains("two"));
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(&mut command("no-such-program-here", Path::new("/"))).expect_err("it does not exist");
        assert!(format!("{error:#}").contains("no-such-program-here"));
    }
}
