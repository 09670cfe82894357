//! Moments in words, short enough for where they stand.

use xmpp::time::Timestamp;

use crate::hooks::Ui;
use crate::locale::Intl;

/// In the conversation list: `14:05`, `yesterday`, `Mon`, `5 May`, `05/05/2024`.
#[must_use]
pub fn brief(ui: &Ui, at: Timestamp) -> String {
    brief_at(ui.locale.intl(), at, ui.bridge.now().wall)
}

/// On a divider: `Today`, `Yesterday`, `Monday, 5 May`.
#[must_use]
pub fn day(ui: &Ui, at: Timestamp) -> String {
    let (intl, now) = (ui.locale.intl(), ui.bridge.now().wall);
    match intl.day_number(now) - intl.day_number(at) {
        age @ 0..=1 => intl.relative_day(-age),
        _ => intl.day(at, intl.year(at) != intl.year(now)),
    }
}

fn brief_at(intl: &dyn Intl, at: Timestamp, now: Timestamp) -> String {
    match intl.day_number(now) - intl.day_number(at) {
        0 => intl.time(at),
        1 => intl.relative_day(-1),
        2..=6 => intl.weekday(at),
        _ => intl.short_day(at, intl.year(at) != intl.year(now)),
    }
}
