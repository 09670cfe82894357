//! The commented sample file, written from the declarations of the settings.

use std::fmt::Write as _;

use super::Config;

/// A configuration file with every setting, its documentation and its default, all commented out except the domain.
pub fn sample() -> String {
    let mut out = String::from(
        "# Configuration of converse-server. Every setting stands here with its default; remove the # to change one.\n\
         # The environment overrides this file: CONVERSE_SERVER_HTTP_LISTEN is `listen` in [http], CONVERSE_SERVER_DOMAIN is `domain`.\n\
         # Check it with: converse-server check-config --config <this file>\n",
    );
    for (section, title, keys) in Config::sections() {
        out.push('\n');
        if !section.is_empty() {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "# {title}\n[{section}]\n");
        }
        for key in keys {
            for line in key.doc {
                let _ = writeln!(out, "#{line}");
            }
            let _ = match &key.default {
                Some(value) => writeln!(out, "# {} = {value}\n", key.name),
                None => writeln!(out, "# Unset by default; {}.\n# {} = {}\n", key.expects, key.name, key.example),
            };
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConfigError, Problem};

    /// The sample, with the `#` before every setting removed.
    fn uncommented() -> String {
        let is_setting = |line: &str| {
            line.strip_prefix("# ")
                .and_then(|line| line.split_once(" = "))
                .is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || c == '_'))
        };
        sample()
            .lines()
            .map(|line| if is_setting(line) { line.trim_start_matches("# ") } else { line })
            .map(|line| format!("{line}\n"))
            .collect()
    }

    #[test]
    fn sample_parses_as_it_stands() {
        let mut problems = Vec::<Problem>::new();
        Config::default().read_text("sample", &sample(), &mut problems);
        assert!(problems.is_empty(), "{}", ConfigError(problems));
    }

    #[test]
    fn sample_without_comments_sets_the_defaults_and_refuses_empty_ones() {
        let mut problems = Vec::<Problem>::new();
        let text = uncommented();
        Config::default().read_text("sample", &text, &mut problems);
        // Only the settings without a default have a placeholder, and each of these is refused where it could do harm.
        let keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "http.element_dir",
                "http.public_url",
                "http.site_dir",
                "prebind.secret",
                "prebind.secret_file",
                "tcp.certificate",
                "tcp.key",
                "tcp.listen",
                "tcp.tls_listen"
            ],
            "{text}"
        );
    }

    #[test]
    fn every_key_is_in_the_sample_with_a_comment() {
        let text = sample();
        for (section, _, keys) in Config::sections() {
            for key in keys {
                assert!(!key.doc.is_empty(), "{section}.{} has no documentation", key.name);
                assert!(text.contains(&format!("# {} = ", key.name)), "{section}.{}", key.name);
            }
        }
    }
}
