//! What a name looks like: initials and a consistent colour (after XEP-0392, with a palette instead of an angle).

use xmpp::jid::BareJid;

/// How many hues the stylesheet knows, as classes `h0` … `h15`.
pub const HUES: u32 = 16;

/// One or two letters for an avatar without an image; `?` when the name has none.
#[must_use]
pub fn initials(name: &str) -> String {
    let mut words = name
        .split(|c: char| c.is_whitespace() || matches!(c, '.' | '_' | '-' | '@'))
        .filter_map(|word| word.chars().find(|c| is_letter(*c)));
    let (first, last) = (words.next(), words.next_back());
    let Some(first) = first else { return String::from("?") };
    // A single emoji-like or wide letter fills the circle alone; two Latin, Greek or Cyrillic letters fit.
    let last = last.filter(|_| (first as u32) < 0x530);
    // ASCII only: the Unicode tables would cost more than they give. The stylesheet's `text-transform` does the rest.
    [Some(first), last].into_iter().flatten().map(|c| c.to_ascii_uppercase()).collect()
}

/// Letters and digits, near enough: what is no punctuation, space or picture. Exact tables would cost more than they give.
fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || (c >= '\u{c0}'
            && !matches!(c, '×' | '÷' | '\u{2000}'..='\u{2bff}' | '\u{3000}'..='\u{303f}' | '\u{d7ff}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff0f}' | '\u{1f000}'..))
}

/// The same hue for the same address, everywhere and always (FNV-1a, folded to the palette).
#[must_use]
pub fn hue(address: &str) -> u32 {
    let hash = address.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash ^ (hash >> 16)) % HUES
}

/// The key of an address in a virtual list (FNV-1a, 64 bits). Two addresses with one key would share a measured height, no more.
#[must_use]
pub fn key(address: &str) -> u64 {
    address.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Whether an address fits what was typed, lower case. Its domain counts only for who types an address: on most sites all
/// have the same.
#[must_use]
pub fn address_fits(typed: &str, jid: &BareJid) -> bool {
    let address = if typed.contains('@') { jid.as_str() } else { jid.local().unwrap_or(jid.as_str()) };
    address.contains(typed)
}

/// The class of a hue, without allocating.
#[must_use]
pub fn hue_class(address: &str) -> &'static str {
    const CLASSES: [&str; HUES as usize] =
        ["h0", "h1", "h2", "h3", "h4", "h5", "h6", "h7", "h8", "h9", "h10", "h11", "h12", "h13", "h14", "h15"];
    CLASSES[hue(address) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_the_first_and_last_word() {
        assert_eq!(initials("Juliet Capulet"), "JC");
        assert_eq!(initials("Anna Maria von Berg"), "AB");
        assert_eq!(initials("romeo"), "R");
        assert_eq!(initials("mercutio.verona"), "MV");
        assert_eq!(initials("  "), "?");
        assert_eq!(initials("👋 Zoë"), "Z");
        assert_eq!(initials("山田 太郎"), "山");
        assert_eq!(initials("<script>"), "S");
    }

    #[test]
    fn a_domain_that_all_share_finds_nobody() {
        let fits = |typed, address| address_fits(typed, &BareJid::new(address).expect("an address"));
        assert!(fits("uli", "juliet@example.com"));
        assert!(!fits("exam", "juliet@example.com"));
        assert!(fits("juliet@ex", "juliet@example.com"));
        assert!(fits("@example", "juliet@example.com"));
        assert!(fits("exam", "example.com"));
    }

    #[test]
    fn hues_are_stable_and_spread() {
        assert_eq!(hue("juliet@example.com"), hue("juliet@example.com"));
        let mut seen = [0u32; HUES as usize];
        for n in 0..1_600 {
            seen[hue(&format!("user{n}@example.com")) as usize] += 1;
        }
        assert!(seen.iter().all(|count| (50..=160).contains(count)), "{seen:?}");
    }

    /// The two pairs of the stylesheet (`.avatar`), lightness and chroma of OKLCH in light and dark.
    const LIGHT: [(f64, f64); 2] = [(0.92, 0.055), (0.42, 0.12)];
    const DARK: [(f64, f64); 2] = [(0.35, 0.07), (0.88, 0.08)];

    #[test]
    fn the_stylesheet_has_these_pairs() {
        let css = include_str!("../../../web-component/styles/avatars.css");
        for (l, c) in LIGHT.into_iter().chain(DARK) {
            let written = format!("oklch({l} {c} var(--h))");
            assert!(css.contains(&written), "{written}");
        }
        for hue in 0..HUES {
            let written = format!(".h{hue}{{--h:{}}}", f64::from(hue) * 360.0 / f64::from(HUES));
            assert!(css.replace([' ', '\n', ';'], "").contains(&written), "{written}");
        }
    }

    #[test]
    fn every_hue_has_aa_contrast() {
        for hue in 0..HUES {
            let angle = f64::from(hue) * 360.0 / f64::from(HUES);
            for pair in [LIGHT, DARK] {
                let ratio = contrast(oklch(pair[0], angle), oklch(pair[1], angle));
                assert!(ratio >= 4.5, "hue {hue}: {ratio:.2}");
            }
        }
    }

    /// Linear sRGB of an OKLCH colour, clipped to the gamut (CSS Color 4 §9).
    fn oklch((l, c): (f64, f64), degrees: f64) -> [f64; 3] {
        let (a, b) = (c * degrees.to_radians().cos(), c * degrees.to_radians().sin());
        let [l, m, s] = [
            l + 0.396_337_777_4 * a + 0.215_803_757_3 * b,
            l - 0.105_561_345_8 * a - 0.063_854_172_8 * b,
            l - 0.089_484_177_5 * a - 1.291_485_548_0 * b,
        ]
        .map(|x| x * x * x);
        [
            4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
            -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
            -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
        ]
        .map(|x| x.clamp(0.0, 1.0))
    }

    /// WCAG 2.2 contrast ratio.
    fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
        let luminance = |[r, g, b]: [f64; 3]| 0.2126 * r + 0.7152 * g + 0.0722 * b;
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }
}
