//! `cargo xtask dist`: from sources to what a page loads.
//!
//! | folder below `target/dist/` | what |
//! |---|---|
//! | `converse-chat-<version>.tgz` | the npm package, as it would be published |
//! | `package/` | the same, unpacked |
//! | `element/` | its `dist/` with `.br` and `.gz` beside each file, served at `/element/` |
//! | `site/` | the demo pages, with `.br` and `.gz` beside each file, served at `/` |
//!
//! Each stage is skipped when a digest of what it reads has not changed ([`stamp`]).

mod compress;
mod imports;
pub(crate) mod module;
mod package;
pub(crate) mod split;
mod stamp;

pub(crate) use stamp::files_below;

use crate::process::announce;
use crate::workspace::Workspace;

/// Builds whatever is not up to date.
///
/// # Errors
/// When a stage fails; later ones are not tried.
pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let built = [module::build(workspace)?, package::build(workspace)?, package::site(workspace)?];
    if built.contains(&true) {
        announce(&format!("The element and the site are in {}", workspace.dist().display()));
    } else {
        announce("The element and the site are up to date");
    }
    Ok(())
}
