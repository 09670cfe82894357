//! Whether a stage has anything to do: a digest of what it reads, kept in a file from the last time.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// A digest of files, in a fixed order. Not cryptographic: it guards against forgetting, not against forgery.
pub(crate) struct Digest {
    hasher: DefaultHasher,
}

impl Digest {
    /// Starts with the words that say how the stage works, such as the flags it passes on.
    pub(crate) fn new(how: &[&str]) -> Self {
        let mut hasher = DefaultHasher::new();
        how.hash(&mut hasher);
        Self { hasher }
    }

    /// Adds a file, or all files below a folder but for what tools put there. What is absent counts as absent.
    ///
    /// # Errors
    /// When something can't be read.
    pub(crate) fn add(&mut self, path: &Path) -> anyhow::Result<()> {
        for file in files_below(path)? {
            let bytes = fs::read(&file).with_context(|| format!("can't read {}", file.display()))?;
            file.hash(&mut self.hasher);
            bytes.hash(&mut self.hasher);
        }
        Ok(())
    }

    /// The digest as text.
    pub(crate) fn finish(&self) -> String {
        format!("{:016x}", self.hasher.finish())
    }
}

/// The digest of the last time, beside what the stage wrote.
pub(crate) struct Stamp {
    file: PathBuf,
}

impl Stamp {
    pub(crate) fn new(folder: &Path, stage: &str) -> Self {
        Self { file: folder.join(format!(".{stage}.stamp")) }
    }

    /// Whether the stage ran to its end with this digest and what it wrote is still there.
    pub(crate) fn is(&self, digest: &str, outputs: &[&Path]) -> bool {
        let same = fs::read_to_string(&self.file).is_ok_and(|last| last == digest);
        same && outputs.iter().all(|output| output.exists())
    }

    /// Forgets the last time, before the stage starts.
    pub(crate) fn clear(&self) {
        // Absent already is as good.
        let _ = fs::remove_file(&self.file);
    }

    /// Remembers this time.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(crate) fn set(&self, digest: &str) -> anyhow::Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
        }
        fs::write(&self.file, digest).with_context(|| format!("can't write {}", self.file.display()))
    }
}

/// All files below a folder in the order of their paths; the file itself when it is one; nothing when it is absent.
///
/// # Errors
/// When a folder can't be read.
pub(crate) fn files_below(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    collect(path, &mut files)?;
    files.sort();
    Ok(files)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if path.is_file() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    if !path.is_dir() {
        return Ok(());
    }
    let entries = fs::read_dir(path).with_context(|| format!("can't read {}", path.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("can't read {}", path.display()))?;
        if entry.file_name() != "node_modules" {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(path: &Path) -> String {
        let mut digest = Digest::new(&["test"]);
        digest.add(path).expect("the folder can be read");
        digest.finish()
    }

    #[test]
    fn a_change_is_seen_and_a_finished_stage_is_remembered() {
        let folder = std::env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        let inputs = folder.join("in");
        fs::create_dir_all(&inputs).expect("the temporary folder can be written");
        fs::write(inputs.join("a.txt"), "one").expect("as above");
        let first = digest(&inputs);
        let stamp = Stamp::new(&folder, "stage");
        assert!(!stamp.is(&first, &[]));
        stamp.set(&first).expect("as above");
        assert!(stamp.is(&first, &[&inputs]));
        assert!(!stamp.is(&first, &[&folder.join("gone")]));
        fs::write(inputs.join("a.txt"), "two").expect("as above");
        assert!(!stamp.is(&digest(&inputs), &[]));
        fs::remove_dir_all(&folder).expect("as above");
    }
}
