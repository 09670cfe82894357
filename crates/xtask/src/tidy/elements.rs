//! Text from the network is drawn as text, and the page's policy forbids inline styles (invariant 7 of the design).

use super::{Finding, Tree, tree::File};

const FORBIDDEN: &[(&str, &str)] = &[
    ("innerHTML", "markup from a string"),
    ("outerHTML", "markup from a string"),
    ("insertAdjacentHTML", "markup from a string"),
    ("set_inner_html", "markup from a string"),
    ("set_outer_html", "markup from a string"),
    ("from_html_unchecked", "markup from a string"),
    ("document.write", "markup from a string"),
    ("style=", "an inline style: the strict policy refuses it; use a class, or CSSOM for what is computed"),
    ("setAttribute(\"style\"", "an inline style"),
    ("set_attribute(\"style\"", "an inline style"),
];

pub(crate) fn check(tree: &Tree, findings: &mut Vec<Finding>) {
    let ours = |file: &&File| {
        let place = file.below("crates/chat-ui/") || file.below("web-component/") || file.below("demo-site/");
        let kind = ["rs", "ts", "js", "mjs", "html"].iter().any(|kind| file.is(kind));
        place && kind && !file.is_test()
    };
    for file in tree.files().filter(ours) {
        for (number, line) in file.code() {
            if let Some((word, reason)) = FORBIDDEN.iter().find(|(word, _)| line.contains(word)) {
                findings.push(Finding::at(&file.path, number, format!("`{word}`: {reason}")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::findings;

    #[test]
    fn markup_and_inline_styles_are_found() {
        let files = [
            ("crates/chat-ui/src/app.rs", "html! { <div style=\"x\"/> }\nlet a = Html::from_html_unchecked(b);\n"),
            ("web-component/ts/loader.ts", "root.innerHTML = text; // no\n// innerHTML is forbidden\n"),
            ("demo-site/public/index.html", "<p style=\"color: red\">\n"),
            ("server/src/http.rs", "let a = \"<p style='x'>\";\n"),
        ];
        assert_eq!(findings(check, &files).len(), 4);
    }
}
