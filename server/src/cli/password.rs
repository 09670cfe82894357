//! Where a password comes from: a file, the environment, a question on the terminal, or standard input. Never an argument, which every
//! user of the machine can read.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};

/// The environment variable.
const VARIABLE: &str = "CONVERSE_SERVER_PASSWORD";

/// A file with a password is not larger.
const MAX: u64 = 4096;

/// Reads a password: from `file` (`-` is standard input) if one is named, else the environment, else the terminal, else standard input.
pub(super) fn read(file: Option<&Path>) -> anyhow::Result<String> {
    let text = match file {
        Some(path) if path == Path::new("-") => first_line()?,
        Some(path) => {
            let mut text = String::new();
            std::fs::File::open(path)
                .and_then(|file| file.take(MAX).read_to_string(&mut text))
                .with_context(|| format!("{}: the password cannot be read", path.display()))?;
            text
        }
        None => match std::env::var(VARIABLE) {
            Ok(text) => text,
            Err(std::env::VarError::NotUnicode(_)) => bail!("{VARIABLE} is not Unicode text"),
            Err(std::env::VarError::NotPresent) if io::stdin().is_terminal() => ask()?,
            Err(std::env::VarError::NotPresent) => first_line()?,
        },
    };
    let password = text.lines().next().unwrap_or_default().to_owned();
    if password.is_empty() {
        bail!("the password is empty");
    }
    Ok(password)
}

/// A password nobody will guess: 120 random bits.
pub(super) fn generate() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 24];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness from the operating system: {error}"))?;
    // 32 characters that are not mistaken for each other.
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

fn first_line() -> anyhow::Result<String> {
    let mut line = String::new();
    io::stdin().lock().take(MAX).read_line(&mut line).context("the password cannot be read from standard input")?;
    Ok(line)
}

fn ask() -> anyhow::Result<String> {
    let _quiet = Quiet::start();
    let question = |text: &str| -> anyhow::Result<String> {
        let mut out = io::stderr().lock();
        write!(out, "{text}").and_then(|()| out.flush()).context("the terminal cannot be written")?;
        let line = first_line()?;
        // The reader's return key was not shown.
        writeln!(out).context("the terminal cannot be written")?;
        Ok(line)
    };
    let password = question("Password: ")?;
    if question("Again: ")? != password {
        bail!("the two passwords differ");
    }
    Ok(password)
}

/// Switches the terminal's echo off while it lives. Uses `stty`, which every Unix has, so that no unsafe code is needed.
struct Quiet(bool);

impl Quiet {
    fn start() -> Self {
        let quiet = stty("-echo");
        if !quiet {
            eprintln!("(the password will be visible)");
        }
        Self(quiet)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if self.0 {
            stty("echo");
        }
    }
}

fn stty(argument: &str) -> bool {
    std::process::Command::new("stty")
        .arg(argument)
        .stdin(std::process::Stdio::inherit())
        .status()
        .is_ok_and(|status| status.success())
}
