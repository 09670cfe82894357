//! Views name the macros and hooks that are compiled once: without the import, Yew's own are taken, which cost far more code.

use super::{Finding, Tree, tree::File};

/// What is called, and the module of `chat-ui` that has it.
const OURS: &[(&str, &str)] = &[
    ("html!", "view"),
    ("classes!", "view"),
    ("use_effect_with(", "kept"),
    ("use_memo(", "kept"),
    ("use_mut_ref(", "kept"),
    ("use_state(", "kept"),
    ("use_state_eq(", "kept"),
];

pub(crate) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    let views = |file: &&File| {
        file.below("crates/chat-ui/src/")
            && !file.below("crates/chat-ui/src/view/")
            && file.name() != "kept.rs"
            && file.is("rs")
    };
    for file in tree.files().filter(views) {
        for (call, module) in OURS {
            let name = call.trim_end_matches(['!', '(']);
            let from = format!("use crate::{module}::");
            let imported = file.code().any(|(_, line)| line.starts_with(&from) && line.contains(name));
            let calls = |line: &str| {
                let before = |at: usize| line[..at].chars().next_back();
                line.match_indices(call)
                    .any(|(at, _)| !before(at).is_some_and(|c| c.is_alphanumeric() || "_:".contains(c)))
            };
            if let Some((number, _)) = file.code().find(|(_, line)| !imported && calls(line)) {
                findings.push(Finding::at(
                    &file.path,
                    number,
                    format!("`{call}` without `{from}{name}`: Yew's is bigger"),
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::findings;

    #[test]
    fn the_big_ones_are_found() {
        let files = [
            ("crates/chat-ui/src/a.rs", "use yew::prelude::*;\nlet a = use_state(|| 1);\nhtml! { <p></p> }\n"),
            ("crates/chat-ui/src/b.rs", "use crate::view::{classes, html};\nhtml! { <p class={classes!(a)}></p> }\n"),
            ("crates/chat-ui/src/c.rs", "yew::html! { <A /> }\n// html! { <p></p> }\n"),
            ("crates/chat-ui/src/view/tests.rs", "html! { <p></p> }\n"),
        ];
        assert_eq!(findings(check, &files).len(), 2);
    }
}
