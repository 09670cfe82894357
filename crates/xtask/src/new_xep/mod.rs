//! `cargo xtask new-xep 0444 reactions --title "Message Reactions" --ns urn:xmpp:reactions:0 [--client] [--ui] [--host]`.
//!
//! Writes what every XEP starts with, under one name in each layer, and the registry lines. What it writes compiles; the
//! tests it writes fail until the feature is there. [`layers`] holds the texts, [`registry`] knows where a line belongs.

mod layers;
mod registry;

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::workspace::Workspace;

#[derive(Args)]
pub(crate) struct Options {
    /// Four digits, such as 0444
    number: String,
    /// The short name in snake case, such as `reactions`
    name: String,
    /// The title of the XEP
    #[arg(long)]
    title: String,
    /// Its namespace
    #[arg(long, value_name = "NAMESPACE")]
    ns: String,
    /// Behaviour in the client
    #[arg(long)]
    client: bool,
    /// Pixels, and a browser test
    #[arg(long)]
    ui: bool,
    /// A module of the host
    #[arg(long)]
    host: bool,
}

/// What a template needs to know.
pub(crate) struct Xep {
    /// `0444`
    number: String,
    /// `Message Reactions`
    title: String,
    /// `urn:xmpp:reactions:0`
    ns: String,
    /// `chat_markers`: files, modules
    snake: String,
    /// `chat-markers`: ids, elements
    kebab: String,
    /// `ChatMarkers`: types
    camel: String,
    /// `CHAT_MARKERS`: constants
    upper: String,
}

/// A change of the working copy.
pub(crate) enum Change {
    /// A file that must not exist.
    New { path: String, text: String },
    /// A line among its like, unless what it is known by is there already.
    Line { path: String, line: String, known_by: String, place: registry::Place },
}

/// Writes the files and lines.
///
/// # Errors
/// When the number or name is none, a file exists, or a registry has no place for the line. Nothing is written then.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> anyhow::Result<ExitCode> {
    let xep = Xep::new(options)?;
    let mut changes = layers::wire(&xep);
    if options.client {
        changes.extend(layers::client(&xep));
    }
    if options.ui {
        changes.extend(layers::ui(&xep));
    }
    if options.host {
        changes.extend(layers::host(&xep));
    }
    // Everything is worked out before anything is written, so that a mistake leaves no half of it.
    let mut texts: Vec<(String, String)> = Vec::new();
    for change in changes {
        let (path, text) = match change {
            Change::New { path, text } => {
                if workspace.path(&path).exists() {
                    bail!("{path} exists already");
                }
                (path, text)
            }
            Change::Line { path, line, known_by, place } => {
                let pending = texts.iter().position(|(known, _)| *known == path).map(|at| texts.swap_remove(at).1);
                let text = match pending {
                    Some(text) => text,
                    None => fs::read_to_string(workspace.path(&path)).with_context(|| format!("can't read {path}"))?,
                };
                if text.contains(&known_by) {
                    (path, text)
                } else {
                    let with = registry::insert(&text, &line, place);
                    (path.clone(), with.with_context(|| format!("no place for a line in {path}"))?)
                }
            }
        };
        texts.push((path, text));
    }
    for (path, text) in texts {
        let file = workspace.path(&path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))?;
        }
        fs::write(&file, text).with_context(|| format!("can't write {path}"))?;
        println!("  {path}");
    }
    println!("Now: an example of the XEP as tests/vectors/{}/*.xml, the payload's fields, then the tests.", xep.snake);
    Ok(ExitCode::SUCCESS)
}

impl Xep {
    fn new(options: &Options) -> anyhow::Result<Self> {
        let number = options.number.trim_start_matches("XEP-").trim_start_matches("xep-");
        if number.len() != 4 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            bail!("the number of a XEP has four digits, such as 0444");
        }
        let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !options.name.starts_with(|c: char| c.is_ascii_lowercase()) || !options.name.chars().all(letters) {
            bail!("the name is in snake case, such as chat_markers");
        }
        let words: Vec<&str> = options.name.split('_').filter(|word| !word.is_empty()).collect();
        Ok(Self {
            number: number.to_owned(),
            title: options.title.clone(),
            ns: options.ns.clone(),
            snake: options.name.clone(),
            kebab: words.join("-"),
            camel: words.iter().map(|word| word[..1].to_uppercase() + &word[1..]).collect(),
            upper: options.name.to_uppercase(),
        })
    }

    /// Fills `{{snake}}` and its like into a template.
    fn fill(&self, template: &str) -> String {
        template
            .replace("{{number}}", &self.number)
            .replace("{{title}}", &self.title)
            .replace("{{ns}}", &self.ns)
            .replace("{{snake}}", &self.snake)
            .replace("{{kebab}}", &self.kebab)
            .replace("{{camel}}", &self.camel)
            .replace("{{UPPER}}", &self.upper)
    }
}

#[cfg(test)]
impl Xep {
    pub(crate) fn sample() -> Self {
        let text = |text: &str| text.to_owned();
        Self {
            number: text("0333"),
            title: text("Chat Markers"),
            ns: text("urn:xmpp:chat-markers:0"),
            snake: text("more_markers"),
            kebab: text("more-markers"),
            camel: text("MoreMarkers"),
            upper: text("MORE_MARKERS"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(number: &str, name: &str) -> Options {
        Options {
            number: number.to_owned(),
            name: name.to_owned(),
            title: "Chat Markers".to_owned(),
            ns: "urn:xmpp:chat-markers:0".to_owned(),
            client: true,
            ui: true,
            host: true,
        }
    }

    #[test]
    fn one_name_has_its_form_for_each_place() {
        let xep = Xep::new(&options("XEP-0333", "chat_markers")).unwrap();
        let text = xep.fill("{{number}} {{snake}} {{kebab}} {{camel}} {{UPPER}}");
        assert_eq!(text, "0333 chat_markers chat-markers ChatMarkers CHAT_MARKERS");
    }

    #[test]
    fn a_wrong_number_or_name_is_refused() {
        assert!(Xep::new(&options("333", "chat_markers")).is_err());
        assert!(Xep::new(&options("0333", "ChatMarkers")).is_err());
        assert!(Xep::new(&options("0333", "")).is_err());
    }
}
