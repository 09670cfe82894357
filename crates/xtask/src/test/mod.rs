//! `cargo xtask test`: every check there is, each as a named step.
//!
//! A failing step hides none of the others. The steps are in [`steps`], the sums and the closing lines in [`summary`],
//! what other test runners say about themselves is read in [`counts`].

mod counts;
mod steps;
mod summary;

use std::process::ExitCode;
use std::time::Instant;

use clap::Args;

use crate::process::announce;
pub(crate) use crate::test::counts::Counts;
use crate::test::summary::Summary;
use crate::workspace::Workspace;

#[derive(Args)]
pub(crate) struct Options {
    /// Run only the steps whose name contains this
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
}

/// Runs the steps and prints the summary.
///
/// # Errors
/// When no step has the name asked for. A failing check is not an error but the exit code.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    let mut summary = Summary::default();
    for step in steps::ALL {
        let wanted = options.only.as_deref().is_none_or(|part| step.name.contains(part));
        if !wanted {
            continue;
        }
        announce(&format!("\n== {} ==", step.name));
        let start = Instant::now();
        let counts = (step.run)(workspace).unwrap_or_else(|error| {
            println!("error: {error:#}");
            Counts::failure()
        });
        summary.add(step.name, counts, start.elapsed());
    }
    if summary.is_empty() {
        anyhow::bail!("no step has that name; there are: {}", steps::names());
    }
    print!("{summary}");
    Ok(if summary.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
