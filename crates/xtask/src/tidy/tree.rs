//! The texts of the working copy, as rules see them.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// Folders that hold nothing written by hand.
const NOT_OURS: &[&str] = &[".git", "target", "node_modules", "demo-data", "playwright-report", "test-results"];
const NOT_OURS_PATHS: &[&str] = &["web-component/dist", "web-component/pkg"];

/// One text file.
pub(crate) struct File {
    /// Relative to the top folder, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// The lines with their numbers from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// The lines without what follows `//`, so that comments may name what code may not.
    ///
    /// `://` stays, since it is an address in a string.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().map(|(number, line)| (number, without_comment(line)))
    }

    /// Whether the file's name ends so.
    pub(crate) fn is(&self, extension: &str) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, found)| found == extension)
    }

    /// The file's name without folders.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether the file lies below `folder` (which ends in `/`).
    pub(crate) fn below(&self, folder: &str) -> bool {
        self.path.starts_with(folder)
    }

    /// Whether the file holds tests only.
    pub(crate) fn is_test(&self) -> bool {
        let name = self.name();
        self.path.contains("/tests/")
            || self.path.starts_with("e2e/")
            || name == "tests.rs"
            || name.ends_with("_tests.rs")
            || name.ends_with(".test.ts")
    }
}

/// All text files of the working copy, in the order of their paths, and the paths of the others.
pub(crate) struct Tree {
    files: Vec<File>,
}

impl Tree {
    /// Reads the working copy.
    ///
    /// # Errors
    /// When a folder or file can't be read.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        read_folder(root, "", &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// A tree made by a test.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files =
            files.iter().map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() }).collect();
        Self { files }
    }

    /// Every text file.
    pub(crate) fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    /// Rust sources.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files().filter(|file| file.is("rs"))
    }

    /// The file at this path.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

fn read_folder(root: &Path, relative: &str, files: &mut Vec<File>) -> anyhow::Result<()> {
    let folder = root.join(relative);
    let entries = fs::read_dir(&folder).with_context(|| format!("can't read {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("can't read {}", folder.display()))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if relative.is_empty() { name.clone() } else { format!("{relative}/{name}") };
        let kind = entry.file_type().with_context(|| format!("can't look at {path}"))?;
        if kind.is_dir() {
            if !NOT_OURS.contains(&name.as_str()) && !NOT_OURS_PATHS.contains(&path.as_str()) {
                read_folder(root, &path, files)?;
            }
        } else if kind.is_file() {
            // A file that vanishes between the listing and here was not part of the working copy.
            let Ok(bytes) = fs::read(entry.path()) else {
                continue;
            };
            // Pictures and the like have no lines for a rule to look at.
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(File { path, text });
            }
        }
    }
    Ok(())
}

fn without_comment(line: &str) -> &str {
    let mut from = 0;
    while let Some(found) = line[from..].find("//") {
        let at = from + found;
        if !line[..at].ends_with(':') {
            return &line[..at];
        }
        from = at + 2;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_no_code() {
        assert_eq!(without_comment("let a = 1; // tokio"), "let a = 1; ");
        assert_eq!(without_comment("let a = \"http://x\"; // y"), "let a = \"http://x\"; ");
        assert_eq!(without_comment("//! tokio"), "");
    }

    #[test]
    fn tests_are_known_by_their_place() {
        let tree = Tree::of(&[
            ("crates/xmpp/tests/vectors.rs", ""),
            ("crates/xmpp-client/src/features/mam/tests.rs", ""),
            ("crates/xmpp/src/jid.rs", ""),
        ]);
        let tests: Vec<bool> = tree.files().map(File::is_test).collect();
        assert_eq!(tests, [true, true, false]);
    }
}
