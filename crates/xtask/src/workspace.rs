//! Where things are in the working copy.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The paths every command needs, all absolute.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Finds the working copy from what cargo says about this crate.
    ///
    /// # Errors
    /// When not started by cargo.
    pub(crate) fn locate() -> anyhow::Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").context("run this as `cargo xtask <command>`")?;
        let root = Path::new(&manifest)
            .ancestors()
            .nth(2)
            .context("the xtask crate is not two folders below the workspace")?
            .to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(folder) => root.join(folder),
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// The top folder of the working copy.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the top folder.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Cargo's folder for what it builds.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Where `dist` puts the packed tarball and the site.
    pub(crate) fn dist(&self) -> PathBuf {
        self.target.join("dist")
    }

    /// The files that the server serves: demo pages, and the unpacked tarball in `converse/`.
    pub(crate) fn site(&self) -> PathBuf {
        self.dist().join("site")
    }
}
