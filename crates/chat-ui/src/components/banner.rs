//! The line that says when the connection is not what it should be.

use xmpp::time::Mono;
use xmpp_client::api::{Command, Phase};
use yew::prelude::*;

use super::bits::button;
use crate::bridge::Topic;
use crate::hooks::{use_page, use_selector, use_tick, use_ui};
use crate::icons::{Icon, icon};
use crate::msg::Msg;
use crate::view::html;

/// Nothing while online.
#[component]
pub fn Banner() -> Html {
    let ui = use_ui();
    let session = use_selector(Topic::Session, |replica| replica.session.clone());
    let phase = session.as_ref().map(|session| &session.phase);
    let counting = matches!(phase, Some(Phase::Reconnecting { at: Some(_), offline: false }));
    use_tick(counting.then_some(1_000));
    // A session outlives a short time without a network. The person should know at once why nothing goes out.
    let network = use_page(&["online", "offline"], has_network);
    let (text, can_try) = match phase {
        Some(Phase::Connecting) => (ui.t(Msg::Connecting), false),
        Some(Phase::Reconnecting { offline: true, .. }) => (ui.t(Msg::NoNetwork), false),
        Some(Phase::Reconnecting { at: Some(at), .. }) => match seconds_until(ui.bridge.now().mono, *at) {
            0 => (ui.t(Msg::Reconnecting), false),
            seconds => (ui.locale.count(Msg::ReconnectingIn, seconds), true),
        },
        Some(Phase::Reconnecting { at: None, .. }) => (ui.t(Msg::Reconnecting), false),
        Some(Phase::Online) if !network => (ui.t(Msg::NoNetwork), false),
        _ => return Html::default(),
    };
    let retry = {
        let bridge = ui.bridge.clone();
        Callback::from(move |_| bridge.dispatch(Command::Reconnect))
    };
    html! {
        <div class="banner" part="banner" role={if counting { "none" } else { "status" }}>
            if can_try || !network { { icon(Icon::NoNetwork) } } else { <span class="spinner" aria-hidden="true"></span> }
            <span class="grow">{ text }</span>
            if can_try { { button(ui.t(Msg::TryNow), "quiet", retry) } }
        </div>
    }
}

fn has_network() -> bool {
    web_sys::window().is_none_or(|window| window.navigator().on_line())
}

/// Whole seconds, rounded up: a countdown never shows 0 while there is time left.
fn seconds_until(now: Mono, at: Mono) -> u32 {
    u32::try_from(at.0.saturating_sub(now.0).div_ceil(1_000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_down_to_zero() {
        assert_eq!(seconds_until(Mono(1_000), Mono(3_500)), 3);
        assert_eq!(seconds_until(Mono(3_499), Mono(3_500)), 1);
        assert_eq!(seconds_until(Mono(4_000), Mono(3_500)), 0);
    }
}
