//! The steps of `cargo xtask test`, in an order in which later ones reuse what earlier ones built.

use crate::process::{self, Outcome, cargo, command, watch};
use crate::test::counts::Counts;
use crate::workspace::Workspace;
use crate::{dist, prepare, size, tidy};

/// One named check.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Workspace) -> anyhow::Result<Counts>,
}

/// Every check there is; a new one is a line here.
pub(crate) const ALL: &[Step] = &[
    Step { name: "prepare", run: prepare_all },
    Step { name: "format", run: format },
    Step { name: "tidy", run: tidy_all },
    Step { name: "clippy native", run: clippy_native },
    Step { name: "clippy wasm32", run: clippy_wasm },
    Step { name: "cargo test", run: cargo_test },
    Step { name: "element", run: element },
    Step { name: "size", run: size_limits },
    Step { name: "npm checks", run: npm_checks },
    Step { name: "browser", run: browser },
];

/// For the message that a name is unknown.
pub(crate) fn names() -> String {
    let names: Vec<&str> = ALL.iter().map(|step| step.name).collect();
    names.join(", ")
}

fn prepare_all(workspace: &Workspace) -> anyhow::Result<Counts> {
    prepare::for_test(workspace)?;
    println!("everything that the checks need is there");
    Ok(Counts::success())
}

fn format(workspace: &Workspace) -> anyhow::Result<Counts> {
    run_cargo(workspace, &["fmt", "--all", "--check"]).map(|outcome| Counts::of_program(&outcome))
}

fn tidy_all(workspace: &Workspace) -> anyhow::Result<Counts> {
    let report = tidy::check(workspace)?;
    print!("{report}");
    Ok(report.counts())
}

fn clippy_native(workspace: &Workspace) -> anyhow::Result<Counts> {
    let line = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
    run_cargo(workspace, &line).map(|outcome| Counts::of_program(&outcome))
}

fn clippy_wasm(workspace: &Workspace) -> anyhow::Result<Counts> {
    let line = [
        "clippy",
        "--package",
        "converse-chat",
        "--target",
        "wasm32-unknown-unknown",
        "--locked",
        "--",
        "-D",
        "warnings",
    ];
    run_cargo(workspace, &line).map(|outcome| Counts::of_program(&outcome))
}

/// Units, vectors, oracle and simulation are all cargo's; one compile, one run.
fn cargo_test(workspace: &Workspace) -> anyhow::Result<Counts> {
    run_cargo(workspace, &["test", "--workspace", "--locked", "--no-fail-fast"])
        .map(|outcome| Counts::of_cargo_test(&outcome))
}

fn element(workspace: &Workspace) -> anyhow::Result<Counts> {
    dist::run(workspace)?;
    Ok(Counts::success())
}

fn size_limits(workspace: &Workspace) -> anyhow::Result<Counts> {
    let report = size::measure(workspace)?;
    print!("{report}");
    Ok(report.counts())
}

/// Types of the TypeScript sources, and whatever else a package checks about itself.
fn npm_checks(workspace: &Workspace) -> anyhow::Result<Counts> {
    let mut counts = Counts::default();
    for folder in ["web-component", "e2e"] {
        let outcome = watch(command("npm", &workspace.path(folder)).args(["run", "check"]))?;
        counts += Counts::of_program(&outcome);
    }
    Ok(counts)
}

fn browser(workspace: &Workspace) -> anyhow::Result<Counts> {
    // The tests start the real server: the same profile and features as `cargo test` built it with.
    process::run(command(cargo(), workspace.root()).args(["build", "--package", "converse-server", "--locked"]))?;
    let outcome = watch(
        command("npx", &workspace.path("e2e"))
            .env("CONVERSE_SERVER", workspace.target().join("debug/converse-server"))
            .env("CONVERSE_DIST", workspace.dist())
            .args(["playwright", "test", "--reporter=list"]),
    )?;
    Ok(Counts::of_playwright(&outcome))
}

fn run_cargo(workspace: &Workspace, line: &[&str]) -> anyhow::Result<Outcome> {
    watch(command(cargo(), workspace.root()).args(line))
}
