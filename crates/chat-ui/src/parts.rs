//! The names of every `part=` the view renders: the element's manifest lists the same ones as `@csspart`.

/// Kebab-case, sorted.
pub const PARTS: &[&str] = &[
    "avatar",
    "badge",
    "banner",
    "bubble",
    "button",
    "chat",
    "chat-header",
    "composer",
    "composer-input",
    "composer-send",
    "contact",
    "contact-list",
    "conversation",
    "conversation-list",
    "day-divider",
    "dialog",
    "empty",
    "jump-to-latest",
    "launcher",
    "message",
    "message-list",
    "message-meta",
    "notice",
    "panel",
    "profile",
    "root",
    "search",
    "sidebar",
    "sidebar-header",
    "sign-in",
    "tabs",
    "unread-divider",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    /// What stands as a `part` in a tag, or in the properties of a list.
    fn parts(source: &str) -> impl Iterator<Item = String> + '_ {
        [" part=\"", " part: \""]
            .into_iter()
            .flat_map(|start| source.split(start).skip(1))
            .filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
    }

    fn collect(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else {
                found.extend(parts(&std::fs::read_to_string(&path).unwrap()));
            }
        }
    }

    #[test]
    fn every_part_is_listed_and_every_listed_part_is_drawn() {
        let mut drawn: BTreeSet<String> = parts(include_str!("app.rs")).collect();
        for folder in ["components", "features"] {
            collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(folder), &mut drawn);
        }
        let listed: BTreeSet<String> = super::PARTS.iter().map(|part| (*part).to_owned()).collect();
        assert_eq!(drawn, listed);
        assert!(super::PARTS.is_sorted());
    }
}
