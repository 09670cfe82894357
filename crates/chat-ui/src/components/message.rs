//! One message.

use std::sync::Arc;

use xmpp_client::api::{Author, Command, ConversationId, Delivery, Item, ItemKind};
use yew::prelude::*;

use super::bits::button;
use crate::hooks::{Ui, use_ui};
use crate::icons::{Icon, icon};
use crate::msg::Msg;
use crate::slots::{Mark, MessageCx};
use crate::view::{classes, html};

/// Properties of [`Message`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Where.
    pub id: ConversationId,
    /// The other side's shown name.
    pub name: String,
    /// What.
    pub item: Arc<Item>,
    /// First of its group.
    pub first: bool,
    /// Last of its group.
    pub last: bool,
    /// The keyboard is on it.
    pub active: bool,
}

/// A bubble with its time and mark; a failed one says why and what can be done.
#[component]
pub fn Message(props: &Props) -> Html {
    let ui = use_ui();
    let ItemKind::Message { author, body, delivery, .. } = &props.item.kind else { return Html::default() };
    let own = *author == Author::Own;
    let failed = match delivery {
        Some(Delivery::Failed { condition, text }) => Some((condition, text.as_deref())),
        _ => None,
    };
    let cx = MessageCx { ui: &ui, conversation: &props.id, item: &props.item, author, body };
    let drawn = ui.slots.iter().filter_map(|feature| feature.message_body).find_map(|draw| draw(&cx));
    let drawn = drawn.unwrap_or_else(|| Html::from(&**body));
    let class = classes!(
        "msg",
        own.then_some("own"),
        props.first.then_some("first"),
        props.last.then_some("last"),
        failed.is_some().then_some("failed"),
    );
    let who = if own { ui.t(Msg::You) } else { ui.locale.with(Msg::Says, &props.name) };
    html! {
        <div {class} part="message" data-focus="" tabindex={if props.active { "0" } else { "-1" }}>
            <div class={if is_big(body) { "bubble big" } else { "bubble" }} part="bubble">
                <span class="sr">{ who }{ " " }</span>
                <span class="body" dir="auto">{ drawn }</span>
                <span class="meta" part="message-meta">
                    <time>{ ui.locale.intl().time(props.item.at) }</time>
                    { for delivery.as_ref().map(|delivery| mark(&ui, delivery)) }
                </span>
            </div>
            { actions(&cx, props.active) }
            { for failed.map(|(condition, why)| trouble(&ui, &props.id, &props.item, condition, why)) }
        </div>
    }
}

fn mark(ui: &Ui, delivery: &Delivery) -> Html {
    let by_feature = ui.slots.iter().filter_map(|feature| feature.delivery_mark).find_map(|mark| mark(delivery));
    let mark = by_feature.unwrap_or(match delivery {
        Delivery::Pending => Mark { icon: Icon::Clock, label: Msg::Pending, strong: false },
        Delivery::Failed { .. } => Mark { icon: Icon::Warning, label: Msg::Failed, strong: true },
        // What no feature has a mark for is at least with the server.
        _ => Mark { icon: Icon::Tick, label: Msg::Sent, strong: false },
    });
    let label = ui.t(mark.label);
    html! { <span class={if mark.strong { "mark strong" } else { "mark" }} title={&label}>{ icon(mark.icon) }<span class="sr">{ label }</span></span> }
}

/// Shown while the pointer or the keyboard is on the message.
fn actions(cx: &MessageCx<'_>, active: bool) -> Html {
    let actions = cx.ui.slots.iter().filter_map(|feature| feature.message_action).filter_map(|action| action(cx));
    html! {
        <div class="tools">
            { for actions.map(|action| {
                let label = cx.ui.t(action.label);
                html! {
                    <button type="button" class="icon small" part="button" tabindex={if active { "0" } else { "-1" }} aria-label={&label} title={label}
                        onclick={action.run.reform(|_: MouseEvent| ())}>{ icon(action.icon) }</button>
                }
            }) }
        </div>
    }
}

fn trouble(ui: &Ui, conversation: &ConversationId, item: &Item, condition: &str, why: Option<&str>) -> Html {
    let ask = |command: Command| {
        let bridge = ui.bridge.clone();
        Callback::from(move |_| bridge.dispatch(command.clone()))
    };
    let (conversation, item) = (conversation.clone(), item.id);
    html! {
        <div class="trouble" role="alert">
            <span title={condition.to_owned()}>{ reason(ui, condition, why) }</span>
            { button(ui.t(Msg::Retry), "quiet small", ask(Command::Retry { conversation: conversation.clone(), item })) }
            { button(ui.t(Msg::Discard), "quiet small danger", ask(Command::Discard { conversation, item })) }
        </div>
    }
}

/// What people can do something with comes in our words (RFC 6120 §8.3.3), anything else in the server's.
fn reason(ui: &Ui, condition: &str, why: Option<&str>) -> AttrValue {
    match (condition, why) {
        ("item-not-found" | "service-unavailable" | "gone", _) => ui.t(Msg::FailedAddress),
        ("remote-server-not-found" | "remote-server-timeout", _) => ui.t(Msg::FailedServer),
        ("forbidden" | "not-allowed" | "not-acceptable" | "not-authorized", _) => ui.t(Msg::FailedRefused),
        (_, Some(why)) => ui.locale.with(Msg::FailedWhy, why),
        _ => ui.t(Msg::Failed),
    }
}

/// One to three emoji alone are drawn large.
fn is_big(body: &str) -> bool {
    let body = body.trim();
    let mut shapes = 0;
    for c in body.chars() {
        match c {
            // Joiners, variation selectors and skin tones belong to the shape before them.
            '\u{200d}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}' => {}
            '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' => shapes += 1,
            _ => return false,
        }
    }
    (1..=4).contains(&shapes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_emoji_are_big() {
        for big in ["👍", "❤️", "👩🏽‍🚀", "🎉🎉🎉"] {
            assert!(is_big(big), "{big}");
        }
        for small in ["ok 👍", "", "a", "12", "🎉🎉🎉🎉🎉", "日本"] {
            assert!(!is_big(small), "{small}");
        }
    }
}
