//! Language: the strings of a locale and the browser's `Intl` behind a trait.
//!
//! English is compiled in. Another language is a list of keys and texts that the shell loads from its own file; a text that is
//! missing there is shown in English.

use std::rc::Rc;

use xmpp::time::Timestamp;
use yew::AttrValue;

use crate::msg::Msg;

/// How many, in the grammar of a language (Unicode CLDR plural rules).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plural {
    /// `zero`
    Zero,
    /// `one`
    One,
    /// `two`
    Two,
    /// `few`
    Few,
    /// `many`
    Many,
    /// `other`
    Other,
}

/// Dates, numbers and plurals of one language, by the browser's `Intl`; every answer is in the person's time zone.
pub trait Intl {
    /// Hour and minute: `14:05`.
    fn time(&self, at: Timestamp) -> String;
    /// A day, written out, with the year only if `year`: `Monday, 5 May`.
    fn day(&self, at: Timestamp, year: bool) -> String;
    /// A day, as short as it may be: `5 May`, with the year only if `year`: `05/05/2024`.
    fn short_day(&self, at: Timestamp, year: bool) -> String;
    /// The name of the day of the week, short: `Mon`.
    fn weekday(&self, at: Timestamp) -> String;
    /// `Intl.RelativeTimeFormat` in days with `numeric: 'auto'`: 0 is `today`, -1 `yesterday`.
    fn relative_day(&self, days: i32) -> String;
    /// The civil day in the person's time zone: days since 1970-01-01 there.
    fn day_number(&self, at: Timestamp) -> i32;
    /// The civil year in the person's time zone.
    fn year(&self, at: Timestamp) -> i32;
    /// Lower case, for searching and sorting; never called with ASCII alone.
    fn lower(&self, text: &str) -> String;
    /// `Intl.PluralRules`.
    fn plural(&self, count: u32) -> Plural;
    /// `Intl.NumberFormat`.
    fn number(&self, value: u32) -> String;
}

struct Inner {
    lang: AttrValue,
    rtl: bool,
    intl: Box<dyn Intl>,
    /// Texts by the discriminant of [`Msg`]; `None`: English.
    texts: Vec<Option<AttrValue>>,
}

/// One language in use; a cheap handle, equal when it is the same one.
#[derive(Clone)]
pub struct Locale(Rc<Inner>);

impl PartialEq for Locale {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Locale {
    /// `lang` is BCP 47; `translated` are key and text of the locale's file, empty for English. Unknown keys are passed over.
    #[must_use]
    pub fn new(
        lang: impl Into<AttrValue>,
        rtl: bool,
        intl: Box<dyn Intl>,
        translated: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let mut texts = vec![None; Msg::ALL.len()];
        for (key, text) in translated {
            if let Some(msg) = Msg::from_key(&key) {
                texts[msg as usize] = Some(AttrValue::from(text));
            }
        }
        Self(Rc::new(Inner { lang: lang.into(), rtl, intl, texts }))
    }

    /// BCP 47.
    #[must_use]
    pub fn lang(&self) -> AttrValue {
        self.0.lang.clone()
    }

    /// Whether text runs from right to left.
    #[must_use]
    pub fn rtl(&self) -> bool {
        self.0.rtl
    }

    /// Dates, numbers, plurals.
    #[must_use]
    pub fn intl(&self) -> &dyn Intl {
        &*self.0.intl
    }

    /// Lower case, for searching and sorting. The tables for it are the browser's: ours would cost more than they give.
    #[must_use]
    pub fn lower(&self, text: &str) -> String {
        if text.is_ascii() { text.to_ascii_lowercase() } else { self.0.intl.lower(text) }
    }

    /// The text as it stands.
    #[must_use]
    pub fn t(&self, msg: Msg) -> AttrValue {
        self.0.texts.get(msg as usize).cloned().flatten().unwrap_or(AttrValue::Static(msg.english()))
    }

    /// The text with `{name}` in place.
    #[must_use]
    pub fn with(&self, msg: Msg, name: &str) -> AttrValue {
        AttrValue::from(self.t(msg).replace("{name}", name))
    }

    /// The text for this many, with `{count}` in place. Texts with plurals are written `one=…|other=…`.
    #[must_use]
    pub fn count(&self, msg: Msg, count: u32) -> AttrValue {
        let forms = self.t(msg);
        let form = plural_form(&forms, self.0.intl.plural(count));
        AttrValue::from(form.replace("{count}", &self.0.intl.number(count)))
    }
}

/// Picks the form from `one=…|other=…`; a missing category falls back to `other`, a text without forms is itself.
fn plural_form(forms: &str, plural: Plural) -> &str {
    let wanted = match plural {
        Plural::Zero => "zero",
        Plural::One => "one",
        Plural::Two => "two",
        Plural::Few => "few",
        Plural::Many => "many",
        Plural::Other => "other",
    };
    let find = |name: &str| forms.split('|').find_map(|form| form.strip_prefix(name)?.strip_prefix('='));
    find(wanted).or_else(|| find("other")).unwrap_or(forms)
}
