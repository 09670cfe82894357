//! The browser's `Intl` for the view: dates, numbers and plurals of a language without any tables in the module.

use chat_ui::{Intl, Plural};
use js_sys::{Array, Date, Function, Object, Reflect};
use wasm_bindgen::prelude::*;
use xmpp::time::Timestamp;

use crate::events::object;

#[wasm_bindgen]
extern "C" {
    type DateTimeFormat;
    #[wasm_bindgen(constructor, catch, js_namespace = Intl)]
    fn new(lang: &Array, options: &JsValue) -> Result<DateTimeFormat, JsValue>;
    #[wasm_bindgen(method)]
    fn format(this: &DateTimeFormat, at: &Date) -> String;

    type PluralRules;
    #[wasm_bindgen(constructor, catch, js_namespace = Intl)]
    fn new(lang: &Array) -> Result<PluralRules, JsValue>;
    #[wasm_bindgen(method)]
    fn select(this: &PluralRules, count: u32) -> String;

    type NumberFormat;
    #[wasm_bindgen(constructor, catch, js_namespace = Intl)]
    fn new(lang: &Array) -> Result<NumberFormat, JsValue>;
    #[wasm_bindgen(method)]
    fn format(this: &NumberFormat, value: u32) -> String;

    type RelativeTimeFormat;
    #[wasm_bindgen(constructor, catch, js_namespace = Intl)]
    fn new(lang: &Array, options: &JsValue) -> Result<RelativeTimeFormat, JsValue>;
    #[wasm_bindgen(method)]
    fn format(this: &RelativeTimeFormat, value: i32, unit: &str) -> String;
}

/// One language's formatters, made once: making them is what is slow.
pub(crate) struct BrowserIntl {
    time: DateTimeFormat,
    day: DateTimeFormat,
    day_of_year: DateTimeFormat,
    short: DateTimeFormat,
    short_of_year: DateTimeFormat,
    weekday: DateTimeFormat,
    relative: RelativeTimeFormat,
    plural: PluralRules,
    number: NumberFormat,
}

impl BrowserIntl {
    /// A tag that the browser does not take falls back to its own language.
    pub(crate) fn new(lang: &str) -> Self {
        let tags = Array::of1(&lang.into());
        let supported = PluralRules::new(&tags).is_ok();
        let tags = if supported { tags } else { Array::new() };
        let date = |options: &[(&str, &str)]| {
            let options: Vec<(&str, JsValue)> =
                options.iter().map(|(name, value)| (*name, JsValue::from_str(value))).collect();
            DateTimeFormat::new(&tags, &object(&options))
                .expect("the language was tried above and the options are the standard's own")
        };
        Self {
            time: date(&[("hour", "numeric"), ("minute", "2-digit")]),
            day: date(&[("weekday", "long"), ("day", "numeric"), ("month", "long"), ("year", "numeric")]),
            day_of_year: date(&[("weekday", "long"), ("day", "numeric"), ("month", "long")]),
            short: date(&[("day", "2-digit"), ("month", "2-digit"), ("year", "2-digit")]),
            short_of_year: date(&[("day", "numeric"), ("month", "short")]),
            weekday: date(&[("weekday", "short")]),
            relative: RelativeTimeFormat::new(&tags, &object(&[("numeric", "auto".into())]))
                .expect("the language was tried above and the options are the standard's own"),
            plural: PluralRules::new(&tags).expect("the language was tried above"),
            number: NumberFormat::new(&tags).expect("the language was tried above"),
        }
    }
}

impl Intl for BrowserIntl {
    fn time(&self, at: Timestamp) -> String {
        self.time.format(&date(at))
    }

    fn day(&self, at: Timestamp, year: bool) -> String {
        if year { self.day.format(&date(at)) } else { self.day_of_year.format(&date(at)) }
    }

    fn short_day(&self, at: Timestamp, year: bool) -> String {
        if year { self.short.format(&date(at)) } else { self.short_of_year.format(&date(at)) }
    }

    fn weekday(&self, at: Timestamp) -> String {
        self.weekday.format(&date(at))
    }

    fn relative_day(&self, days: i32) -> String {
        self.relative.format(days, "day")
    }

    fn day_number(&self, at: Timestamp) -> i32 {
        let local = date(at);
        let shifted = at.0 - (local.get_timezone_offset() * 60_000.0) as i64;
        i32::try_from(shifted.div_euclid(86_400_000)).unwrap_or(i32::MAX)
    }

    fn year(&self, at: Timestamp) -> i32 {
        date(at).get_full_year() as i32
    }

    fn lower(&self, text: &str) -> String {
        js_sys::JsString::from(text).to_lower_case().into()
    }

    fn plural(&self, count: u32) -> Plural {
        match self.plural.select(count).as_str() {
            "zero" => Plural::Zero,
            "one" => Plural::One,
            "two" => Plural::Two,
            "few" => Plural::Few,
            "many" => Plural::Many,
            _ => Plural::Other,
        }
    }

    fn number(&self, value: u32) -> String {
        self.number.format(value)
    }
}

/// Whether a language runs from right to left, by the browser; `false` where it does not say.
pub(crate) fn is_rtl(lang: &str) -> bool {
    direction(lang).is_some_and(|direction| direction == "rtl")
}

fn direction(lang: &str) -> Option<String> {
    let intl = Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
    let class: Function = Reflect::get(&intl, &"Locale".into()).ok()?.dyn_into().ok()?;
    let locale = Reflect::construct(&class, &Array::of1(&lang.into())).ok()?;
    let info = match Reflect::get(&locale, &"getTextInfo".into()).ok()?.dyn_into::<Function>() {
        Ok(function) => function.call0(&locale).ok()?,
        Err(_) => Reflect::get(&locale, &"textInfo".into()).ok()?,
    };
    let info: Object = info.dyn_into().ok()?;
    Reflect::get(&info, &"direction".into()).ok()?.as_string()
}

fn date(at: Timestamp) -> Date {
    Date::new(&(at.0 as f64).into())
}
