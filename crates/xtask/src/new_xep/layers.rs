//! What each layer starts with.

use super::registry::Place;
use super::{Change, Xep};

/// Payload, namespace, and the place of its vectors.
pub(crate) fn wire(xep: &Xep) -> Vec<Change> {
    vec![
        new(xep, "crates/xmpp/src/xep/{{snake}}.rs", PAYLOAD),
        line(xep, "crates/xmpp/src/xep/mod.rs", "pub mod {{snake}};", Place::Sorted("pub mod ", ";")),
        Change::Line {
            path: "crates/xmpp/src/ns.rs".to_owned(),
            line: xep.fill("    /// XEP-{{number}}: {{title}}.\n    {{UPPER}} = \"{{ns}}\";"),
            known_by: xep.fill("\n    {{UPPER}} = "),
            place: Place::EndOfList("namespaces! {"),
        },
        line(
            xep,
            "crates/xmpp/tests/vectors.rs",
            "        (\"{{snake}}\", kinds![{{snake}}::{{camel}}]),",
            Place::EndOfList("    vec!["),
        ),
    ]
}

/// Behaviour.
pub(crate) fn client(xep: &Xep) -> Vec<Change> {
    let registry = "crates/xmpp-client/src/features/mod.rs";
    vec![
        new(xep, "crates/xmpp-client/src/features/{{snake}}/mod.rs", FEATURE),
        line(xep, registry, "pub mod {{snake}};", Place::Sorted("pub mod ", ";")),
        line(xep, registry, "        {{snake}}::{{camel}}::make,", Place::EndOfList("    vec![")),
    ]
}

/// Pixels and a browser test.
pub(crate) fn ui(xep: &Xep) -> Vec<Change> {
    let registry = "crates/chat-ui/src/features/mod.rs";
    vec![
        new(xep, "crates/chat-ui/src/features/{{snake}}.rs", PIXELS),
        line(xep, registry, "mod {{snake}};", Place::Sorted("mod ", ";")),
        line(xep, registry, "    &{{snake}}::FEATURE,", Place::EndOfList("const ALL")),
        new(xep, "e2e/tests/features/{{kebab}}.spec.ts", BROWSER),
    ]
}

/// The host's side.
pub(crate) fn host(xep: &Xep) -> Vec<Change> {
    let registry = "crates/xmpp-host/src/modules/mod.rs";
    vec![
        new(xep, "crates/xmpp-host/src/modules/{{snake}}/mod.rs", MODULE),
        line(xep, registry, "pub(crate) mod {{snake}};", Place::Sorted("pub(crate) mod ", ";")),
        line(xep, registry, "    ({{snake}}::NAME, || Box::new({{snake}}::{{camel}})),", Place::EndOfList("const ALL")),
    ]
}

fn new(xep: &Xep, path: &str, text: &str) -> Change {
    Change::New { path: xep.fill(path), text: xep.fill(text) }
}

fn line(xep: &Xep, path: &str, line: &str, place: Place) -> Change {
    let line = xep.fill(line);
    Change::Line { path: path.to_owned(), known_by: line.clone(), line, place }
}

const PAYLOAD: &str = r#"//! XEP-{{number}}: {{title}} (version 0.0.0).

use crate::ns;
use crate::payload;

payload! {
    /// {{title}}.
    pub struct {{camel}}("{{kebab}}", ns::{{UPPER}}) {}
}
"#;

const FEATURE: &str = r#"//! XEP-{{number}}: {{title}}.

use xmpp::ns;

use crate::feature::Feature;

/// {{title}}.
#[derive(Debug, Default)]
pub struct {{camel}};

impl {{camel}} {
    /// The constructor in the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self)
    }
}

impl Feature for {{camel}} {
    fn id(&self) -> &'static str {
        "{{kebab}}"
    }

    fn disco(&self) -> &'static [&'static str] {
        &[ns::{{UPPER}}]
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn does_what_the_specification_says() {
        panic!("say in tests what XEP-{{number}} asks of a client");
    }
}
"#;

const PIXELS: &str = r#"//! XEP-{{number}}: {{title}}.

use crate::slots::Feature;

/// The table.
pub static FEATURE: Feature = Feature::new("{{kebab}}");
"#;

const MODULE: &str = r#"//! XEP-{{number}}: {{title}}.

use xmpp::ns;

use crate::modules::{At, Module};

pub(crate) const NAME: &str = "{{kebab}}";

pub(crate) struct {{camel}};

impl Module for {{camel}} {
    fn features(&self, _: At) -> &'static [&'static str] {
        &[ns::{{UPPER}}]
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn does_what_the_specification_says() {
        panic!("say in tests what XEP-{{number}} asks of a server");
    }
}
"#;

const BROWSER: &str = r#"import { expect, test } from "../../fixtures/index.ts";

test("XEP-{{number}}: what a person sees of it", async ({ signedIn, alice }) => {
  const chat = await signedIn(alice);
  await expect(chat.element, "say here what a person sees and does").toHaveAttribute("data-not-written-yet");
});
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::new_xep::registry;
    use crate::workspace::Workspace;

    /// The registries move; the places for new lines must move with them.
    #[test]
    fn every_registry_has_a_place_for_a_new_line() {
        let workspace = Workspace::locate().unwrap();
        let xep = Xep::sample();
        for change in [wire(&xep), client(&xep), ui(&xep), host(&xep)].into_iter().flatten() {
            let Change::Line { path, line, place, .. } = change else { continue };
            let text = std::fs::read_to_string(workspace.path(&path)).unwrap();
            let with = registry::insert(&text, &line, place);
            assert!(with.is_some_and(|with| with.contains(&line)), "{path}: no place for `{line}`");
        }
    }
}
