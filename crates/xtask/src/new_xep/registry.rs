//! Where a line belongs in a file that lists its like.

/// How the place is found.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    /// Among the lines that start (after white space) with this and end so, in the order of the alphabet.
    Sorted(&'static str, &'static str),
    /// After the last line of the list that begins with a line holding this.
    EndOfList(&'static str),
}

/// The text with the line in it; `None` when there is no such place.
pub(crate) fn insert(text: &str, line: &str, place: Place) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let at = match place {
        Place::Sorted(start, end) => sorted(&lines, line, start, end)?,
        Place::EndOfList(opening) => end_of_list(&lines, opening)?,
    };
    lines.insert(at, line);
    Some(lines.join("\n") + "\n")
}

fn sorted(lines: &[&str], line: &str, start: &str, end: &str) -> Option<usize> {
    let like = |candidate: &str| candidate.trim_start().starts_with(start) && candidate.ends_with(end);
    let siblings: Vec<usize> = (0..lines.len()).filter(|&at| like(lines[at])).collect();
    let after = siblings.iter().find(|&&at| lines[at].trim_start() > line.trim_start());
    match after {
        Some(&at) => Some(at),
        None => siblings.last().map(|at| at + 1),
    }
}

/// The list ends where a line closes it at the indentation of its opening.
fn end_of_list(lines: &[&str], opening: &str) -> Option<usize> {
    let start = lines.iter().position(|line| line.contains(opening))?;
    let indentation = lines[start].len() - lines[start].trim_start().len();
    let closes = |line: &&str| {
        let bare = line.trim_start();
        line.len() - bare.len() == indentation && bare.starts_with([']', '}', ')'])
    };
    lines[start + 1..].iter().position(closes).map(|offset| start + 1 + offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declaration_goes_where_the_alphabet_says() {
        let text = "//! Payloads.\n\npub mod bind;\npub mod ping;\n";
        let place = Place::Sorted("pub mod ", ";");
        assert_eq!(
            insert(text, "pub mod mam;", place).as_deref(),
            Some("//! Payloads.\n\npub mod bind;\npub mod mam;\npub mod ping;\n")
        );
        assert_eq!(
            insert(text, "pub mod sm;", place).as_deref(),
            Some("//! Payloads.\n\npub mod bind;\npub mod ping;\npub mod sm;\n")
        );
        assert_eq!(insert("//! Nothing.\n", "pub mod sm;", place), None);
    }

    #[test]
    fn a_registry_line_goes_to_the_end_of_its_list() {
        let text = "const ALL: &[F] = &[\n    ping::new,\n];\nconst OTHER: &[F] = &[\n];\n";
        let with = insert(text, "    mam::new,", Place::EndOfList("const ALL")).unwrap();
        assert_eq!(with, "const ALL: &[F] = &[\n    ping::new,\n    mam::new,\n];\nconst OTHER: &[F] = &[\n];\n");
        assert_eq!(insert(text, "x", Place::EndOfList("const NONE")), None);
    }
}
