//! Finds links in plain text. Only schemes that open a page, a mail or a chat; never one that runs script.

use std::ops::Range;

/// The schemes that become links, lower case.
const SCHEMES: [&str; 4] = ["https://", "http://", "xmpp:", "mailto:"];

/// The byte ranges of the links in `text`, in order, not overlapping.
#[must_use]
pub fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(colon) = text[from..].find(':').map(|at| from + at) {
        from = match link_around(text, colon, found.last().map_or(0, |last: &Range<usize>| last.end)) {
            Some(link) => {
                let end = link.end;
                found.push(link);
                end
            }
            None => colon + 1,
        };
    }
    found
}

/// The link whose scheme ends at this colon, if it is one.
fn link_around(text: &str, colon: usize, not_before: usize) -> Option<Range<usize>> {
    let scheme = SCHEMES.iter().find(|scheme| {
        let name = scheme.find(':').unwrap_or(0);
        let Some(start) = colon.checked_sub(name) else { return false };
        text.get(start..start + scheme.len()).is_some_and(|here| here.eq_ignore_ascii_case(scheme))
    })?;
    let start = colon - scheme.find(':')?;
    if start < not_before || text[..start].chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric()) {
        return None;
    }
    let body = start + scheme.len();
    let mut end = body + text[body..].find(ends_link).unwrap_or(text.len() - body);
    end = body + trimmed(&text[body..end]).len();
    text[body..end].chars().any(|c| c.is_ascii_alphanumeric() || !c.is_ascii()).then_some(start..end)
}

/// White space, controls, quotes and angle brackets never belong to a link in running text; neither do the characters
/// that turn the direction of text around and so make a link look like another one.
fn ends_link(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '<' | '>' | '"' | '`' | '“' | '”' | '«' | '»' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Takes away the punctuation of the sentence around, and a closing bracket that was not opened inside.
fn trimmed(mut link: &str) -> &str {
    while let Some(last) = link.chars().next_back() {
        let strip = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '~' | '…' | '’' | '。' | '、' | '，' | '！'
            | '？' | '）' | '」' => true,
            ')' => closes_more(link, '(', ')'),
            ']' => closes_more(link, '[', ']'),
            '}' => closes_more(link, '{', '}'),
            _ => false,
        };
        if !strip {
            break;
        }
        link = &link[..link.len() - last.len_utf8()];
    }
    link
}

fn closes_more(link: &str, open: char, close: char) -> bool {
    link.matches(close).count() > link.matches(open).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(text: &str) -> Vec<&str> {
        find(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn links_end_where_the_sentence_goes_on() {
        assert_eq!(links("see https://example.com/a, please."), ["https://example.com/a"]);
        assert_eq!(links("Really? http://example.com?!"), ["http://example.com"]);
        assert_eq!(links("\"https://example.com/q\""), ["https://example.com/q"]);
        assert_eq!(links("<https://example.com>"), ["https://example.com"]);
        assert_eq!(links("https://a.example https://b.example/x_y"), ["https://a.example", "https://b.example/x_y"]);
    }

    #[test]
    fn brackets_that_open_inside_stay() {
        assert_eq!(
            links("(https://en.wikipedia.org/wiki/Rust_(fungus))"),
            ["https://en.wikipedia.org/wiki/Rust_(fungus)"]
        );
        assert_eq!(links("(siehe https://example.com/)."), ["https://example.com/"]);
        assert_eq!(links("[https://example.com]"), ["https://example.com"]);
    }

    #[test]
    fn other_schemes_that_are_safe() {
        assert_eq!(
            links("write to mailto:a@example.com or xmpp:b@example.com?message"),
            ["mailto:a@example.com", "xmpp:b@example.com?message"]
        );
        assert_eq!(links("HTTPS://EXAMPLE.COM"), ["HTTPS://EXAMPLE.COM"]);
    }

    #[test]
    fn script_is_never_a_link() {
        for text in [
            "javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "java\nscript:alert(1)",
            "file:///etc/passwd",
            "JaVaScRiPt://%0aalert(1)",
        ] {
            assert_eq!(links(text), Vec::<&str>::new(), "{text}");
        }
        // The part after `javascript:` may well be a link of its own, and is then only that.
        assert_eq!(links("javascript:https://example.com"), ["https://example.com"]);
    }

    #[test]
    fn words_that_only_look_like_schemes() {
        assert_eq!(links("https://"), Vec::<&str>::new());
        assert_eq!(links("http: //x, 12:30, xhttps://example.com, mailto:..."), Vec::<&str>::new());
        assert_eq!(links("::::"), Vec::<&str>::new());
    }

    #[test]
    fn text_around_may_be_any_unicode() {
        assert_eq!(links("日本https://例え.jp/パス。"), ["https://例え.jp/パス"]);
        assert_eq!(links("👋 https://例え.jp/パス 👋"), ["https://例え.jp/パス"]);
        assert_eq!(links("https://example.com/\u{202e}gpj.exe"), ["https://example.com/"]);
    }

    proptest::proptest! {
        #[test]
        fn ranges_are_in_order_and_start_with_a_scheme(text in "[a-z:/.()<> éhtps]{0,80}") {
            let mut end = 0;
            for range in find(&text) {
                assert!(range.start >= end && range.end > range.start);
                end = range.end;
                assert!(SCHEMES.iter().any(|scheme| text[range.clone()].starts_with(scheme)));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            assert!(find(&text).len() <= text.len());
        }
    }
}
